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
    """``policy`` is any module with ``log_prob(obs, acts)``; see :mod:`course_lib.rl.networks`. A fresh one takes its input scale
    from the first evidence it is fitted to (``scale_inputs``); a trained one must keep the scale it was trained with."""

    def __init__(self, policy: Policy, scale_inputs: bool = True):
        super().__init__()
        self.policy, self.scale_inputs = policy, scale_inputs

    def evidence(self, demonstrations: Demonstrations):
        obs, acts, trajectory = demonstrations.flat()
        return (torch.as_tensor(obs), torch.as_tensor(acts)), trajectory

    def standardise(self, rows) -> None:
        """Set the policy's input scale from the training rows, once."""
        if self.scale_inputs:
            self.policy.standardise(rows[0].numpy())
            self.scale_inputs = False

    def log_prob(self, obs: Tensor, acts: Tensor) -> Tensor:
        return self.policy.log_prob(obs, acts)

    def demonstrate(self, world: Dynamics, n: int, rng) -> Demonstrations:
        """``n`` episodes in which this person acts, every action drawn from π_θ."""
        return rollout(world, self.policy.sampled, n, rng).demonstrations()
