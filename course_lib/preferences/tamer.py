"""TAMER: learn what the person would say, and do what would please them most now.

    Ĥ(s, a) ≈ feedback,   a = argmax_a Ĥ(s, a):   no discount, no planning: the person has looked ahead already.

What is said comes late. A word at time t belongs to the step that lasted from t_i to t_{i+1} with the credit
c_i = F(t − t_i) − F(t − t_{i+1}), F the distribution of the person's delay, and the model is moved so that the credited steps together
predict the word:

    Ĥ ← Ĥ + α (h − Σ_i c_i Ĥ(s_i, a_i)) c_i      at (s_i, a_i), for every i.

Source: Knox & Stone (2009), §3, Algorithms 1 and 2. Left out: extrapolation by features (this is the tabular form), TAMER+RL.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

DELAY = stats.uniform(0.2, 0.6)  # Knox & Stone: a person's word comes 0.2 to 0.8 seconds after what it is about


def credit(spoken: float, begins: np.ndarray, ends: np.ndarray, delay=DELAY) -> np.ndarray:
    """The share c (N,) of a word at time ``spoken`` that belongs to each of the steps [begins, ends), times in seconds. Without a delay
    (None) it belongs to the last step that has begun. The shares sum to 1 if the steps cover all times it may be about."""
    if delay is None:
        started = np.flatnonzero(begins <= spoken)
        return (np.arange(len(begins)) == (started[-1] if len(started) else -1)).astype(float)
    return delay.cdf(spoken - begins) - delay.cdf(spoken - ends)


def tamer_update(H: np.ndarray, s: np.ndarray, a: np.ndarray, credits: np.ndarray, said: float, rate: float) -> np.ndarray:
    """Ĥ (S, A) after one word about the steps s, a (N,), credited by ``credits`` (N,): a gradient step on half the squared error."""
    error = said - (credits * H[s, a]).sum()
    H = H.copy()
    np.add.at(H, (s, a), rate * error * credits)  # a state may be visited twice within the window
    return H


def pleases_most(H: np.ndarray, s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """argmax_a Ĥ(s, a) for states (N,), ties broken at random."""
    return np.argmax(H[s] + 1e-9 * rng.random(H[s].shape), -1)
