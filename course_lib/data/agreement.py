"""Do people agree? Chance-corrected agreement of those who answered the same questions.

    κ = (p_observed − p_chance) / (1 − p_chance)

1 if all agree, 0 if they agree as often as by chance. Cohen's κ is of two people, Fleiss' κ of several on the questions that all of them
answered. Which of two clips is called the first is arbitrary, and must not matter: so each question is counted both ways round, and by
chance
people agree half of the time (less, where some say "the same"). Sources: Cohen (1960), Fleiss (1971); computed by statsmodels. Left out:
people who answered different questions (Krippendorff's α), confidence intervals.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .store import LabelStore


@dataclass(frozen=True)
class Agreement:
    """``fleiss`` κ of ``annotators`` on the ``questions`` that all of them answered; ``cohen[a, b]``: κ of a and b, and on how many
    questions. κ is NaN where it is not defined: no shared question, or nothing but ties."""

    annotators: tuple[str, ...]
    questions: int
    fleiss: float
    cohen: dict[tuple[str, str], tuple[float, int]]


def cohens(a: np.ndarray, b: np.ndarray) -> float:
    """Cohen's κ of two people's answers (N,), numbers that name categories."""
    from statsmodels.stats.inter_rater import cohens_kappa

    names = np.unique([a, b])
    if len(a) == 0 or len(names) < 2:
        return float("nan")
    table = np.array([[np.sum((a == x) & (b == y)) for y in names] for x in names])
    return float(cohens_kappa(table, return_results=False))


def fleiss(answers: np.ndarray) -> float:
    """Fleiss' κ of answers (questions, people)."""
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    if 0 in answers.shape or len(np.unique(answers)) < 2:
        return float("nan")
    return float(fleiss_kappa(aggregate_raters(answers)[0]))


def both_ways(answers: np.ndarray) -> np.ndarray:
    """Answers (N, ...) and, after them, what they would have been had the two changed names, (2N, ...)."""
    return np.concatenate([answers, 1 - answers])


def agreement(store: LabelStore, task: str, kind: str = "human", least: int = 5, most: int = 12) -> Agreement:
    """Of everybody who answered at least ``least`` questions of ``task``; a question shown in the other order is the same question.
    Pairs are compared among the first ``most`` people."""
    said: dict[str, dict[tuple, float]] = {}
    for e in store.answers(task=task, kind=kind):
        turned = e["first"] > e["second"]
        said.setdefault(e["annotator"], {})[tuple(sorted((e["first"], e["second"])))] = 1 - e["choice"] if turned else e["choice"]
    people = tuple(sorted(a for a, answers in said.items() if len(answers) >= least))
    cohen = {}
    for a, b in combinations(people[:most], 2):
        shared = sorted(said[a].keys() & said[b].keys())
        cohen[a, b] = cohens(*(both_ways(np.array([said[p][q] for q in shared])) for p in (a, b))), len(shared)
    times = Counter(q for a in people for q in said[a])
    all_did = [q for q, n in times.items() if n == len(people)]
    table = np.array([[said[a][q] for a in people] for q in all_did]) if len(people) > 1 else np.zeros((0, 0))
    return Agreement(people, len(all_did), fleiss(both_ways(table)), cohen)
