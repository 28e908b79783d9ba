"""``course mutants``: do the tests of a problem set tell right from wrong?

Every exercise has, in ``tests/problem_sets/<set>/<exercise>.py``, named wrong solutions (the mistakes people make) and right
ones written differently. The reference must get full marks, the blank none, a wrong one at most half *because a test said no* (a
variant that merely crashes proves nothing about the tests), a right one all.
A check of tests by mutation: DeMillo, Lipton & Sayward (1978).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import jupytext

from course_lib.machine import course_root

from .marking import blank, mark, reference, solutions


@dataclass(frozen=True)
class Verdict:
    problem_set: str
    exercise: str
    variant: str
    kind: str  # reference, blank, wrong or right
    score: float
    max: float
    ok: bool
    message: str = ""

    def as_dict(self) -> dict:
        return {k: v for k, v in asdict(self).items() if k != "message"}


def variants(name: str) -> list[tuple[str, str, str, str]]:
    """(exercise, variant, kind, code) from the variant files of a problem set."""
    found, exercises = [], solutions(reference(name))
    for path in sorted((course_root() / "tests/problem_sets" / name).glob("*.py")):
        for cell in jupytext.read(path, fmt="py:percent").cells:
            for kind in ("wrong", "right"):
                if cell.cell_type == "code" and kind in cell.metadata:
                    if path.stem not in exercises:
                        raise LookupError(f"{path}: there is no exercise {path.stem!r} in {name}")
                    found.append((path.stem, cell.metadata[kind], kind, cell.source))
    return found


def mutants(name: str, jobs: int = 2, mark=mark) -> list[Verdict]:
    """Every verdict of a problem set, exercises in order. ``mark``: by which marking."""
    good = solutions(reference(name))

    def judge(task):
        ex, variant, kind, code = task
        (m,) = mark(name, good | {ex: code}, only=ex)
        ok = m.score == m.max if kind == "right" else m.score <= m.max / 2 and m.error == "AssertionError"
        return Verdict(name, ex, variant, kind, m.score, m.max, ok, m.message)

    whole = [Verdict(name, m.exercise, "reference", "reference", m.score, m.max, m.score == m.max, m.message)
             for m in mark(name, good)]
    whole += [Verdict(name, m.exercise, "blank", "blank", m.score, m.max, m.score == 0, m.message)
              for m in mark(name, blank(name))]
    with ThreadPoolExecutor(jobs) as pool:
        return whole + list(pool.map(judge, variants(name)))
