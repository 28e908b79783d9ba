"""Which two clips to ask about next.

    disagreement      Var_k P_k                                        the members' variance (Christiano et al. 2017, §2.2.4)
    information gain  H(mean_k P_k) − mean_k H(P_k)                    expected information about which member is right (BALD)

both over P_k(first ≻ second). Pairs are drawn at random first and the best of them kept. Sources: Houlsby et al. (2011), eq. 2, for the
information gain; Bıyık et al. (2019) use it for comparisons. Left out: choosing a batch jointly.
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from course_lib.data import Comparisons, Trajectory, compare


def entropy(p: np.ndarray) -> np.ndarray:
    """Of a coin with probability p, in nats; 0 at 0 and 1."""
    return entr(p) + entr(1 - np.asarray(p))


def disagreement(p: np.ndarray) -> np.ndarray:
    """P_k (K, N) → variance over the members, (N,)."""
    return p.var(0)


def information_gain(p: np.ndarray) -> np.ndarray:
    """P_k (K, N) → expected information gain in nats, (N,), from 0 to log 2."""
    return entropy(p.mean(0)) - entropy(p).mean(0)


def pair_up(clips: list[Trajectory], n: int, rng: np.random.Generator, committee=None, criterion=None, candidates: int = 10) -> Comparisons:
    """``n`` questions about pairs of different clips. With ``criterion`` (one of the two above), the ``n`` best of ``candidates``·n
    random pairs by the ``committee``'s opinions; else random pairs."""
    if len(clips) < 2:
        raise ValueError(f"two clips are needed to ask which is better, got {len(clips)}")
    m = max(n * candidates if criterion is not None else n, 1)
    first = rng.integers(len(clips), size=m)
    second = (first + rng.integers(1, len(clips), size=m)) % len(clips)  # never a clip against itself
    pairs = compare([clips[i] for i in first], [clips[i] for i in second])
    if criterion is None:
        return pairs[:n]
    return pairs[np.argsort(-criterion(committee.prefers_first(pairs)), kind="stable")[:n]]
