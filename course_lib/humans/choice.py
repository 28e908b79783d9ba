"""How likely a choice is, given what the options are worth to the person who chooses.

    one of many   (Luce–Shepard)     P(i) = e^{u_i} / Σ_j e^{u_j}
    a ranking     (Plackett–Luce)    P(r_1 ≻ r_2 ≻ …) = Π_m e^{u_{r_m}} / Σ_{j ≥ m} e^{u_{r_j}}
    with ties     (Davidson)         P(a ≻ b) : P(tie) : P(b ≻ a) = e^{u_a} : ν e^{(u_a + u_b)/2} : e^{u_b}
    ratings       (Elo)              P(a beats b) = 1 / (1 + 10^{(E_b − E_a)/400}) = σ((E_a − E_b) ln 10 / 400)

Bradley–Terry is the case of two options and no ties. *Teaching robots right and wrong* (2023) prints Elo with base e and 400; real Elo
has base 10, so the scale that matches a logistic is 400/ln 10 ≈ 173.7. Sources: Luce (1959); Plackett (1975); Davidson (1970); Elo (1978).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

ELO_SCALE = 400 / math.log(10)  # rating points per unit of utility: 173.7…


def luce_log_prob(utilities: Tensor, chosen: Tensor) -> Tensor:
    """log P(chosen): utilities (B, K), chosen (B,) int64 → (B,)."""
    return -F.cross_entropy(utilities, chosen, reduction="none")


def plackett_luce_log_prob(utilities: Tensor, ranking: Tensor) -> Tensor:
    """log P(ranking): utilities (B, K); ranking (B, M), best first, M ≤ K distinct options; the others come after, in any order. → (B,).

    M = 1 is Luce's choice; M = K − 1 and M = K are a whole ranking.
    """
    left, total = utilities, torch.zeros(len(utilities), dtype=utilities.dtype)
    for m in range(ranking.shape[1]):
        total = total + luce_log_prob(left, ranking[:, m])
        left = left.scatter(1, ranking[:, m:m + 1], -math.inf)  # taken: not to be chosen again
        if m + 1 == utilities.shape[1]:
            break
    return total


def davidson_log_prob(delta: Tensor, choice: Tensor, nu: float, lapse: float = 0.0) -> Tensor:
    """log P(choice) for utility differences ``delta`` = u_first − u_second (B,); choice 1 (first), 0 (second) or 0.5 (the same). ``nu`` ≥ 0
    is how ready the person is to say "the same": at delta = 0 they do so with probability ν/(2 + ν). A lapse falls on each of the three
    answers alike. → (B,).

    Unlike half a label for each side, a tie here is an answer of its own, and says that the difference is small.
    """
    if nu < 0:
        raise ValueError(f"nu must be at least 0, got {nu}")
    log_nu = math.log(nu) if nu else -math.inf
    three = torch.stack([-delta / 2, torch.full_like(delta, log_nu), delta / 2], -1)  # second, the same, first
    log_p = luce_log_prob(three, (2 * choice).long())
    return torch.logaddexp(math.log1p(-lapse) + log_p, torch.full_like(delta, math.log(lapse / 3))) if lapse else log_p


def pairs_of_ranking(ranking: Tensor) -> Tensor:
    """The K(K−1)/2 comparisons that a ranking (B, K) of K options holds: (B, K(K−1)/2, 2), the better option first.

    InstructGPT (Ouyang et al., 2022, eq. 1) puts all of one prompt into one batch element and divides by their number, so that a prompt
    with many answers does not weigh more. They are not independent: a ranking is likelier under Plackett–Luce than under their product.
    """
    i, j = torch.triu_indices(ranking.shape[1], ranking.shape[1], 1)
    return torch.stack([ranking[:, i], ranking[:, j]], -1)


def elo_expected(a: Tensor, b: Tensor) -> Tensor:
    """Expected score of a player rated ``a`` against one rated ``b``."""
    return torch.sigmoid((a - b) / ELO_SCALE)


def elo_update(a: float, b: float, score: float, k: float = 32.0) -> tuple[float, float]:
    """Ratings after one game in which ``a`` scored 1 (won), 0.5 or 0: E ← E + k (score − expected). A stochastic gradient step on
    the log-likelihood of Bradley–Terry, of size k·ELO_SCALE in units of rating² (see the tests)."""
    change = k * (score - float(elo_expected(torch.tensor(a), torch.tensor(b))))
    return a + change, b - change
