"""A committee of reward models, fitted to comparisons as one batched network.

    R_k(s, a),  k = 1 … K;      P_k(first ≻ second) = (1 − λ) σ(Σ_t R_k(first) − Σ_t R_k(second)) + λ/2

Member k sees each comparison as often as its bootstrap draw says (Poisson weights, mean 1), so that members differ where the data leave
them free; their mean is the reward, their disagreement a reason to ask. Sources: Christiano et al. (2017), §2.2.3 (ensemble, bootstrap,
λ = 0.1, normalised output); Oza & Russell (2001) for Poisson weights. Left out: adaptive regularisation by validation loss.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.data import Comparisons
from course_lib.humans import bradley_terry_log_prob
from course_lib.rl.networks import Features


class Committee(nn.Module):
    """``members`` reward networks with ``hidden`` tanh units (bounded, so that a reward does not grow without end where nobody was asked).
    Fit with :func:`course_lib.humans.fit`; then call :meth:`normalise`."""

    def __init__(self, world, members: int = 5, hidden: tuple[int, ...] = (64, 64), lapse: float = 0.1, seed: int = 0):
        super().__init__()
        if not 0 <= lapse < 1 or members < 1:
            raise ValueError(f"lapse must be in [0, 1) and members at least 1, got {lapse} and {members}")
        self.members, self.lapse = members, lapse
        self.observed, self.acted = Features(world.observation_space), Features(world.action_space)
        sizes = [self.observed.size + self.acted.size, *hidden, 1]
        draw = torch.Generator().manual_seed(seed)
        self.weights = nn.ParameterList(torch.randn(members, a, b, generator=draw) * math.sqrt(1 / a) for a, b in zip(sizes, sizes[1:]))
        self.biases = nn.ParameterList(torch.zeros(members, 1, b) for b in sizes[1:-1])  # none at the end: a constant is not identifiable
        self.register_buffer("shift", torch.zeros(members))
        self.register_buffer("scale", torch.ones(members))
        self.seed = seed

    def each(self, obs: Tensor, acts: Tensor) -> Tensor:
        """R_k for every member: obs (..., d), acts (..., k) → (K, ...)."""
        x = torch.cat([self.observed(obs), self.acted(acts)], -1)
        shape = x.shape[:-1]
        x = x.reshape(1, -1, x.shape[-1])
        for i, w in enumerate(self.weights):
            x = torch.matmul(x, w)  # (K, M, out)
            if i < len(self.biases):
                x = torch.tanh(x + self.biases[i])
        return x.reshape(self.members, *shape)

    def forward(self, obs: Tensor, acts: Tensor) -> Tensor:
        """The reward: mean of the normalised members, (...,)."""
        r = self.each(obs, acts)
        view = (self.members, *[1] * (r.ndim - 1))
        return ((r - self.shift.view(view)) / self.scale.view(view)).mean(0)

    @torch.no_grad()
    def normalise(self, obs: np.ndarray, acts: np.ndarray) -> None:
        """Give every member mean 0 and standard deviation 1 on these steps, (M, d) and (M, k): comparisons fix neither the zero nor, with
        noise unknown, the unit of a reward, and a learner's step size should not depend on either."""
        r = self.each(torch.as_tensor(obs), torch.as_tensor(acts))
        self.shift.copy_(r.mean(1))
        self.scale.copy_(r.std(1).clamp_min(1e-6))

    # ---- as a person: what fit() asks -------------------------------------------------------------------------------

    def evidence(self, answered: Comparisons):
        if answered.choice is None:
            raise ValueError("these comparisons have not been answered: call label(pairs, rng) or ask a person")
        rows = tuple(torch.as_tensor(x).float() for x in (answered.obs, answered.acts, answered.choice))
        shape = (len(answered), self.members)
        draws = np.random.default_rng([self.seed, 1]).poisson(1.0, shape) if self.members > 1 else np.ones(shape)
        return (*rows, torch.as_tensor(draws).float()), np.arange(len(answered))

    def standardise(self, rows) -> None:
        """Set the scale of the inputs from the clips, (B, 2, L, ·)."""
        self.observed.standardise(rows[0].reshape(-1, rows[0].shape[-1]).numpy())
        if not self.acted.n:
            self.acted.standardise(rows[1].reshape(-1, rows[1].shape[-1]).numpy())

    def advantage(self, obs: Tensor, acts: Tensor) -> Tensor:
        """Return of the first clip minus that of the second by each member, (B, 2, L, ·) → (K, B)."""
        returns = self.each(obs, acts).sum(-1)  # (K, B, 2)
        return returns[..., 0] - returns[..., 1]

    def log_prob(self, obs: Tensor, acts: Tensor, choice: Tensor, draws: Tensor) -> Tensor:
        """Summed over members, each with its own bootstrap weights, (B,). (They share nothing, so each is fitted as if alone.)"""
        return (draws.T * bradley_terry_log_prob(self.advantage(obs, acts), choice.expand(self.members, -1), self.lapse)).sum(0)

    @torch.no_grad()
    def prefers_first(self, pairs: Comparisons) -> np.ndarray:
        """P_k(first ≻ second) without lapses, (K, N)."""
        return torch.sigmoid(self.advantage(*(torch.as_tensor(x).float() for x in (pairs.obs, pairs.acts)))).numpy()
