"""Deep RL from human preferences: ask, fit the reward, practise, and ask again about what was practised.

    repeat:  clips of the newest policy;  a few comparisons of them by a person;
             R ← maximum likelihood on all comparisons so far;  π ← PPO on R, from where it was

Source: Christiano et al. (2017), §2.2. The three take turns, so that a run is reproducible; with a person who does not make the learner
wait (:class:`.desk.Desk`) and many short rounds, the same lines are the paper's asynchronous loop. Each round draws from a random stream
of its own: with a person who answers at once, a run that was stopped and resumed gives the numbers of one that was not. Left out:
adaptive regularisation, ratings.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from course_lib.data import Comparisons, Trajectory, clips
from course_lib.envs import Dynamics
from course_lib.humans import fit
from course_lib.rl.networks import Policy, Value, policy_for
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout

from .queries import pair_up
from .reward_model import Committee


@dataclass
class Learned:
    """Everything so far. ``labels[i]`` and ``scores[i]``: answers given, and mean true return of the greedy policy, after round i.
    ``shown``: the clips of the newest rounds, a list each. ``pending``: the answers of a round that was not finished."""

    comparisons: Comparisons | None = None
    reward: Committee | None = None
    policy: Policy | None = None
    value: Value | None = None
    labels: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    shown: list[list[Trajectory]] = field(default_factory=list)
    pending: Comparisons | None = None

    def save(self, path: str | Path) -> None:
        """Whole or not at all: a crash while writing leaves the file of before."""
        torch.save(self, part := Path(path).with_suffix(".part"))
        os.replace(part, path)

    @staticmethod
    def load(path: str | Path) -> Learned:
        """What :meth:`save` wrote. Load your own files only: reading one runs code that it names."""
        return torch.load(path, weights_only=False)


def constant(rounds: int) -> list[float]:
    """The same share of the labels in every round."""
    return [1 / rounds] * rounds


def early(rounds: int) -> list[float]:
    """Shares that fall as 1/(i + 1): many questions at first, fewer later (Christiano et al., §A, a label rate that decays)."""
    shares = 1 / (1 + np.arange(rounds))
    return list(shares / shares.sum())


def at_once(rounds: int) -> list[float]:
    """Everything before the first step of practice."""
    return [1.0] + [0.0] * (rounds - 1)


FITTING = dict(held_out=0, epochs=20, batch_size=16, lr=3e-3, weight_decay=1e-2)


def added(old: Comparisons | None, new: Comparisons) -> Comparisons:
    if old is None:
        return new
    return Comparisons(*(np.concatenate([getattr(old, x), getattr(new, x)]) for x in ("obs", "acts", "choice")))


def one_sided(choice: np.ndarray) -> str:
    """"" or what is odd about these answers (N,): sides are drawn at random, so nobody who looks at the clips prefers one side.
    A two-sided binomial test, at one false alarm in 10,000."""
    first, decided = int((choice == 1).sum()), int((choice != 0.5).sum())
    if decided and stats.binomtest(first, decided).pvalue < 1e-4:
        return (f"{first} of {decided} answers chose the first clip, although sides are drawn at random: somebody may be pressing one key. "
                "Ask them, and leave these answers out if so: nothing can be learned from them")
    return ""


def paid_by(reward: Committee, world: Dynamics) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The learned reward as PPO pays it: of the action that the world will carry out, which it cuts off at its bounds."""
    low, high = getattr(world.action_space, "low", None), getattr(world.action_space, "high", None)

    def pay(obs, acts):
        acts = acts if low is None else np.clip(acts, low, high)
        with torch.no_grad():
            return reward(torch.as_tensor(obs), torch.as_tensor(acts)).numpy()

    return pay


