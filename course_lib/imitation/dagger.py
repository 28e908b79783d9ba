"""DAgger: ask the expert about the states that the *learner* visits.

    for i = 1 … N:   π_i = β_i π* + (1 − β_i) π̂_i,   in each step anew;
                     drive with π_i, and write down D_i = {(s, π*(s))} for every state visited;
                     D ← D ∪ D_i,   π̂_{i+1} = the policy that makes D most likely
    return the π̂_i that does best on validation

Source: Ross, Gordon & Bagnell (2011), Algorithm 3.1, as lecture 21 (Hanna) prints it. Each round draws from a random stream of
its own, so that a run that was stopped and resumed gives the numbers of one that was not. Left out: weighting of rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from course_lib.data import Demonstrations, Trajectory
from course_lib.envs import Dynamics
from course_lib.rl.networks import Policy
from course_lib.rl.rollouts import Actor, rollout, uniform

from .bc import behavior_cloning

Schedule = Callable[[int], float]  # round i = 0, 1, … → β_i


def expert_first(i: int) -> float:
    """β = 1 in the first round (which is then behaviour cloning) and 0 ever after: the parameter-free choice of §3.1."""
    return float(i == 0)


def exponential(p: float) -> Schedule:
    """β_i = p^i."""
    return lambda i: p**i


def linear(rounds: int) -> Schedule:
    """β_i falls from 1 to 0 in ``rounds`` rounds."""
    return lambda i: max(0.0, 1 - i / rounds)


@dataclass
class DAgger:
    """Everything learned so far. ``data``: one demonstration per drive, labelled by the expert. ``policies[i]`` was trained
    after round i; ``scores[i]`` is its mean return on validation drives of its own; ``labels[i]`` counts the expert's labels."""

    data: list[Trajectory] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    @property
    def best(self) -> Policy:
        """The π̂_i with the best validation score; the earliest, if several are."""
        return self.policies[int(np.argmax(self.scores))]


def mixed(expert: Actor, learner: Actor, beta: float) -> Actor:
    """β π* + (1 − β) π̂: in each step of each row the expert acts with probability β, else the learner."""

    def act(obs, state, rng):
        theirs, ours = expert(obs, state, rng), learner(obs, state, rng)
        choose = rng.random(len(obs)) < beta
        return np.where(choose.reshape(-1, *[1] * (theirs.ndim - 1)), theirs, ours)

    return act


def asked(world: Dynamics, expert: Actor) -> Actor:
    """The expert, whose every answer is checked: ``ValueError`` says what is wrong with one that cannot be learned from."""
    space = world.action_space

    def answer(obs, state, rng):
        labels = np.asarray(expert(obs, state, rng))
        if labels.shape != (len(obs), *space.shape):
            raise ValueError(f"the expert answered with shape {labels.shape}; for {len(obs)} states it must be {(len(obs), *space.shape)}")
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise ValueError(f"the expert answered NaN or infinity for {int((~np.isfinite(labels)).any(-1).sum())} of {len(obs)} states")
        return labels.astype(space.dtype)

    return answer


def labelled(world: Dynamics, expert: Actor, learner: Actor, beta: float, drives: int, rng: np.random.Generator) -> list[Trajectory]:
    """``drives`` drives of β π* + (1 − β) π̂, with the expert's actions in place of those that were taken. The expert is asked
    once about every state visited, and that answer is both the label and, where the draw says so, what is done."""
    answers = []

    def remembered(obs, state, rng):
        answers.append(expert(obs, state, rng))
        return answers[-1]

    own = rollout(world, mixed(remembered, learner, beta), drives, rng).demonstrations()
    labels = np.stack(answers)  # (T, drives, ...)
    return [Trajectory(t.obs, labels[:len(t), i], t.rews, t.terminated, t.truncated, t.states) for i, t in enumerate(own)]


def learn(world: Dynamics, progress: DAgger, new: list[Trajectory], *, validate: int = 50, seed: int = 0, **fit_options) -> None:
    """The second half of a round: D ← D ∪ D_i, π̂_{i+1} fitted to D, and scored on ``validate`` drives of its own (the same
    roads in every round). ``progress`` is changed at the very end, so that an error leaves it as it was."""
    if not sum(map(len, new)):
        raise ValueError("this round brought no labelled state, so there is nothing to learn from it: let it visit some (drives > 0, "
                         "horizon > 0), or let the expert answer in some")
    data = progress.data + new
    policy, _ = behavior_cloning(world, Demonstrations(data), seed=seed, **fit_options)
    score = rollout(world, policy.greedy, validate, np.random.default_rng([seed, 2])).returns.mean()
    progress.data = data
    progress.policies.append(policy)
    progress.scores.append(float(score))
    progress.labels.append(sum(map(len, data)))


class RoundFailed(RuntimeError):
    """A round of DAgger or SMILe could not be finished. ``progress`` holds every round before it."""

    def __init__(self, progress, error: Exception):
        done = len(progress.policies)
        super().__init__(f"round {done + 1}: {type(error).__name__}: {error}. The {done} rounds before it are kept: go on "
                         "with progress=error.progress, where error is this exception")
        self.progress = progress


def dagger(world: Dynamics, expert: Actor, *, rounds: int = 10, drives: int = 5, beta: Schedule = expert_first, validate: int = 50,
           progress: DAgger | None = None, seed: int = 0, **fit_options) -> DAgger:
    """``rounds`` rounds of ``drives`` drives each. ``expert``: anything that acts (a policy, a script, a person).

    ``progress``: go on from here (it is changed in place, after each whole round, so that an interruption loses only the round it
    falls in). ``fit_options`` go to :func:`behavior_cloning`. With one drive in all nothing can be held out: pass ``held_out=0``,
    or more drives. Expert labels asked: every state of every drive, once. Raises :class:`RoundFailed`, which holds the rounds
    before, if the expert cannot be learned from.
    """
    progress, expert = progress if progress is not None else DAgger(), asked(world, expert)
    if drives < 1 or world.horizon < 1:
        raise ValueError(f"drives and the world's horizon must be at least 1, or no state is visited; got {drives} and {world.horizon}")
    for i in range(len(progress.policies), rounds):
        rng = np.random.default_rng([seed, 1, i])
        learner = progress.policies[-1].greedy if progress.policies else uniform(world)  # π̂_1: "any policy"; with β_0 = 1 it never acts
        try:
            learn(world, progress, labelled(world, expert, learner, beta(i), drives, rng), validate=validate, seed=seed, **fit_options)
        except Exception as error:  # whatever an expert may raise
            raise RoundFailed(progress, error) from error
    return progress
