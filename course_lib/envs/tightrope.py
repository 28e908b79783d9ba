"""The tightrope: the smallest world in which a mistake is for ever.

A walker stays on the rope while it copies the expert (action 1). One wrong action and it falls; every step spent on
the ground costs 1. If a learner errs with probability ε in each step, independently, then after T steps

    J(π̂) − J(π*) = Σ_{t=1}^{T} [1 − (1−ε)^t] = T − (1−ε)(1 − (1−ε)^T)/ε  ≈  ε T(T+1)/2   while εT ≪ 1,

which is the T² of Ross & Bagnell (2010, Theorem 2.1) attained: the bound's example, with nothing left out but scenery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from .core import Dynamics


def tightrope_regret(epsilon, horizon):
    """Expected cost of a walker with per-step error ``epsilon`` over ``horizon`` steps (the expert's is 0).

    Broadcasts over arrays. Exact for 0 ≤ ε ≤ 1.
    """
    e, T = np.broadcast_arrays(np.asarray(epsilon, float), np.asarray(horizon, float))
    safe = np.where(e > 0, e, 1.0)
    # (1−ε)^T through log1p/expm1, so that ε = 1e-12 does not cancel to noise
    fallen_by_T = -np.expm1(T * np.log1p(-np.minimum(safe, 1 - 1e-16)))
    return np.where(e > 0, T - (1 - safe) * fallen_by_T / safe, 0.0)


@dataclass(frozen=True)
class Tightrope(Dynamics):
    """State: [steps taken, on the rope?]. Actions: 0 = step aside, 1 = straight on (the expert's)."""

    horizon: int = 50
    drawer = "tightrope"

    @property
    def observation_space(self):
        return spaces.Box(0.0, 1.0, (2,), np.float32)

    @property
    def action_space(self):
        return spaces.Discrete(2)

    @property
    def drawing(self):
        return {"horizon": self.horizon}

    def initial(self, n, rng):
        return np.stack([np.zeros(n), np.ones(n)], 1)

    def step(self, state, action, rng):
        on = state[:, 1] * (np.asarray(action) == 1)
        return np.stack([state[:, 0] + 1, on], 1), on - 1.0, np.zeros(len(state), bool)

    def observe(self, state):
        return np.stack([state[:, 0] / self.horizon, state[:, 1]], 1).astype(np.float32)

    def draw(self, ax, state):
        t, on = state
        x = t / self.horizon
        ax.plot([0, 1], [0.6, 0.6], color="0.3", lw=2)
        ax.plot([0, 1], [0.0, 0.0], color="tab:green", lw=4)
        ax.plot([x], [0.68 if on else 0.08], "o", ms=12, color="#0072B2" if on else "#D55E00")
        ax.set(xlim=(-0.05, 1.05), ylim=(-0.1, 1), xticks=[], yticks=[])


def expert(obs: np.ndarray) -> np.ndarray:
    """Straight on, always."""
    return np.ones(len(obs), np.int64)
