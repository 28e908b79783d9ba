"""Committees, questions and the preference loop, against single networks, enumeration, and labels that say nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_lib.data import Comparisons, clips
from course_lib.envs import Pendulum
from course_lib.humans import fit
from course_lib.preferences import Committee, Learned, disagreement, information_gain, learn_from_preferences, pair_up
from course_lib.preferences.rlhp import constant, early, paid_by
from course_lib.rl.rollouts import rollout, uniform

WORLD = Pendulum(horizon=60)
PRACTICE = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3)


def some_clips(n=30, length=12, seed=0):
    rng = np.random.default_rng(seed)
    return clips(rollout(WORLD, uniform(WORLD), n, rng).demonstrations().trajectories, length, rng)


class Judge:
    """Prefers the clip with the larger true return, and answers at random now and then; ``deaf``: always at random, in equal shares."""

    def __init__(self, lapse=0.0, deaf=False):
        self.lapse, self.deaf = lapse, deaf

    def label(self, pairs, rng):
        theta = np.arctan2(pairs.obs[..., 1], pairs.obs[..., 0])
        returns = -(theta**2 + 0.1 * pairs.obs[..., 2] ** 2).sum(-1)
        choice = (returns[:, 0] > returns[:, 1]).astype(float)
        choice = np.where(rng.random(len(pairs)) < self.lapse, rng.integers(2, size=len(pairs)), choice).astype(float)
        return replace(pairs, choice=rng.permutation(choice) if self.deaf else choice)


def questions(n, seed=0, judge=None):
    rng = np.random.default_rng(seed)
    return (judge or Judge()).label(pair_up(some_clips(60, seed=seed), n, rng), rng)


def test_the_batched_network_is_that_many_networks():
    committee, q = Committee(WORLD, 3, seed=1), questions(7)
    committee.standardise([torch.as_tensor(q.obs).float(), torch.as_tensor(q.acts).float()])
    obs, acts = torch.as_tensor(q.obs).float(), torch.as_tensor(q.acts).float()
    x = torch.cat([committee.observed(obs), committee.acted(acts)], -1)
    for k in range(3):
        h = torch.tanh(F.linear(x, committee.weights[0][k].T, committee.biases[0][k, 0]))
        h = torch.tanh(F.linear(h, committee.weights[1][k].T, committee.biases[1][k, 0]))
        torch.testing.assert_close(committee.each(obs, acts)[k], F.linear(h, committee.weights[2][k].T)[..., 0])
    assert committee(obs, acts).shape == obs.shape[:-1]


def test_fitted_together_is_fitted_alone():
    """Members share a batch and an optimiser, and nothing else."""
    q, options = questions(40), dict(held_out=0, epochs=5, batch_size=16, lr=3e-3, seed=0)
    together = Committee(WORLD, 3, seed=2)
    draws = together.evidence(q)[0][-1]
    for k in range(3):
        class Alone(Committee):
            def evidence(self, answered, k=k):
                rows, units = super().evidence(answered)
                return (*rows[:-1], draws[:, k:k + 1]), units

        alone = Alone(WORLD, 1, seed=2)
        with torch.no_grad():
            for mine, theirs in zip([*alone.weights, *alone.biases], [*together.weights, *together.biases]):
                mine.copy_(theirs[k:k + 1])
        for mine, theirs in zip(fit(alone, q, **options).weights, fit(together, q, **options).weights):
            torch.testing.assert_close(mine[0], theirs[k], rtol=1e-4, atol=1e-5)


def test_members_differ_by_their_bootstrap_and_agree_where_there_are_data():
    q, new = questions(300), questions(200, seed=5)
    fitted = fit(Committee(WORLD, 5, lapse=0.0), q, held_out=0, epochs=40, lr=3e-3, batch_size=32)
    p = fitted.prefers_first(new)
    assert p.shape == (5, 200) and p.std(0).max() > 0.05
    right = lambda p: ((p.mean(0) > 0.5) == (new.choice > 0.5)).mean()
    clear = np.abs(p.mean(0) - 0.5) > 0.3  # where the members are sure; the other pairs are nearly equal
    assert right(p) > 0.8 > right(Committee(WORLD, 5).prefers_first(new)) and ((p.mean(0) > 0.5) == (new.choice > 0.5))[clear].mean() > 0.93
    opposite = replace(new, obs=new.obs[:, ::-1].copy(), acts=new.acts[:, ::-1].copy())
    np.testing.assert_allclose(fitted.prefers_first(opposite), 1 - p, atol=1e-5)


def test_normalised_rewards_have_no_unit():
    q = questions(20)
    obs, acts = q.obs.reshape(-1, 3).astype(np.float32), q.acts.reshape(-1, 1).astype(np.float32)
    committee = Committee(WORLD, 3)
    committee.normalise(obs, acts)
    before = committee(torch.as_tensor(obs), torch.as_tensor(acts)).detach()
    assert abs(float(before.mean())) < 1e-5
    r = committee.each(torch.as_tensor(obs), torch.as_tensor(acts))
    assert torch.allclose(((r - committee.shift[:, None]) / committee.scale[:, None]).std(1), torch.ones(3), atol=1e-4)
    with torch.no_grad():
        committee.weights[-1].mul_(torch.tensor([7.0, 0.1, 100.0])[:, None, None])
    committee.normalise(obs, acts)
    torch.testing.assert_close(committee(torch.as_tensor(obs), torch.as_tensor(acts)), before, rtol=1e-3, atol=1e-4)
    pay = paid_by(committee, WORLD)
    np.testing.assert_allclose(pay(obs, acts + 100), pay(obs, np.full_like(acts, 2.0)))  # what is done is cut off at the bounds


def test_information_gain_is_the_mutual_information_of_member_and_answer():
    p = np.random.default_rng(0).uniform(size=(4, 50))
    for i in range(50):
        joint = np.stack([p[:, i], 1 - p[:, i]]) / 4  # (answer, member)
        marginal = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
        assert abs(information_gain(p)[i] - (joint * np.log(joint / marginal)).sum()) < 1e-9
    sure = np.array([[0.0, 1.0, 0.5], [1.0, 1.0, 0.5]])
    np.testing.assert_allclose(information_gain(sure), [np.log(2), 0, 0], atol=1e-9)  # split, agreed, and unsure alike
    np.testing.assert_allclose(disagreement(sure), [0.25, 0, 0])


def test_questions_are_about_different_clips_and_the_best_are_kept():
    some, rng = some_clips(5), np.random.default_rng(0)
    pairs = pair_up(some, 200, rng)
    assert (np.abs(pairs.obs[:, 0] - pairs.obs[:, 1]).sum((1, 2)) > 0).all() and len(pairs) == 200
    committee = fit(Committee(WORLD, 5), questions(30), held_out=0, epochs=20, lr=3e-3)
    for criterion in (disagreement, information_gain):
        chosen = criterion(committee.prefers_first(pair_up(some_clips(40), 20, np.random.default_rng(1), committee, criterion)))
        random = criterion(committee.prefers_first(pair_up(some_clips(40), 200, np.random.default_rng(1))))
        assert chosen.min() >= np.sort(random)[-20:].min() - 1e-6 and chosen.mean() > 2 * random.mean()
    with pytest.raises(ValueError, match="two clips"):
        pair_up(some[:1], 3, rng)


def test_stopped_and_resumed_is_the_same_as_never_stopped():
    options = dict(labels=12, steps=6_400, clip_length=10, fitting=dict(epochs=3), members=2, seed=3, **PRACTICE)
    whole = learn_from_preferences(WORLD, Judge(), rounds=3, **options)
    assert whole.labels == [4, 8, 12]
    parts = Learned()

    class GivesUp(Judge):
        def label(self, pairs, rng):
            if len(parts.labels) == 2:
                raise KeyboardInterrupt
            return super().label(pairs, rng)

    with pytest.raises(KeyboardInterrupt):
        learn_from_preferences(WORLD, GivesUp(), rounds=3, progress=parts, **options)
    assert parts.labels == [4, 8]
    learn_from_preferences(WORLD, Judge(), rounds=3, progress=parts, **options)
    assert parts.scores == whole.scores and parts.labels == whole.labels
    np.testing.assert_array_equal(parts.comparisons.choice, whole.comparisons.choice)


def test_schedules_share_all_labels_out():
    for schedule in (constant, early):
        assert abs(sum(schedule(7)) - 1) < 1e-12
    done = learn_from_preferences(WORLD, Judge(), labels=10, rounds=3, schedule=early, steps=9_600, clip_length=10, fitting=dict(epochs=1), **PRACTICE)
    assert done.labels[-1] == 10 and np.diff([0, *done.labels]).tolist() == sorted(np.diff([0, *done.labels]), reverse=True)


def test_what_cannot_be_learned_from_is_refused():
    options = dict(steps=3_200, clip_length=10, fitting=dict(epochs=1), **PRACTICE)
    with pytest.raises(ValueError, match="cannot be shared among 5 rounds"):
        learn_from_preferences(WORLD, Judge(), labels=3, rounds=5, **options)
    with pytest.raises(ValueError, match="does not fit"):
        learn_from_preferences(WORLD, Judge(), labels=4, rounds=1, **options | dict(clip_length=61))

    class Silent:
        def label(self, pairs, rng):
            return pairs

    class Forgetful(Judge):
        def label(self, pairs, rng):
            return super().label(pairs, rng)[:1]

    for person, given in ((Silent(), 0), (Forgetful(), 1)):
        with pytest.raises(ValueError, match=f"4 questions were asked and {given} answers came back"):
            learn_from_preferences(WORLD, person, labels=4, rounds=1, **options)
    with pytest.raises(ValueError, match="have not been answered"):
        fit(Committee(WORLD), Comparisons(np.zeros((2, 2, 5, 3)), np.zeros((2, 2, 5, 1))))
    with pytest.raises(ValueError, match="lapse"):
        Committee(WORLD, lapse=1.0)


def test_a_hundred_answers_raise_the_pendulum_and_shuffled_ones_do_not():
    """10 % of the answers at random. Score: 0 for random torques, 1 for -165, what PPO on the true reward reaches."""
    world = Pendulum()
    low = rollout(world, uniform(world), 200, np.random.default_rng(0)).returns.mean()
    gain = [(learn_from_preferences(world, Judge(0.1, deaf), steps=100_000, seed=0, **PRACTICE).scores[-1] - low) / (-165 - low) for deaf in (False, True)]
    assert gain[0] > 0.7 and gain[1] < 0.2, gain
