"""The worlds the course is taught on. ``import course_lib.envs`` registers them with Gymnasium.

    gymnasium.make("course/Drive-v0")                              one car
    gymnasium.make_vec("course/Drive-v0", 64, "vector_entry_point") sixty-four at once
"""

from functools import partial

import gymnasium as gym

from .classic import CartPole, Pendulum
from .core import BatchEnv, Dynamics, SingleEnv, picture
from .drive import Drive
from .gridworld import Grid, gridworld
from .tabular import TabularDynamics, TabularMDP
from .tightrope import Tightrope, tightrope_regret

__all__ = ["BatchEnv", "CartPole", "Drive", "Dynamics", "Grid", "Pendulum", "SingleEnv", "TabularDynamics",
           "TabularMDP", "Tightrope", "WORLDS", "gridworld", "picture", "tightrope_regret"]

WORLDS = {
    "course/Tightrope-v0": Tightrope,
    "course/Drive-v0": Drive,
    "course/DriveDiscrete-v0": partial(Drive, levels=5),
    "course/CartPole-v0": CartPole,
    "course/Pendulum-v0": Pendulum,
    "course/Grid-v0": Grid,
}


def _single(world, render_mode=None, **parameters):
    return SingleEnv(world(**parameters), render_mode)


def _batch(world, num_envs=1, render_mode=None, **parameters):
    return BatchEnv(world(**parameters), num_envs, render_mode)


for _id, _world in WORLDS.items():
    if _id not in gym.registry:
        gym.register(_id, entry_point=partial(_single, _world), vector_entry_point=partial(_batch, _world))
