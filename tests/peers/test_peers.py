"""The same numbers as a peer on the same inputs. Needs the [bench] extra; `make bench` runs it."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_lib.data import Demonstrations, Trajectory
from course_lib.envs import CartPole
from course_lib.humans import ActsByPolicy
from course_lib.rl.networks import policy_for
from course_lib.rl.ppo import gae

pytest.importorskip("stable_baselines3", reason="peers are installed by `make bench`")


def test_gae_agrees_with_stable_baselines3():
    from stable_baselines3.common.buffers import RolloutBuffer

    T, N, gamma, lam, rng = 20, 3, 0.97, 0.8, np.random.default_rng(0)
    env = gym.make("CartPole-v1")
    theirs = RolloutBuffer(T, env.observation_space, env.action_space, gae_lambda=lam, gamma=gamma, n_envs=N)
    rewards, values = rng.standard_normal((T, N)), rng.standard_normal((T + 1, N))
    done = rng.random((T, N)) < 0.15  # SB3's buffer knows only real ends; it adds the bootstrap to the reward before
    starts = np.vstack([np.zeros(N, bool), done])
    for t in range(T):
        theirs.add(np.zeros((N, 4)), np.zeros((N, 1)), rewards[t], starts[t], torch.as_tensor(values[t]).float(), torch.zeros(N))
    theirs.compute_returns_and_advantage(torch.as_tensor(values[T]).float(), done[-1])
    tensor = lambda x: torch.as_tensor(np.asarray(x, np.float32))
    ours = gae(tensor(rewards), tensor(values[:-1]), tensor(values[1:]), tensor(done), tensor(done), gamma, lam)
    np.testing.assert_allclose(ours.numpy(), theirs.advantages, atol=1e-5)


def test_likelihood_agrees_with_imitations_on_the_same_weights():
    bc = pytest.importorskip("imitation.algorithms.bc", reason="peers are installed by `make bench`")
    env, rng = gym.make("CartPole-v1"), np.random.default_rng(0)
    trainer = bc.BC(observation_space=env.observation_space, action_space=env.action_space, rng=rng)
    ours = policy_for(CartPole(), hidden=(32, 32), seed=5)
    nets = [m for m in trainer.policy.mlp_extractor.policy_net if isinstance(m, torch.nn.Linear)] + [trainer.policy.action_net]
    for theirs, mine in zip(nets, [m for m in ours.body if isinstance(m, torch.nn.Linear)]):
        theirs.load_state_dict(mine.state_dict())
    obs, acts = rng.standard_normal((51, 4)).astype(np.float32), rng.integers(2, size=50)
    metrics = trainer.loss_calculator(trainer.policy, obs[:-1], torch.as_tensor(acts))
    person = ActsByPolicy(ours)
    rows, _ = person.evidence(Demonstrations([Trajectory(obs, acts, np.zeros(50))]))
    torch.testing.assert_close(-person.log_prob(*rows).mean(), metrics.neglogp, rtol=1e-5, atol=1e-6)
