"""Planning when the world is known: Bellman's backup, repeated.

    Q(s,a) = R(s,a) + γ Σ_s' P(s'|s,a) V(s'),    V(s) = max_a Q(s,a)

Sources: Bellman (1957); Sutton & Barto (2018), eqs. 4.10 and 4.4. For the soft version see ``soft_value_iteration``.
"""

from __future__ import annotations

import numpy as np

from course_lib.envs.tabular import TabularMDP


def backup(mdp: TabularMDP, V: np.ndarray) -> np.ndarray:
    """Q (S, A) of acting once and then collecting V (S,). Terminal states have V = 0 and stay so."""
    return mdp.R + mdp.gamma * mdp.P @ np.where(mdp.terminal, 0.0, V)


def value_iteration(mdp: TabularMDP, horizon: int | None = None, tolerance: float = 1e-10, most: int = 100_000):
    """Optimal values: (V (S,), Q (S, A)), or with a ``horizon`` T: (V (T+1, S), Q (T, S, A)), V[T] = 0.

    Raises ``ArithmeticError`` if V has not settled after ``most`` sweeps (γ = 1 and a reward that can be collected for ever).
    """
    V = np.zeros(mdp.n_states)
    if horizon is not None:
        Vs, Qs = [V], []
        for _ in range(horizon):
            Qs.append(backup(mdp, Vs[-1]))
            Vs.append(Qs[-1].max(-1))
        return np.stack(Vs[::-1]), np.stack(Qs[::-1])
    for _ in range(most):
        Q = backup(mdp, V)
        V, before = Q.max(-1), V
        if np.abs(V - before).max() < tolerance:
            return V, Q
    raise ArithmeticError(f"values still move by {np.abs(V - before).max():.2g} after {most} sweeps: with gamma = 1 "
                          "pass a horizon, or make every policy reach a terminal state")


def greedy(Q: np.ndarray) -> np.ndarray:
    """The policy π (…, S, A) that takes the best action; ties share equally."""
    best = np.isclose(Q, Q.max(-1, keepdims=True), rtol=0, atol=1e-9)
    return best / best.sum(-1, keepdims=True)


def evaluate(mdp: TabularMDP, policy: np.ndarray) -> np.ndarray:
    """V^π (S,), solved exactly: (I − γ P_π) V = R_π. ``policy`` (S, A)."""
    P = np.einsum("sa,sat->st", policy, mdp.P) * ~mdp.terminal  # what is collected after a terminal state is 0
    return np.linalg.solve(np.eye(mdp.n_states) - mdp.gamma * P, (policy * mdp.R).sum(-1))
