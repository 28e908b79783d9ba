"""What somebody means who says "good": four readings of one number.

    reward      f(s, a) = R(s, a)                      this step was worth something
    return      f(s, a) = Q^π(s, a)                    what comes of it was worth something, as you act now
    advantage   f(s, a) = Q^π(s, a) − V^π(s)           better than what you usually do
    regret      f(s, a) = Q*(s, a) − V*(s)  ≤ 0        as good as it gets, or worse than that

The same person's "good" must be used differently under each reading: the first is to be added up over time, the others contain the
future already. (Exact advantages of a fixed π may be added up all the same: they are the reward, shaped by the potential V^π; Ng, Harada
and Russell, 1999. It is a trainer who encourages that makes cycles pay.) Sources: lecture 21 (Hanna), slide "RL from Human Feedback", for
the four readings; Knox & Stone (2009, 2012) for the return and for encouragement; MacGlashan et al. (2017), §3, for the advantage, whose
feedback depends on the learner's policy. Left out: fatigue, habits, delay (see :mod:`course_lib.preferences.tamer`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_lib.envs.tabular import TabularMDP
from course_lib.rl.value_iteration import backup, evaluate, value_iteration

READINGS = ("reward", "return", "advantage", "regret")


def meaning(mdp: TabularMDP, policy: np.ndarray, reading: str) -> np.ndarray:
    """f (S, A) of a trainer who sees a learner act by ``policy`` (S, A)."""
    if reading not in READINGS:
        raise ValueError(f"reading must be one of {READINGS}, not {reading!r}")
    if reading == "reward":
        return mdp.R.copy()
    if reading == "regret":
        V, Q = value_iteration(mdp)
        return Q - V[:, None]
    V = evaluate(mdp, policy)
    Q = backup(mdp, V)
    return Q if reading == "return" else Q - V[:, None]


@dataclass(frozen=True)
class Trainer:
    """Says a number after each step. ``noise``: standard deviation of a normal error on it. ``encouragement``: added to everything they
    mean. ``buttons``: says only good (+1) or bad (−1), by the sign. ``imagines`` (S, A): judges as if the learner went on by this policy,
    whatever it really does. (An advantage over an optimal policy is minus the regret.)"""

    mdp: TabularMDP
    reading: str = "advantage"
    noise: float = 0.0
    buttons: bool = False
    encouragement: float = 0.0
    imagines: np.ndarray | None = None

    @cached_property
    def _regret(self) -> np.ndarray:  # whatever the learner does
        return meaning(self.mdp, None, "regret")

    def says(self, policy: np.ndarray, s: np.ndarray, a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Feedback (N,) on steps (N,), (N,) of a learner whose policy is (S, A)."""
        policy = policy if self.imagines is None else self.imagines
        f = (self._regret if self.reading == "regret" else meaning(self.mdp, policy, self.reading))[s, a]
        f = f + self.encouragement + self.noise * rng.standard_normal(len(s))
        return np.where(f > 0, 1.0, -1.0) if self.buttons else f
