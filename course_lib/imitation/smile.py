"""SMILe: replace the expert little by little by policies trained on what happens then.

    train π̂^n on {(s, π*(s)) : s visited by π^{n−1}},      π^n = π^{n−1} + α (1−α)^{n−1} (π̂^n − π*),      π^0 = π*,

so that π^n = (1−α)^n π* + α Σ_{j≤n} (1−α)^{j−1} π̂^j: a mixture whose component is drawn anew in each step. At the end the expert's
share (1−α)^N is removed and the rest normalised, and the learner is on its own.
Source: Ross & Bagnell (2010), Algorithm 4.1. Unlike DAgger it trains on each round's data alone. Left out: the search for α.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from course_lib.data import Demonstrations
from course_lib.envs import Dynamics
from course_lib.rl.networks import Policy
from course_lib.rl.rollouts import Actor, uniform

from .bc import behavior_cloning
from .dagger import RoundFailed, asked, labelled


def weights(n: int, alpha: float) -> np.ndarray:
    """Shares (n + 1,) of [π*, π̂^1, …, π̂^n] in π^n. They sum to 1."""
    j = np.arange(1, n + 1)
    return np.concatenate([[(1 - alpha) ** n], alpha * (1 - alpha) ** (j - 1)])


def without_expert(n: int, alpha: float) -> np.ndarray:
    """Shares (n,) of [π̂^1, …, π̂^n] once the expert is gone: (π^N − (1−α)^N π*) / (1 − (1−α)^N)."""
    return weights(n, alpha)[1:] / (1 - (1 - alpha) ** n)


def mixture(actors: list[Actor], shares: np.ndarray) -> Actor:
    """Acts in each row and step by one of ``actors``, drawn with probabilities ``shares``."""

    def act(obs, state, rng):
        who, out = rng.choice(len(actors), len(obs), p=shares), None
        for k in np.unique(who):  # only those who were drawn are asked, and only about their own rows
            answer = np.asarray(actors[k](obs[who == k], state[who == k], rng))
            out = np.empty((len(obs), *answer.shape[1:]), answer.dtype) if out is None else out
            out[who == k] = answer
        return out

    return act


@dataclass
class Smile:
    """``policies[j − 1]`` is π̂^j; ``labels[j − 1]`` counts the expert's labels up to then; ``alpha`` is α."""

    alpha: float
    policies: list[Policy] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    @property
    def learner(self) -> Actor:
        """The learned mixture, without the expert."""
        return mixture([p.greedy for p in self.policies], without_expert(len(self.policies), self.alpha))


def smile(world: Dynamics, expert: Actor, *, alpha: float = 0.3, rounds: int = 10, drives: int = 5, progress: Smile | None = None,
          seed: int = 0, **fit_options) -> Smile:
    """``rounds`` rounds of ``drives`` drives each; 0 < α < 1 is how much of the expert is replaced in each round.

    ``progress``: go on from here (changed in place after each whole round). ``fit_options`` go to :func:`behavior_cloning`.
    Raises :class:`RoundFailed`, which holds the rounds before, if the expert cannot be learned from.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    progress, expert = progress if progress is not None else Smile(alpha), asked(world, expert)
    if progress.alpha != alpha:
        raise ValueError(f"these rounds were made with alpha = {progress.alpha}; go on with that, not with {alpha}")
    for n in range(len(progress.policies), rounds):
        rng = np.random.default_rng([seed, 1, n])
        learner = progress.learner if n else uniform(world)  # π^n = (1−α)^n π* + (1 − (1−α)^n) × the mixture without the expert
        try:
            data = labelled(world, expert, learner, (1 - alpha) ** n, drives, rng)
            policy, _ = behavior_cloning(world, Demonstrations(data), seed=seed, **fit_options)
        except Exception as error:  # whatever an expert may raise
            raise RoundFailed(progress, error) from error
        progress.policies.append(policy)
        progress.labels.append(sum(len(t) for t in data) + (progress.labels[-1] if progress.labels else 0))
    return progress
