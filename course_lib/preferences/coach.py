"""COACH: feedback is an advantage, so it goes where the advantage stands in the policy gradient.

    e ← λ e + ∇ log π_θ(a_t|s_t),     θ ← θ + α f_{t+d} e,     π_θ = softmax(θ[s])

If f is A^π(s, a), the expectation of f ∇ log π over the learner's own steps is the gradient of its return (up to the discounting of
states), and no critic is needed. The trace e shares a word out among the steps before it; d steps of delay are bridged by crediting the
word to the trace as it was then. Source: MacGlashan et al. (2017), Algorithm 1. Left out: several traces with different λ.
"""

from __future__ import annotations

import numpy as np


def softmax(theta: np.ndarray) -> np.ndarray:
    """π (…, A) of preferences θ (…, A)."""
    p = np.exp(theta - theta.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def score(theta: np.ndarray, s: int, a: int) -> np.ndarray:
    """∇_θ log π_θ(a|s), (S, A): 1 − π at (s, a), −π(a'|s) at the other actions there, 0 elsewhere."""
    g = np.zeros_like(theta)
    g[s] = -softmax(theta[s])
    g[s, a] += 1
    return g


def coach_update(theta: np.ndarray, trace: np.ndarray, s: int, a: int, said: float, rate: float, decay: float = 0.0):
    """One step of the learner and what was said of it: the new (θ, e), each (S, A). ``decay`` λ in [0, 1): 0 credits this step alone."""
    trace = decay * trace + score(theta, s, a)
    return theta + rate * said * trace, trace