def one_round(world: Dynamics, person, progress: Learned, *, ask: int, steps: int, clip_length: int = 25, criterion=None,
              remember: int = 10, members: int = 5, lapse: float = 0.1, normalise: bool = True, seed: int = 0, fitting: dict | None = None,
              **practice) -> None:
    """Ask ``ask`` questions, fit the reward, practise ``steps`` environment steps: the next round of ``progress``, which is changed in
    place (the answers at once, the rest at the end)."""
    i = len(progress.labels)
    rng = np.random.default_rng([seed, 1, i])
    policy, value = progress.policy if progress.policy is not None else policy_for(world, seed=seed), progress.value
    newest = rollout(world, policy.sampled, 20, rng)
    shown = [*progress.shown, clips(newest.demonstrations().trajectories, clip_length, rng, per=4)][-remember:]
    if progress.pending is None:
        questions = pair_up(sum(shown, []), ask, rng, progress.reward, criterion if progress.reward is not None else None)
        answered = person.label(questions, rng)
        if answered.choice is None:
            raise ValueError(f"{len(questions)} questions were asked and came back without answers: does label() return its answers?")
        progress.pending = answered
    comparisons, reward = added(progress.comparisons, progress.pending), progress.reward
    if (comparisons.choice != 0.5).any():
        if doubt := one_sided(comparisons.choice):
            warnings.warn(doubt, stacklevel=3)
        if len(progress.pending) or reward is None:
            reward = fit(Committee(world, members, lapse=lapse, seed=seed), comparisons, seed=seed, **FITTING | (fitting or {}))
        if normalise:
            reward.normalise(newest.obs[:-1][newest.alive], newest.acts[newest.alive])
        policy, value, _ = ppo(world, policy=policy, value=value, steps=steps, reward=paid_by(reward, world),
                               seed=1000 * seed + i, **practice)
    progress.comparisons, progress.reward, progress.policy, progress.value = comparisons, reward, policy, value
    progress.shown, progress.pending = shown, None
    progress.labels.append(len(comparisons))
    progress.scores.append(float(rollout(world, policy.greedy, 50, np.random.default_rng([seed, 2])).returns.mean()))


def learn_from_preferences(world: Dynamics, person, *, labels: int = 100, rounds: int = 5, steps: int = 200_000,
                           schedule: Callable[[int], list[float]] = constant, progress: Learned | None = None, **round_options) -> Learned:
    """``person.label(pairs, rng) → answered pairs``: a model of a person, or whoever answers like one. They may skip questions, or answer
    earlier ones (a :class:`.desk.Desk`). Until a clip has been preferred to another there is no reward (None), and no practice.

    ``labels`` questions (shared out by ``schedule``) and ``steps`` environment steps are divided over ``rounds``; ``round_options`` go to
    :func:`one_round`. There ``criterion`` says how to choose questions (see :mod:`.queries`; None: at random), among the clips of the
    newest ``remember`` rounds; ``fitting`` goes to ``fit``, what is left to ``ppo``. ``progress``: go on from here (changed in place).
    ``ValueError``: clips do not fit into drives. ``UserWarning``: answers of one side only.
    """
    if labels < rounds:
        raise ValueError(f"{labels} labels cannot be shared among {rounds} rounds: ask for more, or make fewer rounds")
    progress = progress if progress is not None else Learned()
    asked = np.diff(np.rint(np.cumsum([0, *schedule(rounds)]) * labels).astype(int))
    for i in range(len(progress.labels), rounds):
        one_round(world, person, progress, ask=int(asked[i]), steps=steps // rounds, **round_options)
    return progress


def start_again(world: Dynamics, learned: Learned, *, steps: int, seed: int = 0, **practice) -> tuple[Policy, Value | None]:
    """The policy and value network of an agent that practises on the learned reward from scratch; or those of the one that grew up with
    it, if that is paid more by it.

    What an early, poor reward has taught can hold an agent back for good. A reward, unlike answers, can be practised on again.
    """
    if learned.reward is None:
        raise ValueError("nobody has preferred a clip to another yet, so there is no reward to practise on: ask more questions first")
    pay = paid_by(learned.reward, world)
    fresh, value, _ = ppo(world, steps=steps, reward=pay, seed=1000 * seed + 999, **practice)

    def paid(agent):
        drives = rollout(world, agent[0].greedy, 50, np.random.default_rng([seed, 3]))
        return float(sum((pay(obs, acts) * alive).mean() for obs, acts, alive in zip(drives.obs[:-1], drives.acts, drives.alive)))

    return max(((learned.policy, learned.value), (fresh, value)), key=paid)


def practise_anew(world: Dynamics, learned: Learned, *, steps: int, seed: int = 0, **practice) -> Policy:
    """The policy of :func:`start_again`: the step that ends a run."""
    return start_again(world, learned, steps=steps, seed=seed, **practice)[0]
