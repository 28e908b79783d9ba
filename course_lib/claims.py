"""What a notebook promises: measured quantities with their uncertainty, held against a bound, or an error.

    claims = Claims("01_behavior_cloning")
    claims.add("regret exponent of the cloned driver", slopes, at_least=1.3)
    claims.show()            # prints the table; raises if one does not hold

A claim holds if its whole interval does: for ``at_least`` the lower end, for ``at_most`` the upper end. A quantity that is
computed exactly has an interval of width 0.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

MIME = "application/vnd.course.claims+json"


@dataclass(frozen=True)
class Claim:
    notebook: str
    claim: str
    measured: float
    n: int
    low: float
    high: float
    bound: str
    holds: bool


class ClaimFailed(AssertionError):
    """A notebook's promise did not hold in this run."""


def interval(samples, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student-t confidence interval of independent samples (n,): (mean, low, high).

    Source: any statistics text; n ≥ 2 needed.
    """
    x = np.asarray(samples, float).ravel()
    if len(x) < 2:
        raise ValueError(f"an interval needs at least two independent samples, got {len(x)}")
    half = stats.t.ppf((1 + level) / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


def exponent(x, y) -> float:
    """Slope of log y on log x by least squares: the p of y ≈ c·x^p. All values must be positive."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if (x <= 0).any() or (y <= 0).any():
        raise ValueError("a power law can be fitted to positive values only: leave out points that measured 0")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def measurable(costs) -> np.ndarray:
    """Which rows of (H, N) have a mean whose interval lies above 0, (H,) bool: an exponent is fitted to these alone."""
    return np.array([row.std() > 0 and interval(row)[1] > 0 for row in np.asarray(costs)])


def normalised(score, random, best):
    """0 for the random agent, 1 for the expert (or the true-reward agent). Broadcasts."""
    return (np.asarray(score) - random) / (best - random)


class Claims:
    def __init__(self, notebook: str):
        self.notebook, self.rows = notebook, []

    def add(self, claim: str, samples=None, *, exactly: float | None = None, measured=None, low=None, high=None,
            n: int | None = None, at_least: float | None = None, at_most: float | None = None) -> None:
        """Give independent ``samples`` (their mean is the claim), or ``exactly`` for a computed number, or
        ``measured, low, high, n`` from a procedure of your own."""
        if samples is not None:
            measured, low, high = interval(samples)
            n = len(np.ravel(samples))
        elif exactly is not None:
            measured = low = high = float(exactly)
            n = 1 if n is None else n
        if None in (measured, low, high, n) or (at_least is None and at_most is None):
            raise ValueError("a claim needs a measurement with its interval and n, and a bound")
        holds = (at_least is None or low >= at_least) and (at_most is None or high <= at_most)
        bound = " and ".join(f"{sign} {value:g}" for sign, value in (("≥", at_least), ("≤", at_most))
                             if value is not None)
        self.rows.append(Claim(self.notebook, claim, float(measured), int(n), float(low), float(high), bound,
                               bool(holds)))

    def show(self) -> None:
        """Print the table, publish it for ``course claims``, and raise :class:`ClaimFailed` if one does not hold."""
        from IPython.display import display

        from course_lib.show import table

        shape = lambda r: f"{r.measured:.3g}" if r.low == r.high else f"{r.measured:.3g}  [{r.low:.3g}, {r.high:.3g}]"
        display({MIME: [asdict(r) for r in self.rows], "text/plain": ""}, raw=True)
        table([{"claim": r.claim, "measured [95 % interval]": shape(r), "n": r.n, "must be": r.bound,
                "holds": "yes" if r.holds else "NO"} for r in self.rows])
        failed = [r for r in self.rows if not r.holds]
        if failed:
            raise ClaimFailed("; ".join(f"{r.claim}: {shape(r)}, must be {r.bound}" for r in failed))
