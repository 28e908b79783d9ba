"""The person who picks the clip with the larger return (Bradley–Terry), and now and then just presses a key.

    P(first ≻ second) = (1 − λ) σ( β [Σ_t R_θ(s_t, a_t) − Σ_t R_θ(s'_t, a'_t)] ) + λ/2

β is the rationality (inverse temperature, per unit of reward), λ the lapse rate. Source: Christiano et al. (2017), §2.2.3,
where λ = 0.1; lecture 21 (Hanna), slide "RLHF from Preferences". The lecture prints Pr(τ2 ≻ τ1) with the superscript of
clip 1; here the first clip's return stands first. A tie ("the same") counts half for each side.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.data import Comparisons


def bradley_terry_log_prob(delta: Tensor, choice: Tensor, lapse: float = 0.0) -> Tensor:
    """log P(choice) for return differences ``delta`` = R(first) − R(second), both (B,); ``choice`` as in Comparisons.

    With lapses, log[(1−λ)σ(δ) + λ/2] is taken by log-sum-exp, so that it stays exact where σ(δ) underflows.
    """
    first, second = F.logsigmoid(delta), F.logsigmoid(-delta)
    if lapse:
        guess = torch.full_like(delta, math.log(lapse / 2))
        first, second = (torch.logaddexp(math.log1p(-lapse) + x, guess) for x in (first, second))
    return choice * first + (1 - choice) * second


class PartialReturn(nn.Module):
    """``reward``: a module R(obs (..., d), acts (..., k)) → (...,). ``rationality`` β > 0, ``lapse`` λ in [0, 1)."""

    def __init__(self, reward: nn.Module, rationality: float = 1.0, lapse: float = 0.0):
        super().__init__()
        if rationality <= 0 or not 0 <= lapse < 1:
            raise ValueError(f"rationality must be > 0 and lapse in [0, 1), got {rationality} and {lapse}")
        self.reward, self.rationality, self.lapse = reward, rationality, lapse

    def evidence(self, answered: Comparisons):
        if answered.choice is None:
            raise ValueError("these comparisons have not been answered: call label(pairs, rng) or ask a person")
        rows = tuple(torch.as_tensor(x).float() for x in (answered.obs, answered.acts, answered.choice))
        return rows, np.arange(len(answered))

    def advantage(self, obs: Tensor, acts: Tensor) -> Tensor:
        """β [return of the first clip − return of the second], (B, 2, L, ·) → (B,)."""
        returns = self.reward(obs, acts).sum(-1)  # (B, 2)
        return self.rationality * (returns[:, 0] - returns[:, 1])

    def log_prob(self, obs: Tensor, acts: Tensor, choice: Tensor) -> Tensor:
        return bradley_terry_log_prob(self.advantage(obs, acts), choice, self.lapse)

    @torch.no_grad()
    def prefers_first(self, pairs: Comparisons) -> np.ndarray:
        """P(first ≻ second) for every pair, (N,)."""
        obs, acts = (torch.as_tensor(x).float() for x in (pairs.obs, pairs.acts))
        p = torch.sigmoid(self.advantage(obs, acts).double())
        return ((1 - self.lapse) * p + self.lapse / 2).numpy()

    def label(self, pairs: Comparisons, rng: np.random.Generator) -> Comparisons:
        """The same pairs, answered as this person would answer them."""
        return replace(pairs, choice=(rng.random(len(pairs)) < self.prefers_first(pairs)).astype(float))
