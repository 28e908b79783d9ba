"""People who rate on a scale of their own: what is a 7 to one is a 4 to another.

    rating = a_p + b_p · Σ_t R_θ(s_t, a_t) + error,     a_p: how kind person p is,  b_p > 0: how much of the scale they use

A rating says more than a comparison, *if* one knows whose it is: the likelihood is normal, and a_p and b_p are learned with θ. With
``one_scale`` everybody is supposed to use the same scale (one a is learned, and b = 1). Sources: *Teaching robots right and wrong* (2023)
and lecture 21 (Hanna), "preferences, which is often easier than absolute scores".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Ratings:
    """N clips of L steps, and who rated them how: ``obs`` (N, L, d), ``acts`` (N, L, k), ``rater`` (N,) from 0, ``rating`` (N,) or None."""

    obs: np.ndarray
    acts: np.ndarray
    rater: np.ndarray
    rating: np.ndarray | None = None

    def __len__(self):
        return len(self.obs)


class Raters(nn.Module):
    """``reward``: a module R(obs, acts) → (...,). ``kindness`` a and ``spread`` b, (P,): start values, or the truth of simulated people.
    ``error``: standard deviation of a rating. ``scale``: lowest and highest rating; whole numbers between are given. Only b·R is
    identified, not b and R; and the likelihood does not know of rounding and of the ends, which makes b a little small."""

    def __init__(self, reward: nn.Module, kindness, spread, error: float = 1.0, scale: tuple[int, int] | None = (1, 10),
                 one_scale: bool = False):
        super().__init__()
        kindness, spread = torch.as_tensor(kindness, dtype=torch.float32), torch.as_tensor(spread, dtype=torch.float32)
        if kindness.shape != spread.shape or (spread <= 0).any() or error <= 0:
            raise ValueError("every rater needs a kindness and a spread > 0, and the error must be > 0")
        self.reward, self.error, self.scale, self.one_scale = reward, error, scale, one_scale
        self.kindness = nn.Parameter(kindness.mean().reshape(1) if one_scale else kindness)
        self.log_spread = nn.Parameter(torch.zeros(1), requires_grad=False) if one_scale else nn.Parameter(spread.log())

    def evidence(self, rated: Ratings):
        if rated.rating is None:
            raise ValueError("these clips have not been rated: call rate(clips, rng) or ask people")
        self._known(rated)
        if not np.isfinite(rated.rating).all():
            raise ValueError(f"rating {int(np.flatnonzero(~np.isfinite(rated.rating))[0])} is not a number: leave that clip out")
        rows = (torch.as_tensor(rated.obs).float(), torch.as_tensor(rated.acts).float(), torch.as_tensor(rated.rater),
                torch.as_tensor(rated.rating).float())
        return rows, np.arange(len(rated))

    def _known(self, shown: Ratings) -> None:
        rater, n = np.asarray(shown.rater), 1 + int(np.max(shown.rater)) if self.one_scale else len(self.kindness)
        if rater.dtype.kind not in "iu" or ((rater < 0) | (rater >= n)).any():
            raise ValueError(f"raters are numbered from 0 to {n - 1}, found {np.unique(rater)}: number the people who rated, without gaps")

    def expected(self, obs: Tensor, acts: Tensor, rater: Tensor) -> Tensor:
        """The rating that is meant, before it is rounded, (B,)."""
        rater = torch.zeros_like(rater) if self.one_scale else rater
        return self.kindness[rater] + self.log_spread.exp()[rater] * self.reward(obs, acts).sum(-1)

    def log_prob(self, obs: Tensor, acts: Tensor, rater: Tensor, rating: Tensor) -> Tensor:
        return torch.distributions.Normal(self.expected(obs, acts, rater), self.error).log_prob(rating)

    @torch.no_grad()
    def rate(self, shown: Ratings, rng: np.random.Generator) -> Ratings:
        """The same clips, rated: with an error, rounded, and cut off at the ends of the scale."""
        self._known(shown)
        meant = self.expected(torch.as_tensor(shown.obs).float(), torch.as_tensor(shown.acts).float(), torch.as_tensor(shown.rater)).numpy()
        said = meant + self.error * rng.standard_normal(len(meant))
        return replace(shown, rating=np.clip(np.rint(said), *self.scale) if self.scale else said)
