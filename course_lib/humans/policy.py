"""The person who acts by a policy: the likelihood of what they did is Σ log π_θ(a|s).

Fitting this person *is* behaviour cloning, and supervised fine-tuning of a language model is the same sentence with
tokens for actions. Source: lecture 21, *Learning from Humans* (Hanna), slide "Imitation Learning".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_lib.data import Demonstrations
from course_lib.envs import Dynamics
from course_lib.rl.networks import Policy
from course_lib.rl.rollouts import rollout


class ActsByPolicy(nn.Module):
    """``policy`` is any module with ``log_prob(obs, acts)``; see :mod:`course_lib.rl.networks`."""

    def __init__(self, policy: Policy):
        super().__init__()
        self.policy = policy

    def evidence(self, demonstrations: Demonstrations):
        obs, acts, trajectory = demonstrations.flat()
        return (torch.as_tensor(obs), torch.as_tensor(acts)), trajectory

    def standardise(self, rows) -> None:
        """Set the policy's input scale from the training rows, unless a warm start has set it already."""
        features = self.policy.features
        if not features.n and torch.equal(features.std, torch.ones_like(features.std)):
            self.policy.standardise(rows[0].numpy())

    def log_prob(self, obs: Tensor, acts: Tensor) -> Tensor:
        return self.policy.log_prob(obs, acts)

    def demonstrate(self, world: Dynamics, n: int, rng) -> Demonstrations:
        """``n`` episodes in which this person acts, every action drawn from π_θ."""
        return rollout(world, self.policy.sampled, n, rng).demonstrations()
