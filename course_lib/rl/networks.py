"""Policies, value and reward networks: small multilayer perceptrons with one interface.

A policy gives log π_θ(a|s) and samples from it:

    log_prob(obs (B, ...), acts (B, ...)) -> (B,)      sample(obs, generator) -> actions      mode(obs) -> actions

and, as a function of arrays, acts in a rollout: ``policy.greedy`` and ``policy.sampled`` are actors.
Observations are standardised inside the network by ``standardise`` (a fixed affine map, set once from data), so that a
policy carries its own scale with it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.nn import functional as F


def mlp(sizes: list[int], activation: type[nn.Module] = nn.Tanh, last_gain: float = 1.0) -> nn.Sequential:
    """Linear layers of these sizes with activations between, orthogonal weights, zero biases.

    ``last_gain`` scales the last layer: 0.01 makes a policy start out near uniform (Andrychowicz et al. 2021, §3.2).
    """
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        linear = nn.Linear(a, b)
        last = i == len(sizes) - 2
        nn.init.orthogonal_(linear.weight, last_gain if last else math.sqrt(2))
        nn.init.zeros_(linear.bias)
        layers += [linear] if last else [linear, activation()]
    return nn.Sequential(*layers)


class Features(nn.Module):
    """Observations as standardised vectors: one-hot for ``Discrete``, (o − mean)/std for ``Box``."""

    def __init__(self, space: spaces.Space):
        super().__init__()
        self.n = int(space.n) if isinstance(space, spaces.Discrete) else 0
        self.size = self.n or math.prod(space.shape)
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("std", torch.ones(self.size))

    def forward(self, obs: Tensor) -> Tensor:
        if self.n:
            return F.one_hot(obs.long(), self.n).float()
        return (obs.float() - self.mean) / self.std  # (..., size)

    def standardise(self, obs: np.ndarray) -> None:
        """Set mean and std from observations (N, size); a constant column keeps std 1."""
        if not self.n:
            x = torch.as_tensor(np.asarray(obs, np.float32)).reshape(-1, self.size)
            std = x.std(0)
            self.mean.copy_(x.mean(0))
            self.std.copy_(torch.where(std > 1e-6, std, torch.ones_like(std)))


class Policy(nn.Module):
    """π_θ(a|s) with a body of two hidden layers. Made by :func:`policy_for`."""

    def __init__(self, observation_space: spaces.Space, outputs: int, hidden: tuple[int, ...]):
        super().__init__()
        self.features = Features(observation_space)
        self.body = mlp([self.features.size, *hidden, outputs], last_gain=0.01)

    def standardise(self, obs: np.ndarray) -> None:
        self.features.standardise(obs)

    @torch.no_grad()
    def greedy(self, obs, state=None, rng=None) -> np.ndarray:
        """The most likely action of each row, as an array: an actor for ``rollout``."""
        return self.mode(torch.from_numpy(np.ascontiguousarray(obs))).numpy()

    @torch.no_grad()
    def sampled(self, obs, state, rng: np.random.Generator) -> np.ndarray:
        """A draw from π_θ(·|s) for each row, as an array: an actor for ``rollout``."""
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return self.sample(torch.from_numpy(np.ascontiguousarray(obs)), generator).numpy()


class Categorical(Policy):
    """π(a|s) = softmax(f_θ(s))_a over n actions."""

    def __init__(self, observation_space, action_space: spaces.Discrete, hidden=(64, 64)):
        super().__init__(observation_space, int(action_space.n), hidden)

    def logits(self, obs: Tensor) -> Tensor:  # (B, n)
        return self.body(self.features(obs))

    def log_prob(self, obs: Tensor, acts: Tensor) -> Tensor:
        return -F.cross_entropy(self.logits(obs), acts.long(), reduction="none")

    def sample(self, obs: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return torch.multinomial(self.logits(obs).softmax(-1), 1, generator=generator)[:, 0]

    def mode(self, obs: Tensor) -> Tensor:
        return self.logits(obs).argmax(-1)

    def entropy(self, obs: Tensor) -> Tensor:
        logp = self.logits(obs).log_softmax(-1)
        return -(logp.exp() * logp).sum(-1)


class Gaussian(Policy):
    """π(a|s) = N(f_θ(s), diag σ²), σ independent of s. Actions are in the units of the action space, not clipped."""

    def __init__(self, observation_space, action_space: spaces.Box, hidden=(64, 64)):
        if len(action_space.shape) != 1:
            raise ValueError(f"actions must be vectors, this space has shape {action_space.shape}")
        k = action_space.shape[0]
        super().__init__(observation_space, k, hidden)
        self.log_std = nn.Parameter(torch.as_tensor((action_space.high - action_space.low) / 4).log())

    def mode(self, obs: Tensor) -> Tensor:  # (B, k)
        return self.body(self.features(obs))

    def log_prob(self, obs: Tensor, acts: Tensor) -> Tensor:
        z = (acts - self.mode(obs)) * torch.exp(-self.log_std)
        return -0.5 * z.square().sum(-1) - self.log_std.sum() - 0.5 * z.shape[-1] * math.log(2 * math.pi)

    def sample(self, obs: Tensor, generator: torch.Generator | None = None) -> Tensor:
        mean = self.mode(obs)
        return mean + self.log_std.exp() * torch.randn(mean.shape, generator=generator)

    def entropy(self, obs: Tensor) -> Tensor:
        each = self.log_std.sum() + 0.5 * self.log_std.numel() * (1 + math.log(2 * math.pi))
        return each.expand(len(obs))


def policy_for(world, hidden: tuple[int, ...] = (64, 64), seed: int = 0) -> Policy:
    """A fresh policy for anything with ``observation_space`` and ``action_space`` (single, not batched)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kind = Categorical if isinstance(world.action_space, spaces.Discrete) else Gaussian
        return kind(world.observation_space, world.action_space, hidden)


class Value(nn.Module):
    """V_φ(s), (B, ...) → (B,)."""

    def __init__(self, observation_space, hidden=(64, 64), seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = Features(observation_space)
            self.body = mlp([self.features.size, *hidden, 1])

    def forward(self, obs: Tensor) -> Tensor:
        return self.body(self.features(obs)).squeeze(-1)


class RewardNet(nn.Module):
    """R_θ(s, a), obs (..., d) and acts (..., k) → (...,). Without a last bias: a constant reward is not identifiable
    from comparisons of clips of equal length."""

    def __init__(self, world, hidden=(64, 64), seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.observed, self.acted = Features(world.observation_space), Features(world.action_space)
            self.body = mlp([self.observed.size + self.acted.size, *hidden, 1], nn.ReLU)
        self.body[-1].bias = None

    def forward(self, obs: Tensor, acts: Tensor) -> Tensor:
        return self.body(torch.cat([self.observed(obs), self.acted(acts)], -1)).squeeze(-1)


class LinearReward(nn.Module):
    """R_w(s, a) = w · φ(s, a), with φ a function of tensors (..., d), (..., k) → (..., m)."""

    def __init__(self, phi, m: int):
        super().__init__()
        self.phi, self.w = phi, nn.Parameter(torch.zeros(m))

    def forward(self, obs: Tensor, acts: Tensor) -> Tensor:
        return self.phi(obs, acts) @ self.w
