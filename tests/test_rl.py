"""Policies against torch.distributions; GAE against its definition; PPO against what it must be able to do."""

import copy

import numpy as np
import pytest
import torch
from gymnasium import spaces

from course_lib.envs import CartPole, Drive, Pendulum
from course_lib.envs.core import Dynamics
from course_lib.rl.networks import policy_for
from course_lib.rl.ppo import clipped_surrogate, gae, ppo
from course_lib.rl.rollouts import rollout, uniform


def test_categorical_agrees_with_torch():
    pi, obs = policy_for(CartPole(), seed=1), torch.randn(50, 4)
    reference = torch.distributions.Categorical(logits=pi.logits(obs))
    acts = reference.sample()
    torch.testing.assert_close(pi.log_prob(obs, acts), reference.log_prob(acts))
    torch.testing.assert_close(pi.entropy(obs), reference.entropy())


def test_gaussian_agrees_with_torch():
    pi, obs = policy_for(Pendulum(), seed=1), torch.randn(50, 3)
    reference = torch.distributions.Independent(torch.distributions.Normal(pi.mode(obs), pi.log_std.exp()), 1)
    acts = reference.sample()
    torch.testing.assert_close(pi.log_prob(obs, acts), reference.log_prob(acts))
    torch.testing.assert_close(pi.entropy(obs), reference.entropy())
    draws = pi.sample(torch.zeros(100_000, 3), torch.Generator().manual_seed(0))
    assert abs(draws.std().item() - pi.log_std.exp().item()) < 0.01


def test_categorical_samples_by_its_probabilities_and_repeats_by_seed():
    pi, obs = policy_for(CartPole(), seed=1), np.zeros((100_000, 4), np.float32)
    a, b = (pi.sampled(obs, None, np.random.default_rng(0)) for _ in range(2))
    assert (a == b).all()
    assert abs(a.mean() - pi.logits(torch.zeros(1, 4)).softmax(-1)[0, 1].item()) < 0.01


def test_gae_is_the_sum_it_is_defined_by():
    """Â_t = Σ_k (γλ)^k δ_{t+k}, stopping at ends of episodes."""
    g = torch.Generator().manual_seed(0)
    T, N, gamma, lam = 12, 4, 0.9, 0.7
    r, v, nv = (torch.randn(T, N, generator=g) for _ in range(3))
    term = (torch.rand(T, N, generator=g) < 0.15).float()
    done = torch.maximum(term, (torch.rand(T, N, generator=g) < 0.15).float())
    A = gae(r, v, nv, term, done, gamma, lam)
    for n in range(N):
        for t in range(T):
            want, weight = 0.0, 1.0
            for k in range(t, T):
                want += weight * (r[k, n] + gamma * nv[k, n] * (1 - term[k, n]) - v[k, n])
                if done[k, n]:
                    break
                weight *= gamma * lam
            torch.testing.assert_close(A[t, n], torch.as_tensor(want), rtol=1e-5, atol=1e-5)


def test_surrogate_starts_as_the_policy_gradient_and_stops_when_clipped():
    logp, adv = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True), torch.tensor([1.0, -1.0, 2.0])
    clipped_surrogate(logp, logp.detach(), adv, 0.2).backward()
    torch.testing.assert_close(logp.grad, -adv / 3)
    moved = torch.tensor([0.5, -0.5], requires_grad=True)  # already 0.5 up where A > 0 and 0.5 down where A < 0
    clipped_surrogate(moved, torch.zeros(2), torch.tensor([1.0, -1.0]), 0.2).backward()
    assert (moved.grad == 0).all()
    back = torch.tensor([-0.5, 0.5], requires_grad=True)  # moved the wrong way: the gradient must pull back
    clipped_surrogate(back, torch.zeros(2), torch.tensor([1.0, -1.0]), 0.2).backward()
    assert (back.grad != 0).all()


class Clockwork(Dynamics):
    """Reward 1 for ever; only the clock ends an episode, or (``mortal``) the world does, at the same time."""

    mortal = False

    @property
    def observation_space(self):
        return spaces.Box(-1, 1, (1,), np.float32)

    @property
    def action_space(self):
        return spaces.Discrete(2)

    def initial(self, n, rng):
        return np.zeros((n, 2))

    def step(self, state, action, rng):
        new = state + [0, 1]
        return new, np.ones(len(new)), (new[:, 1] >= self.horizon) if self.mortal else np.zeros(len(new), bool)

    def observe(self, state):
        return np.zeros((len(state), 1), np.float32)

    def draw(self, ax, state):
        ax.plot([])


def test_time_limits_are_bootstrapped_and_ends_are_not():
    """At γ = 0.9 the value of a world that only the clock interrupts is 10; of one that really ends it is less."""
    worth = {}
    for mortal in (False, True):
        world = type("World", (Clockwork,), {"mortal": mortal})(horizon=5)
        _, value, _ = ppo(world, steps=30_000, n_envs=8, n_steps=25, gamma=0.9, lam=0.9, lr=3e-3, seed=0)
        worth[mortal] = value(torch.zeros(1, 1)).item()
    assert abs(worth[False] - 10) < 0.7
    assert worth[True] < 4.2


@pytest.mark.parametrize("world, steps, better", [(CartPole(horizon=100), 40_000, 60), (Drive(horizon=60, levels=5), 60_000, 20),
                                                  (Drive(horizon=60), 60_000, 20)])
def test_ppo_learns(world, steps, better):
    before = rollout(world, uniform(world), 200, np.random.default_rng(0)).returns.mean()
    policy, _, curve = ppo(world, steps=steps, n_steps=60, seed=0)
    after = rollout(world, policy.greedy, 200, np.random.default_rng(0)).returns.mean()
    assert after > before + better
    assert curve.steps == sorted(curve.steps)


def test_ppo_leaves_its_warm_start_alone_and_repeats():
    world, start = CartPole(horizon=50), policy_for(CartPole(), seed=3)
    kept = copy.deepcopy(start.state_dict())
    a, _, _ = ppo(world, policy=start, steps=4_096, seed=1)
    b, _, _ = ppo(world, policy=start, steps=4_096, seed=1)
    for k in kept:
        torch.testing.assert_close(start.state_dict()[k], kept[k])
        torch.testing.assert_close(a.state_dict()[k], b.state_dict()[k], rtol=0, atol=0)
    frozen, _, _ = ppo(world, policy=start, steps=4_096, critic_first=99, seed=1)
    for k in kept:
        torch.testing.assert_close(frozen.state_dict()[k], kept[k])
