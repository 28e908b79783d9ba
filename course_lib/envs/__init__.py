"""The worlds the course is taught on. ``import course_lib.envs`` registers them with Gymnasium.

    gymnasium.make("course/Drive-v0")                              one car
    gymnasium.make_vec("course/Drive-v0", 64, "vector_entry_point") sixty-four at once
"""

import gymnasium as gym

from .classic import CartPole, Pendulum
from .core import BatchEnv, Dynamics, SingleEnv, picture
from .drive import Drive
from .gridworld import Grid, gridworld
from .tabular import TabularDynamics, TabularMDP
from .tightrope import Tightrope, tightrope_regret

__all__ = ["BatchEnv", "CartPole", "Drive", "Dynamics", "Grid", "Pendulum", "SingleEnv", "TabularDynamics",
           "TabularMDP", "Tightrope", "WORLDS", "gridworld", "picture", "tightrope_regret"]

WORLDS = {  # id → class and its parameters
    "course/Tightrope-v0": (Tightrope, {}),
    "course/Drive-v0": (Drive, {}),
    "course/DriveDiscrete-v0": (Drive, {"levels": 5}),
    "course/CartPole-v0": (CartPole, {}),
    "course/Pendulum-v0": (Pendulum, {}),
    "course/Grid-v0": (Grid, {}),
}


def make_single(world: str, render_mode=None, **parameters) -> SingleEnv:
    return SingleEnv(globals()[world](**parameters), render_mode)


def make_batch(world: str, num_envs=1, render_mode=None, **parameters) -> BatchEnv:
    return BatchEnv(globals()[world](**parameters), num_envs, render_mode)


for _id, (_world, _parameters) in WORLDS.items():
    if _id not in gym.registry:  # entry points are names, not functions, so that a spec can be written to JSON
        gym.register(_id, entry_point="course_lib.envs:make_single", vector_entry_point="course_lib.envs:make_batch",
                     kwargs={"world": _world.__name__, **_parameters})
