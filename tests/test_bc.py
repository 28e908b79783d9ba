"""Behaviour cloning against closed forms."""

import numpy as np
import pytest
import torch

from course_lib.data import Demonstrations, Trajectory
from course_lib.envs import Drive, Pendulum
from course_lib.imitation import behavior_cloning
from course_lib.rl.networks import policy_for
from course_lib.rl.rollouts import expert, rollout


def line(n=40, T=25):
    """Demonstrations whose action is linear in the observation, plus noise."""
    rng, w = np.random.default_rng(0), np.array([[0.5], [-0.3], [0.1]])
    obs = rng.standard_normal((n, T + 1, 3)).astype(np.float32)
    acts = (obs[:, :-1] @ w + 0.2 + 0.3 * rng.standard_normal((n, T, 1))).astype(np.float32)
    return Demonstrations([Trajectory(o, a, np.zeros(T)) for o, a in zip(obs, acts)])


def test_gaussian_cloning_without_hidden_layers_is_least_squares():
    demos = line()
    policy, _ = behavior_cloning(Pendulum(), demos, hidden=(), held_out=0, epochs=600, lr=0.02, batch_size=10_000)
    obs, acts, _ = demos.flat()
    X = np.c_[obs, np.ones(len(obs))].astype(float)
    beta, (rss,), *_ = np.linalg.lstsq(X, acts.astype(float), rcond=None)
    np.testing.assert_allclose(policy.greedy(obs), X @ beta, atol=2e-3)
    np.testing.assert_allclose(policy.log_std.exp().item(), np.sqrt(rss / len(X)), rtol=1e-3)  # σ̂ of maximum likelihood


def test_validation_holds_out_trajectories_by_default_and_the_clone_drives():
    world = Drive(horizon=60)
    demos = rollout(world, expert(world), 10, np.random.default_rng(0)).demonstrations()
    clone, history = behavior_cloning(world, demos, seed=0, epochs=200, lr=3e-3)
    assert history.held_out[history.best_epoch] < history.held_out[0] - 1
    own = rollout(world, clone.greedy, 50, np.random.default_rng(1), horizon=15)
    assert own.returns.mean() > 14
    with pytest.raises(ValueError, match="nothing can be held out"):
        behavior_cloning(world, demos[:1])


def test_a_warm_start_is_copied_and_keeps_its_scale():
    """Also one whose scale happens to be 1, as after PPO, and for demonstrations of another spread."""
    world = Drive(horizon=60)
    demos, others = (rollout(world, expert(world), 4, np.random.default_rng(s)).demonstrations() for s in (0, 1))
    first, _ = behavior_cloning(world, demos, epochs=5)
    for start in (first, policy_for(world, seed=2)):
        second, _ = behavior_cloning(world, others, policy=start, epochs=5)
        torch.testing.assert_close(start.features.std, second.features.std, rtol=0, atol=0)
        assert not torch.equal(start.body[0].weight, second.body[0].weight)
    assert not torch.allclose(first.features.std, torch.ones(3))


def test_same_seed_same_clone_and_wrong_spaces_are_refused():
    world = Drive(horizon=30, levels=5)
    demos = rollout(world, expert(world), 5, np.random.default_rng(0)).demonstrations()
    a, b = (behavior_cloning(world, demos, seed=4, epochs=3)[0] for _ in range(2))
    torch.testing.assert_close(a.body[0].weight, b.body[0].weight, rtol=0, atol=0)
    with pytest.raises(ValueError, match="another environment"):
        behavior_cloning(Pendulum(), demos)
    assert policy_for(world, seed=4).body[0].weight.shape == (64, 3)
