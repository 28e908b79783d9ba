"""An environment is pure functions on arrays; two small adapters give it Gymnasium's two faces.

A :class:`Dynamics` holds no episode. It maps a batch of compact states (N, S) and actions (N, ...) to next states,
rewards and terminations, so the same ten lines serve a single ``gymnasium.Env``, a vectorised ``VectorEnv``, a
rollout of 1,000 cars at once, and the drawing of any moment from its state alone.

Time limits belong to the adapters: ``terminated`` is the world's own end, ``truncated`` is the clock's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

KEYS = ("left", "right", "straight")  # what a person who drives can hold down


@dataclass(frozen=True)
class Dynamics(ABC):
    """Base of every environment of the course. Subclasses are frozen dataclasses: parameters in, functions out."""

    horizon: int = 200  # steps after which an episode is truncated

    drawer = "none"  # the name of the drawer in envs/draw.js

    @property
    def drawing(self) -> dict:
        """What the drawer needs to know of the world besides the state."""
        return {}

    @property
    @abstractmethod
    def observation_space(self) -> gym.Space: ...

    @property
    @abstractmethod
    def action_space(self) -> gym.Space: ...

    @abstractmethod
    def initial(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """``n`` initial states, shape (n, S), float64."""

    @abstractmethod
    def step(self, state: np.ndarray, action: np.ndarray, rng: np.random.Generator):
        """One step for every row: ``(next_state (N, S), reward (N,), terminated (N,) bool)``."""

    def observe(self, state: np.ndarray) -> np.ndarray:
        """What the agent sees of each state: (N, *observation_space.shape)."""
        return state.astype(np.float32)

    @abstractmethod
    def draw(self, ax, state: np.ndarray) -> None:
        """Draw one state (S,) on a matplotlib axes."""

    def drawn(self, states: np.ndarray) -> np.ndarray:
        """What the drawer is given for states (L, S): (L, D) float32. By default the states themselves."""
        return np.ascontiguousarray(states, np.float32)

    def by_keys(self, state: np.ndarray, held: str) -> np.ndarray:
        """What a person does in states (N, S) who holds down one of ``KEYS``: actions (N, ...)."""
        raise TypeError(f"{type(self).__name__} has no by_keys(): nobody has said what the arrow keys do there")

    def describe(self, states: np.ndarray) -> str:
        """A clip (L, S) in words, for a person who cannot see it."""
        return f"{len(states) - 1} steps"


class SingleEnv(gym.Env):
    """One episode of a :class:`Dynamics` as an ordinary Gymnasium environment."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}

    def __init__(self, dynamics: Dynamics, render_mode: str | None = None):
        self.dynamics, self.render_mode = dynamics, render_mode
        self.observation_space, self.action_space = dynamics.observation_space, dynamics.action_space
        self.state: np.ndarray | None = None
        self.t = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        self.state, self.t = self.dynamics.initial(1, self.np_random), 0
        return self._observation(), {"state": self.state[0].copy()}

    def step(self, action):
        if self.state is None:
            raise gym.error.ResetNeeded("call reset() before step()")
        self.state, reward, terminated = self.dynamics.step(self.state, np.asarray(action)[None], self.np_random)
        self.t += 1
        truncated = self.t >= self.dynamics.horizon
        info = {"state": self.state[0].copy()}
        return self._observation(), float(reward[0]), bool(terminated[0]), truncated, info

    def render(self):
        return picture(self.dynamics, self.state[0]) if self.render_mode == "rgb_array" else None

    def _observation(self):
        obs = self.dynamics.observe(self.state)[0]
        return obs if isinstance(self.observation_space, gym.spaces.Box) else self.observation_space.dtype.type(obs)


class BatchEnv(VectorEnv):
    """``num_envs`` episodes of a :class:`Dynamics` at once, as a Gymnasium ``VectorEnv``.

    Autoreset is *same-step*: a finished row is reset at once, and its last observation is
    ``info["final_obs"][i]`` (needed to bootstrap a truncated episode).
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}

    def __init__(self, dynamics: Dynamics, num_envs: int = 1, render_mode: str | None = None):
        self.dynamics, self.num_envs, self.render_mode = dynamics, num_envs, render_mode
        self.single_observation_space, self.single_action_space = dynamics.observation_space, dynamics.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.state = None
        self.t = np.zeros(num_envs, int)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        self.state = self.dynamics.initial(self.num_envs, self.np_random)
        self.t[:] = 0
        return self.dynamics.observe(self.state), {"state": self.state.copy()}

    def step(self, actions):
        state, reward, terminated = self.dynamics.step(self.state, np.asarray(actions), self.np_random)
        self.t += 1
        truncated = self.t >= self.dynamics.horizon
        done = terminated | truncated
        info: dict[str, Any] = {"state": state.copy()}
        if done.any():
            info["final_obs"] = self.dynamics.observe(state)
            state = state.copy()
            state[done] = self.dynamics.initial(int(done.sum()), self.np_random)
            self.t[done] = 0
        self.state = state
        return self.dynamics.observe(state), reward, terminated, truncated, info


def picture(dynamics: Dynamics, state: np.ndarray, pixels: int = 240) -> np.ndarray:
    """An RGB image (pixels, pixels, 3) uint8 of one state, drawn by the environment's own ``draw``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=(2.4, 2.4), dpi=pixels / 2.4, layout="constrained")
    canvas = FigureCanvasAgg(fig)
    dynamics.draw(fig.add_subplot(), state)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
