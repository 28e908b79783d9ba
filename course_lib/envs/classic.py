"""CartPole and Pendulum with a fixed horizon, vectorised, equation for equation Gymnasium's.

A fixed horizon removes the hint that an ending gives: on CartPole-v1 every reward function that is positive teaches
balance, because staying alive collects it. Here the pole may lie on the floor, and the episode goes on.

Source: Barto, Sutton & Anderson (1983) and Gymnasium's ``cartpole.py`` and ``pendulum.py``, against which the tests
compare step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from .core import Dynamics


@dataclass(frozen=True)
class CartPole(Dynamics):
    """State (4,): cart position [m], velocity, pole angle [rad], angular velocity. Actions: 0 push left, 1 push right.

    Reward 1 for each step that *ends* inside the limits (|x| ≤ 2.4 m, |θ| ≤ 12°), else 0. With ``ends`` the episode
    terminates outside them and every step earns 1, which is CartPole-v1.
    """

    horizon: int = 500
    ends: bool = False
    drawer = "cartpole"

    @property
    def observation_space(self):
        return spaces.Box(-np.inf, np.inf, (4,), np.float32)

    @property
    def action_space(self):
        return spaces.Discrete(2)

    def initial(self, n, rng):
        return rng.uniform(-0.05, 0.05, (n, 4))

    def step(self, state, action, rng):
        x, x_dot, theta, theta_dot = state.T
        force = np.where(np.asarray(action) == 1, 10.0, -10.0)
        cos, sin = np.cos(theta), np.sin(theta)
        m, total, length = 0.1, 1.1, 0.5  # pole mass, total mass [kg]; half the pole's length [m]
        temp = (force + m * length * theta_dot**2 * sin) / total
        theta_acc = (9.8 * sin - cos * temp) / (length * (4 / 3 - m * cos**2 / total))
        x_acc = temp - m * length * theta_acc * cos / total
        tau = 0.02
        new = np.stack([x + tau * x_dot, x_dot + tau * x_acc, theta + tau * theta_dot, theta_dot + tau * theta_acc], 1)
        if not self.ends:  # a fallen cart waits at the wall instead of leaving for infinity
            new = np.clip(new, [-10, -20, -np.inf, -20], [10, 20, np.inf, 20])
        fell = (np.abs(new[:, 0]) > 2.4) | (np.abs(new[:, 2]) > 12 * 2 * np.pi / 360)
        if self.ends:
            return new, np.ones(len(new)), fell
        return new, (~fell).astype(float), np.zeros(len(new), bool)

    def draw(self, ax, state):
        x, theta = state[0], state[2]
        ax.axhline(0, color="0.4", lw=1)
        ax.plot([x - 0.4, x + 0.4], [0, 0], color="#0072B2", lw=12, solid_capstyle="butt")
        ax.plot([x, x + 1.5 * np.sin(theta)], [0.1, 0.1 + 1.5 * np.cos(theta)], color="#D55E00", lw=5)
        ax.set(xlim=(-2.6, 2.6), ylim=(-1.8, 2.2), xticks=[], yticks=[], aspect="equal")


@dataclass(frozen=True)
class Pendulum(Dynamics):
    """State (2,): angle from upright [rad], angular velocity [rad/s]. Observation [cos θ, sin θ, θ̇]; torque in [−2, 2].

    Reward −(θ² + 0.1 θ̇² + 0.001 u²), θ in [−π, π).
    """

    horizon: int = 200
    drawer = "pendulum"

    @property
    def observation_space(self):
        high = np.array([1.0, 1.0, 8.0], np.float32)
        return spaces.Box(-high, high, dtype=np.float32)

    @property
    def action_space(self):
        return spaces.Box(-2.0, 2.0, (1,), np.float32)

    def initial(self, n, rng):
        return rng.uniform([-np.pi, -1.0], [np.pi, 1.0], (n, 2))

    def step(self, state, action, rng):
        theta, theta_dot = state.T
        u = np.clip(np.asarray(action, float).reshape(len(state)), -2.0, 2.0)
        angle = (theta + np.pi) % (2 * np.pi) - np.pi
        reward = -(angle**2 + 0.1 * theta_dot**2 + 0.001 * u**2)
        theta_dot = np.clip(theta_dot + 0.05 * (15 * np.sin(theta) + 3 * u), -8, 8)  # g = 10, m = l = 1, dt = 0.05
        return np.stack([theta + 0.05 * theta_dot, theta_dot], 1), reward, np.zeros(len(state), bool)

    def observe(self, state):
        return np.stack([np.cos(state[:, 0]), np.sin(state[:, 0]), state[:, 1]], 1).astype(np.float32)

    def draw(self, ax, state):
        theta = state[0]
        ax.plot([0, np.sin(theta)], [0, np.cos(theta)], color="#D55E00", lw=10, solid_capstyle="round")
        ax.plot([0], [0], "o", color="0.2")
        ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), xticks=[], yticks=[], aspect="equal")
