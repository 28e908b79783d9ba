"""Lane keeping: a car on a road that bends, seen from the car.

The road's curvature κ drifts towards a goal that jumps now and then; the car at speed v has offset y from the lane's
centre and heading error ψ (Euler steps of length dt, steering u ∈ [−1, 1]):

    ψ ← ψ + v·dt·(u·κ_max − κ),    y ← y + v·dt·sin ψ,    reward 1 while |y| ≤ 1 (half a lane), else 0.

Gusts of wind may push ψ, and the camera may read y, ψ and κ with noise, while the person at the wheel sees them as they
are. Off the road there is grass, and at |y| = 3 a fence: nothing ends the episode, so regret counts *steps off the road*
and a driver who knows how can come back. What is left out: tyres, speed control, other cars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces
from matplotlib.patches import Polygon

from .core import Dynamics

Y, PSI, KAPPA, GOAL, PREV, X = range(6)  # the columns of a state; three more hold what the camera reads of y, ψ, κ
SEEN = slice(6, 9)


@dataclass(frozen=True)
class Drive(Dynamics):
    """State (9,): offset y [half lanes], heading error ψ [rad], curvature κ [1/m], its goal, previous steering, distance
    driven [m], and the camera's readings of y, ψ, κ.

    Observation: the three readings, and the previous steering as a fourth number if ``show_previous``.
    Action: steering in [−1, 1], or one of ``levels`` equally spaced steering angles if ``levels`` > 0.
    ``sensor_noise``: standard deviation of the camera's error, on each reading in its own unit. ``gusts``: standard
    deviation of the wind's push on ψ in each step [rad].
    """

    horizon: int = 200
    levels: int = 0
    show_previous: bool = False
    sensor_noise: float = 0.0
    gusts: float = 0.0
    drawer = "drive"

    speed, dt, kappa_max, fence = 1.0, 0.2, 1.0, 3.0

    @property
    def observation_space(self):
        high = np.array([np.inf, np.inf, np.inf] + [1.0] * self.show_previous, np.float32)
        return spaces.Box(-high, high, dtype=np.float32)

    @property
    def action_space(self):
        return spaces.Discrete(self.levels) if self.levels else spaces.Box(-1.0, 1.0, (1,), np.float32)

    def steering(self, action) -> np.ndarray:
        """Actions (N,) or (N, 1) as steering in [−1, 1], shape (N,)."""
        action = np.asarray(action)
        if self.levels:
            return 2.0 * action / (self.levels - 1) - 1.0
        return np.clip(action.reshape(len(action)).astype(float), -1.0, 1.0)

    def action(self, u: np.ndarray) -> np.ndarray:
        """Steering (N,) as actions of this environment's action space, (N, 1), or (N,) levels."""
        if self.levels:
            return np.rint((u + 1) / 2 * (self.levels - 1)).astype(np.int64)
        return u[:, None].astype(np.float32)

    def initial(self, n, rng):
        state = np.zeros((n, 9))
        state[:, Y] = rng.uniform(-0.2, 0.2, n)
        state[:, PSI] = rng.uniform(-0.05, 0.05, n)
        state[:, GOAL] = rng.uniform(-0.6, 0.6, n)
        return self.read(state, rng)

    def placed(self, offsets: np.ndarray) -> np.ndarray:
        """States (N, 9) of cars at these offsets, straight ahead on a straight road."""
        state = np.zeros((len(offsets), 9))
        state[:, Y] = state[:, SEEN.start] = offsets
        return state

    def read(self, state, rng):
        """The camera looks: fills in the readings."""
        state[:, SEEN] = state[:, [Y, PSI, KAPPA]]
        if self.sensor_noise:
            state[:, SEEN] += self.sensor_noise * rng.standard_normal((len(state), 3))
        return state

    def step(self, state, action, rng):
        u = self.steering(action)
        new = state.copy()
        psi = state[:, PSI] + self.speed * self.dt * (u * self.kappa_max - state[:, KAPPA])
        if self.gusts:
            psi = psi + self.gusts * rng.standard_normal(len(state))
        new[:, PSI] = (psi + np.pi) % (2 * np.pi) - np.pi
        new[:, Y] = np.clip(state[:, Y] + self.speed * self.dt * np.sin(new[:, PSI]), -self.fence, self.fence)
        turn = rng.random(len(state)) < 0.04  # a new bend begins every 25 steps on average
        new[:, GOAL] = np.where(turn, rng.uniform(-0.6, 0.6, len(state)), state[:, GOAL])
        new[:, KAPPA] = state[:, KAPPA] + 0.2 * (new[:, GOAL] - state[:, KAPPA])
        new[:, PREV] = u
        new[:, X] = state[:, X] + self.speed * self.dt
        return self.read(new, rng), (np.abs(new[:, Y]) <= 1.0).astype(float), np.zeros(len(state), bool)

    def observe(self, state):
        columns = [6, 7, 8, PREV] if self.show_previous else [6, 7, 8]
        return state[:, columns].astype(np.float32)

    def expert(self, state: np.ndarray, target: float = 0.0) -> np.ndarray:
        """The scripted driver: steers with the bend, and back towards the offset ``target`` [half lanes] (0: the
        centre). It sees the true offset, heading and curvature, whatever the camera reads.

        ``state`` (N, 9) → actions of this environment's action space, (N, 1) or (N,).
        """
        towards = np.clip(-0.5 * (state[:, Y] - target), -0.6, 0.6)  # the heading it would like, [rad]
        return self.action(np.clip(state[:, KAPPA] / self.kappa_max + 1.5 * (towards - state[:, PSI]), -1.0, 1.0))

    def by_keys(self, state, held):
        """The wheel turns towards full lock, or back to the middle, by at most a quarter in a step, from where it was: (N, 1) or (N,)."""
        lock = {"left": 1.0, "right": -1.0, "straight": 0.0}[held]
        return self.action(state[:, PREV] + np.clip(lock - state[:, PREV], -0.25, 0.25))

    def draw(self, ax, state):
        y, psi, kappa = state[Y], state[PSI], state[KAPPA]
        k = kappa if abs(kappa) > 1e-6 else 1e-6
        near = 2.0 / max(abs(k), 0.01)  # no more of a bend than can be seen at once
        s = np.linspace(-min(4.0, near), min(7.0, near), 80)  # metres along the road; the car looks up the page
        middle = np.stack([-(1 - np.cos(k * s)) / k, np.sin(k * s) / k], 1)
        right = np.stack([np.cos(k * s), np.sin(k * s)], 1)
        ax.set_facecolor("#8DB580")
        ax.add_patch(Polygon(np.concatenate([middle - right, (middle + right)[::-1]]), color="#606060", lw=0))
        ax.plot(*middle.T, color="w", lw=2, dashes=(4, 4))
        body = np.array([[-0.22, -0.4], [0.22, -0.4], [0.22, 0.4], [-0.22, 0.4]])
        turn = np.array([[np.cos(psi), np.sin(psi)], [-np.sin(psi), np.cos(psi)]])
        colour = "#D55E00" if abs(y) > 1 else "#0072B2"
        ax.add_patch(Polygon(body @ turn + [-y, 0], color=colour, zorder=3))
        ax.set(xlim=(-3.5, 3.5), ylim=(-2, 5), xticks=[], yticks=[], aspect="equal")

    def describe(self, states):
        y, steer = states[1:, Y], states[1:, PREV]
        side = "" if abs(y.mean()) < 0.2 else f", {'left' if y.mean() > 0 else 'right'} of the centre"
        return (f"{len(y)} steps, {int((np.abs(y) > 1).sum())} of them off the road, on average {np.abs(y).mean():.1f} half "
                f"lanes from the centre{side}; steering {'shaky' if np.abs(np.diff(steer)).mean() > 0.2 else 'calm'}")
