"""Gridworlds: a walker, a goal, pits, and perhaps a wind, as a :class:`~course_lib.envs.tabular.TabularMDP`.

State s = row · columns + column; actions 0 up, 1 right, 2 down, 3 left. A move succeeds with probability 1 − slip; else
a uniformly random one of the four is made. Then, with probability ``wind``, the walker is pushed one cell to the right
as well. Walls hold. Goal and pits are terminal; their reward is paid on entering.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .tabular import TabularDynamics, TabularMDP

MOVES = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]])  # up, right, down, left


def gridworld(rows: int = 5, columns: int = 5, *, goals=((0, 4),), pits=(), start=(4, 0), slip: float = 0.1,
              wind: float = 0.0, step_reward: float = -0.04, gamma: float = 0.95) -> TabularMDP:
    """The MDP of a grid. ``goals`` pay +1, ``pits`` −1; cells are (row, column), row 0 on top."""
    S = rows * columns
    cells = np.stack(np.divmod(np.arange(S), columns), 1)
    index = lambda rc: np.clip(rc[..., 0], 0, rows - 1) * columns + np.clip(rc[..., 1], 0, columns - 1)
    for name, group in (("goal", goals), ("pit", pits), ("start", (start,))):
        for r, c in group:
            if not (0 <= r < rows and 0 <= c < columns):
                raise ValueError(f"{name} {(r, c)} lies outside a grid of {rows} rows and {columns} columns")
    move = np.zeros((S, 4, S))
    for a in range(4):
        landed = index(cells + MOVES[a])
        blown = index(np.stack(np.divmod(landed, columns), 1) + MOVES[1])
        np.add.at(move[:, a], (np.arange(S), landed), 1 - wind)
        np.add.at(move[:, a], (np.arange(S), blown), wind)
    P = (1 - slip) * move + slip * move.mean(1, keepdims=True)
    prize = np.zeros(S)
    prize[[r * columns + c for r, c in goals]] = 1.0
    if pits:
        prize[[r * columns + c for r, c in pits]] = -1.0
    terminal = prize != 0
    P[terminal] = np.eye(S)[terminal][:, None]
    R = step_reward + P @ prize
    R[terminal] = 0.0
    initial = np.eye(S)[start[0] * columns + start[1]]
    return TabularMDP(P, R, initial, gamma, terminal)


@dataclass(frozen=True)
class Grid(TabularDynamics):
    """A gridworld as an environment that can be drawn."""

    mdp: TabularMDP = field(default_factory=gridworld)
    columns: int = 5

    @property
    def drawing(self):
        return super().drawing | {"columns": self.columns, "rows": self.mdp.n_states // self.columns}
