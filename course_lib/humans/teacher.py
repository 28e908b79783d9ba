"""A teacher with the habits that people have: besides slips and short sight, they skip what is not worth comparing.

    skip  if  max(R₁, R₂) < δ_skip          neither clip shows anything yet
    same  if  |R₁ − R₂| < δ_same            no difference that this person can see
    else  Bradley–Terry, with rationality, myopia and lapses

Source: Lee et al. (2021), *B-Pref*, "SimTeacher"; their mistake, a flipped answer with probability ε, is a lapse of 2ε here.
Thresholds cannot be learned by gradients: to explain people who tie, use ``PartialReturn(ties=ν)``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course_lib.data import Comparisons

from .partial_return import PartialReturn


class Teacher(PartialReturn):
    """``same`` ≥ 0 and ``skip``: in units of a clip's return as this person sees it."""

    def __init__(self, reward: nn.Module, rationality: float = 1.0, lapse: float = 0.0, *, myopia: float = 1.0, same: float = 0.0,
                 skip: float = -np.inf):
        super().__init__(reward, rationality, lapse, myopia=myopia)
        if same < 0:
            raise ValueError(f"same must be at least 0, got {same}")
        self.same, self.skip = same, skip

    @torch.no_grad()
    def _worth(self, pairs: Comparisons) -> np.ndarray:  # (N, 2)
        return self.returns(*(torch.as_tensor(x).float() for x in (pairs.obs, pairs.acts))).numpy()

    def answers(self, pairs: Comparisons) -> np.ndarray:
        """How likely each answer is if the question is not skipped, (N, 3): the second, the same, the first."""
        worth = self._worth(pairs)
        alike = np.abs(worth[:, 0] - worth[:, 1]) < self.same
        return np.where(alike[:, None], [0.0, 1.0, 0.0], super().answers(pairs))

    def label(self, pairs: Comparisons, rng: np.random.Generator) -> Comparisons:
        """The pairs that were not skipped, answered. There may be none."""
        return super().label(pairs, rng)[self._worth(pairs).max(1) >= self.skip]

    def log_prob(self, obs, acts, choice):
        raise TypeError("thresholds have no gradient: explain a person who ties by PartialReturn(reward, ties=ν)")
