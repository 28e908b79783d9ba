"""Where a policy spends its time.

    ρ_π(s) = Σ_t γ^t P(s_t = s | π)        ρ_π = μ + γ P_πᵀ ρ_π    (infinite horizon)

Every expected return is linear in it, J(π) = Σ ρ_π(s, a) R(s, a), and each occupancy measure belongs to exactly one stationary
policy, π(a|s) = ρ(s, a)/ρ(s), wherever ρ(s) > 0 (Puterman 1994, §6.9; Syed, Bowling & Schapire 2008).
"""

from __future__ import annotations

import numpy as np

from course_lib.envs.tabular import TabularMDP


def occupancy(mdp: TabularMDP, policy: np.ndarray, horizon: int | None = None) -> np.ndarray:
    """Discounted state-action occupancy ρ(s, a), (S, A), of ``policy`` (S, A) or, with a horizon, (T, S, A).

    It sums to 1/(1−γ), or (1−γ^T)/(1−γ) with a horizon, T if γ = 1. Terminal states count as places to be.
    """
    if horizon is None:
        if mdp.gamma >= 1:
            raise ValueError("with gamma = 1 time spent is infinite: pass a horizon")
        P = np.einsum("sa,sat->st", policy, mdp.P)
        return np.linalg.solve(np.eye(mdp.n_states) - mdp.gamma * P.T, mdp.initial)[:, None] * policy
    policy = np.broadcast_to(policy, (horizon, *policy.shape[-2:]))
    d, total = mdp.initial, np.zeros_like(mdp.R)
    for t in range(horizon):
        here = d[:, None] * policy[t]
        total += mdp.gamma**t * here
        d = np.einsum("sa,sat->t", here, mdp.P)
    return total
