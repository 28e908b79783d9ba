"""SMILe: the shares against the recursion they come from, the draws, and a learner on its own."""

import numpy as np
import pytest
import torch

from course_lib.envs import Drive
from course_lib.imitation.dagger import RoundFailed
from course_lib.imitation.smile import mixture, smile, weights, without_expert
from course_lib.rl.rollouts import expert, rollout

WORLD = Drive(horizon=60)
FAST = dict(drives=4, epochs=30, lr=3e-3)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_shares_follow_the_recursion(alpha):
    """π^n = π^{n−1} + α (1−α)^{n−1} (π̂^n − π*), from π^0 = π*."""
    share = np.array([1.0])
    for n in range(1, 8):
        share = np.append(share, alpha * (1 - alpha) ** (n - 1))
        share[0] -= share[-1]
        np.testing.assert_allclose(weights(n, alpha), share)
        np.testing.assert_allclose(without_expert(n, alpha), share[1:] / (1 - share[0]))
        assert abs(without_expert(n, alpha).sum() - 1) < 1e-12


def test_a_mixture_draws_by_its_shares_and_asks_only_who_was_drawn():
    calls = []
    actors = [lambda obs, state, rng, k=k: calls.append((k, len(obs))) or np.full((len(obs), 1), float(k)) for k in range(3)]
    acts = mixture(actors, np.array([0.2, 0.5, 0.3]))(np.zeros((100_000, 3)), np.zeros((100_000, 9)), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(acts[:, 0].astype(int)) / 100_000, [0.2, 0.5, 0.3], atol=0.01)
    calls.clear()
    only = mixture(actors, np.array([0.0, 1.0, 0.0]))(np.zeros((9, 3)), np.zeros((9, 9)), np.random.default_rng(0))
    assert (only == 1).all() and calls == [(1, 9)]


def test_it_counts_labels_resumes_and_ends_without_the_expert():
    whole = smile(WORLD, expert(WORLD), rounds=3, seed=1, **FAST)
    parts = smile(WORLD, expert(WORLD), rounds=1, seed=1, **FAST)
    smile(WORLD, expert(WORLD), rounds=3, seed=1, progress=parts, **FAST)
    assert whole.labels == parts.labels == [240, 480, 720]
    torch.testing.assert_close(whole.policies[2].body[0].weight, parts.policies[2].body[0].weight, rtol=0, atol=0)
    own = rollout(WORLD, whole.learner, 100, np.random.default_rng(0), horizon=15)  # no state is looked at: obs only
    assert own.returns.mean() > 14


def test_wrong_alpha_and_a_failing_expert():
    with pytest.raises(ValueError, match="between 0 and 1"):
        smile(WORLD, expert(WORLD), alpha=1.0)
    kept = smile(WORLD, expert(WORLD), rounds=1, **FAST)
    with pytest.raises(ValueError, match="made with alpha = 0.3"):
        smile(WORLD, expert(WORLD), alpha=0.5, rounds=2, progress=kept, **FAST)
    with pytest.raises(RoundFailed, match="answered with shape") as failed:
        smile(WORLD, lambda obs, state, rng: np.zeros(3), rounds=2, progress=kept, **FAST)
    assert len(kept.policies) == 1 and failed.value.progress is kept
