"""A finite Markov decision process as three arrays, on which everything can be computed exactly.

    P[s, a, s'] transition probabilities, R[s, a] rewards, μ[s] initial distribution, γ discount.

A terminal state is one whose every action stays there for reward 0; ``terminal`` marks them so that an environment
built on the MDP can report ``terminated``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from gymnasium import spaces

from .core import Dynamics


@dataclass(frozen=True)
class TabularMDP:
    """``P`` (S, A, S), ``R`` (S, A), ``initial`` (S,), ``gamma`` in [0, 1], ``terminal`` (S,) bool.

    Raises ``ValueError`` that names the array if shapes disagree or probabilities do not sum to one.
    """

    P: np.ndarray
    R: np.ndarray
    initial: np.ndarray
    gamma: float = 0.95
    terminal: np.ndarray = field(default=None)

    def __post_init__(self):
        P, R, initial = (np.asarray(x, float) for x in (self.P, self.R, self.initial))
        if P.ndim != 3 or P.shape[0] != P.shape[2]:
            raise ValueError(f"P must have shape (S, A, S), got {P.shape}")
        S, A, _ = P.shape
        if R.shape != (S, A):
            raise ValueError(f"R must have shape (S, A) = {(S, A)}, got {R.shape}")
        if initial.shape != (S,):
            raise ValueError(f"initial must have shape (S,) = {(S,)}, got {initial.shape}")
        if (P < 0).any():
            raise ValueError(f"P has a negative entry: {P.min():.3g}")
        if not np.allclose(P.sum(-1), 1.0, atol=1e-8):
            s, a = np.unravel_index(np.abs(P.sum(-1) - 1).argmax(), (S, A))
            raise ValueError(f"P[s, a] must be a probability distribution; P[{s}, {a}] sums to {P[s, a].sum():.6g}")
        if (initial < 0).any() or not np.isclose(initial.sum(), 1.0):
            raise ValueError(f"initial must sum to 1, it sums to {initial.sum():.6g}")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must lie in [0, 1], got {self.gamma}")
        terminal = np.zeros(S, bool) if self.terminal is None else np.asarray(self.terminal, bool)
        if terminal.shape != (S,):
            raise ValueError(f"terminal must have shape (S,) = {(S,)}, got {terminal.shape}")
        if (R[terminal] != 0).any() or (P[terminal][..., terminal].sum(-1) < 1 - 1e-8).any():
            raise ValueError("a terminal state must stay terminal, and pay 0: put its prize on the step that enters it")
        for name, value in dict(P=P, R=R, initial=initial, terminal=terminal).items():
            object.__setattr__(self, name, value)

    @property
    def n_states(self) -> int:
        return self.P.shape[0]

    @property
    def n_actions(self) -> int:
        return self.P.shape[1]

    def with_reward(self, R: np.ndarray) -> TabularMDP:
        """The same world with other rewards R (S, A); what R says of terminal states is not paid."""
        return replace(self, R=np.where(self.terminal[:, None], 0.0, R))

    @staticmethod
    def random(n_states: int, n_actions: int, rng: np.random.Generator, gamma: float = 0.95) -> TabularMDP:
        """Dirichlet(1) transitions and standard normal rewards: a test subject without structure."""
        P = rng.dirichlet(np.ones(n_states), (n_states, n_actions))
        return TabularMDP(P, rng.standard_normal((n_states, n_actions)), rng.dirichlet(np.ones(n_states)), gamma)


@dataclass(frozen=True)
class TabularDynamics(Dynamics):
    """A :class:`TabularMDP` as an environment. State (1,): the index. Observation: the index."""

    mdp: TabularMDP = None
    horizon: int = 50
    drawer = "grid"

    @property
    def drawing(self):
        return {"columns": self.mdp.n_states, "rows": 1, "terminal": np.flatnonzero(self.mdp.terminal).tolist()}

    @property
    def observation_space(self):
        return spaces.Discrete(self.mdp.n_states)

    @property
    def action_space(self):
        return spaces.Discrete(self.mdp.n_actions)

    def initial(self, n, rng):
        return rng.choice(self.mdp.n_states, n, p=self.mdp.initial)[:, None].astype(float)

    def step(self, state, action, rng):
        s, a = state[:, 0].astype(int), np.asarray(action).astype(int)
        cumulative = self.mdp.P[s, a].cumsum(-1)
        new = (rng.random((len(s), 1)) * cumulative[:, -1:] >= cumulative).sum(-1)  # inverse CDF, a row each
        return new[:, None].astype(float), self.mdp.R[s, a], self.mdp.terminal[new]

    def observe(self, state):
        return state[:, 0].astype(np.int64)

    def draw(self, ax, state):
        rows, columns = self.drawing["rows"], self.drawing["columns"]
        ax.imshow(np.where(self.mdp.terminal, 0.4, 0.0).reshape(rows, columns), cmap="Greys", vmin=0, vmax=1)
        r, c = divmod(int(state[0]), columns)
        ax.plot([c], [r], "o", ms=60 / max(rows, columns), color="#0072B2")
        ax.set(xticks=np.arange(columns) - 0.5, yticks=np.arange(rows) - 0.5, xticklabels=[], yticklabels=[])
        ax.grid(True, color="0.7")
