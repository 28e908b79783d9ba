"""The person who picks the clip with the larger return (Bradley–Terry), and now and then just presses a key.

    P(first ≻ second) = (1 − λ) σ( β [Σ_t R_θ(s_t, a_t) − Σ_t R_θ(s'_t, a'_t)] ) + λ/2

β is the rationality (inverse temperature, per unit of reward), λ the lapse rate. Source: Christiano et al. (2017), §2.2.3,
where λ = 0.1; lecture 21 (Hanna), slide "RLHF from Preferences". The lecture prints Pr(τ2 ≻ τ1) with the superscript of
clip 1; here the first clip's return stands first. A tie ("the same") counts half for each side, unless ``ties`` ν > 0 makes it an answer
of its own (Davidson, 1970). A short-sighted person (``myopia`` γ < 1) sums γ^(L−1−t) R_t: what came last counts most (Lee et al., 2021).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.data import Comparisons

from .choice import davidson_log_prob


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
    """``reward``: a module R(obs (..., d), acts (..., k)) → (...,). ``rationality`` β > 0, ``lapse`` λ in [0, 1), ``myopia`` γ in (0, 1],
    ``ties`` ν ≥ 0."""

    def __init__(self, reward: nn.Module, rationality: float = 1.0, lapse: float = 0.0, *, myopia: float = 1.0, ties: float = 0.0):
        super().__init__()
        if rationality <= 0 or not 0 <= lapse < 1 or not 0 < myopia <= 1 or ties < 0:
            raise ValueError(f"rationality must be > 0, lapse in [0, 1), myopia in (0, 1] and ties at least 0, "
                             f"got {rationality}, {lapse}, {myopia} and {ties}")
        self.reward, self.rationality, self.lapse, self.myopia, self.ties = reward, rationality, lapse, myopia, ties

    def evidence(self, answered: Comparisons):
        if answered.choice is None:
            raise ValueError("these comparisons have not been answered: call label(pairs, rng) or ask a person")
        rows = tuple(torch.as_tensor(x).float() for x in (answered.obs, answered.acts, answered.choice))
        return rows, np.arange(len(answered))

    def returns(self, obs: Tensor, acts: Tensor) -> Tensor:
        """What each clip is worth to this person, (B, 2, L, ·) → (B, 2)."""
        r = self.reward(obs, acts)  # (B, 2, L)
        return (r * self.myopia ** torch.arange(r.shape[-1] - 1, -1, -1)).sum(-1)

    def advantage(self, obs: Tensor, acts: Tensor) -> Tensor:
        """β [return of the first clip − return of the second], (B, 2, L, ·) → (B,)."""
        returns = self.returns(obs, acts)
        return self.rationality * (returns[:, 0] - returns[:, 1])

    def log_prob(self, obs: Tensor, acts: Tensor, choice: Tensor) -> Tensor:
        delta = self.advantage(obs, acts)
        return davidson_log_prob(delta, choice, self.ties, self.lapse) if self.ties else bradley_terry_log_prob(delta, choice, self.lapse)

    @torch.no_grad()
    def answers(self, pairs: Comparisons) -> np.ndarray:
        """How likely each answer is, (N, 3): the second, the same, the first. ``ValueError`` if a clip is worth NaN to this person."""
        delta = self.advantage(*(torch.as_tensor(x).float() for x in (pairs.obs, pairs.acts))).double()
        if not torch.isfinite(delta).all():
            raise ValueError(f"the reward of a clip in question {int((~torch.isfinite(delta)).nonzero()[0])} is NaN or infinite: "
                             "nobody can say which is better. Look at what the reward is given there")
        if self.ties:
            log_p = [davidson_log_prob(delta, torch.full_like(delta, c), self.ties, self.lapse) for c in (0.0, 0.5, 1.0)]
        else:
            second, first = (bradley_terry_log_prob(delta, torch.full_like(delta, c), self.lapse) for c in (0.0, 1.0))
            log_p = [second, torch.full_like(delta, -math.inf), first]
        return torch.stack(log_p, -1).exp().numpy()

    def prefers_first(self, pairs: Comparisons) -> np.ndarray:
        """P(first ≻ second) for every pair, (N,); "the same" counts half."""
        return self.answers(pairs) @ np.array([0.0, 0.5, 1.0])

    def label(self, pairs: Comparisons, rng: np.random.Generator) -> Comparisons:
        """The same pairs, answered as this person would answer them."""
        first, same = self.answers(pairs).T[:0:-1]
        u = rng.random(len(pairs))
        return replace(pairs, choice=np.where(u < first, 1.0, np.where(u < first + same, 0.5, 0.0)))
