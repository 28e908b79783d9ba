"""A teacher with the habits that people have: besides slips and short sight, they skip what is not worth comparing.

    skip  if  max(R₁, R₂) < δ_skip          neither clip shows anything yet
    same  if  |R₁ − R₂| < δ_same            no difference that this person can see
    else  Bradley–Terry, with rationality, myopia and lapses

Source: Lee et al. (2021), *B-Pref*, "SimTeacher"; their mistake, a flipped answer with probability ε, is a lapse of 2ε here.
Thresholds cannot be learned by gradients: to explain people who tie, use ``PartialReturn(ties=ν)``.
"""

from __future__ import annotations

from dataclasses import replace

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
    def label(self, pairs: Comparisons, rng: np.random.Generator) -> Comparisons:
        """The pairs that were not skipped, answered. There may be none."""
        answered = super().label(pairs, rng)
        returns = self.returns(*(torch.as_tensor(x).float() for x in (pairs.obs, pairs.acts))).numpy()  # (N, 2)
        alike = np.abs(returns[:, 0] - returns[:, 1]) < self.same
        return replace(answered, choice=np.where(alike, 0.5, answered.choice))[returns.max(1) >= self.skip]
