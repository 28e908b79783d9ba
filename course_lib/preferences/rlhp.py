"""Deep RL from human preferences: ask, fit the reward, practise, and ask again about what was practised.

    repeat:  clips of the newest policy;  a few comparisons of them by a person;
             R ← maximum likelihood on all comparisons so far;  π ← PPO on R, from where it was

Source: Christiano et al. (2017), §2.2, Algorithm "asynchronous"; here the three processes take turns, so that a run is reproducible. Each
round draws from a random stream of its own, and a run that was stopped and resumed gives the numbers of one that was not. Left out:
adaptive regularisation, ratings; the live, asynchronous form belongs to the widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from course_lib.data import Comparisons, clips
from course_lib.envs import Dynamics
from course_lib.humans import fit
from course_lib.rl.networks import Policy, Value, policy_for
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout

from .queries import pair_up
from .reward_model import Committee


@dataclass
class Learned:
    """Everything so far. ``labels[i]`` and ``scores[i]``: answers given, and mean true return of the greedy policy, after round i."""

    comparisons: Comparisons | None = None
    reward: Committee | None = None
    policy: Policy | None = None
    value: Value | None = None
    labels: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def constant(rounds: int) -> list[float]:
    """The same share of the labels in every round."""
    return [1 / rounds] * rounds


def early(rounds: int) -> list[float]:
    """Shares that fall as 1/(i + 1): many questions at first, fewer later (Christiano et al., §A, a label rate that decays)."""
    shares = 1 / (1 + np.arange(rounds))
    return list(shares / shares.sum())


def added(old: Comparisons | None, new: Comparisons) -> Comparisons:
    if old is None:
        return new
    return Comparisons(*(np.concatenate([getattr(old, x), getattr(new, x)]) for x in ("obs", "acts", "choice")))


def paid_by(reward: Committee, world: Dynamics) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The learned reward as PPO pays it: of the action that the world will carry out, which it cuts off at its bounds."""
    low, high = getattr(world.action_space, "low", None), getattr(world.action_space, "high", None)

    def pay(obs, acts):
        acts = acts if low is None else np.clip(acts, low, high)
        with torch.no_grad():
            return reward(torch.as_tensor(obs), torch.as_tensor(acts)).numpy()

    return pay


def learn_from_preferences(world: Dynamics, person, *, labels: int = 100, rounds: int = 5, steps: int = 200_000, clip_length: int = 25,
                           schedule: Callable[[int], list[float]] = constant, criterion=None, members: int = 5, lapse: float = 0.1,
                           normalise: bool = True, progress: Learned | None = None, seed: int = 0, fitting: dict | None = None,
                           **practice) -> Learned:
    """``person.label(pairs, rng) → pairs with answers``: a model of a person, or whoever answers like one.

    ``labels`` questions and ``steps`` environment steps, divided over ``rounds``. ``criterion``: how to choose the questions (see
    :mod:`.queries`; None: at random among the newest clips). ``fitting`` goes to ``fit``, ``practice`` to ``ppo``. ``progress``: go on
    from here (changed in place after each whole round). ``ValueError``: clips do not fit into drives, or answers into questions.
    """
    if labels < rounds:
        raise ValueError(f"{labels} labels cannot be shared among {rounds} rounds: ask for more, or make fewer rounds")
    progress = progress if progress is not None else Learned()
    fitting = dict(held_out=0, epochs=60, batch_size=32, lr=3e-3, weight_decay=1e-2) | (fitting or {})
    asked = np.diff(np.rint(np.cumsum([0, *schedule(rounds)]) * labels).astype(int))
    for i in range(len(progress.labels), rounds):
        rng = np.random.default_rng([seed, 1, i])
        policy = progress.policy if progress.policy is not None else policy_for(world, seed=seed)
        shown = rollout(world, policy.sampled, 20, rng)
        pieces = clips(shown.demonstrations().trajectories, clip_length, rng, per=4)
        questions = pair_up(pieces, int(asked[i]), rng, progress.reward, criterion if progress.reward is not None else None)
        answered = person.label(questions, rng)
        given = 0 if answered.choice is None else len(answered)
        if given != len(questions):
            raise ValueError(f"{len(questions)} questions were asked and {given} answers came back")
        comparisons = added(progress.comparisons, answered)
        reward = fit(Committee(world, members, lapse=lapse, seed=seed), comparisons, seed=seed, **fitting)
        if normalise:
            reward.normalise(*(x.reshape(-1, *x.shape[2:]) for x in (shown.obs[:-1], shown.acts)))
        policy, value, _ = ppo(world, policy=policy, value=progress.value, steps=steps // rounds, reward=paid_by(reward, world),
                               seed=1000 * seed + i, **practice)
        progress.comparisons, progress.reward, progress.policy, progress.value = comparisons, reward, policy, value
        progress.labels.append(len(comparisons))
        progress.scores.append(float(rollout(world, policy.greedy, 50, np.random.default_rng([seed, 2])).returns.mean()))
    return progress
