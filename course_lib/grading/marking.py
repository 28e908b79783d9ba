"""Marking one notebook: the student's solution cells against the course's own tests.

The tests come from the source notebook (hidden ones too, where solutions/ is there), the answers from the student's by
``grade_id``; nothing else of the student's notebook is run, so an edited, moved or deleted test cell changes nothing. The two run
in processes of their own (``trial.py``); where those run is ``sandbox.py``'s matter: ``Plain()`` for one's own code, a ``Sandbox``
for other people's.
"""

from __future__ import annotations

import functools
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import msgpack
import nbformat

from course_lib.machine import course_root

from .checks import checks, defined
from .sandbox import Plain


@dataclass(frozen=True)
class Mark:
    exercise: str
    score: float
    max: float
    message: str
    error: str = ""  # the kind of failure: "" if none, "AssertionError" if a test said no, else what was raised
    checks: tuple[dict, ...] = ()  # name, hidden, kind ("" if passed), said

    def as_dict(self) -> dict:
        return {k: v for k, v in asdict(self).items() if k not in ("error", "checks")}


def find(problem_set: str) -> str:
    """The full name of a problem set: ``ps1`` → ``ps1_behavior_cloning``."""
    names = sorted(p.parent.name for p in (course_root() / "assignments").glob("*/*.ipynb"))
    hits = [n for n in names if n == problem_set or n.startswith(problem_set + "_")]
    if len(hits) != 1:
        raise LookupError(f"no problem set {problem_set!r}; there are: {', '.join(names) or 'none'}")
    return hits[0]


def reference(name: str) -> nbformat.NotebookNode:
    """The source notebook, with solutions and hidden tests; a student's copy of the course has none, and the released one takes
    its place."""
    return nbformat.read(_source(name), as_version=4)


def _source(name: str) -> Path:
    path = course_root() / "solutions" / name / f"{name}.ipynb"
    return path if path.exists() else course_root() / "assignments" / name / f"{name}.ipynb"


def source_cells(name: str) -> tuple[dict, ...]:
    """kind, text and nbgrader metadata of every cell of the source notebook."""
    path = _source(name)
    return _read_cells(path, path.stat().st_mtime_ns)


@functools.lru_cache(8)
def _read_cells(path: Path, changed: int) -> tuple[dict, ...]:
    cells = nbformat.read(path, as_version=4).cells
    return tuple(dict(kind=c.cell_type, text=c.source, meta=dict(c.metadata.get("nbgrader", {}))) for c in cells)


def points(cells) -> dict[str, float]:
    """Points of every exercise that tests mark, in order."""
    return {
        c["meta"]["grade_id"].removesuffix("-test"): c["meta"]["points"]
        for c in cells
        if c["kind"] == "code" and c["meta"].get("grade") and not c["meta"].get("solution")
    }


def score(points: float, passed: int, of: int) -> float:
    """All points if every check passes; otherwise the share that passed, of half of them."""
    return points if passed == of else round(points / 2 * passed / of, 2)


def solutions(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The text of every solution cell by exercise. A copied cell counts once, the first time."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and meta.get("solution"):
            found.setdefault(meta.get("grade_id"), cell.source)
    return found


def blank(name: str) -> dict[str, str]:
    """What a student who writes nothing hands in."""
    return solutions(nbformat.read(course_root() / "assignments" / name / f"{name}.ipynb", as_version=4))


def load(path: Path) -> nbformat.NotebookNode:
    """A learner's notebook; ``ValueError`` says what is the matter with a file that is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise ValueError(f"there is no {path}: `course lab` lays a copy of the problem set in your workspace") from None
    except (json.JSONDecodeError, UnicodeDecodeError, nbformat.reader.NotJSONError, AttributeError) as error:
        raise ValueError(
            f"{path} is not a readable notebook ({error}). Jupyter keeps the last version it saved in "
            f"{Path(path).parent / '.ipynb_checkpoints'}"
        ) from error


def mark(name: str, answers: dict[str, str], *, only: str | None = None, limit_s: float = 120, where=None) -> list[Mark]:
    """Marks of every exercise (or of ``only`` one)."""
    cells = source_cells(name)
    return marks(cells, run(cells, answers, Plain() if where is None else where, only=only, limit_s=limit_s), only)


def marks(cells, result: dict, only: str | None = None) -> list[Mark]:
    """What a ``run`` comes to in points."""
    found = []
    for ex, most in points(cells).items():
        if only in (None, ex):
            checks = result["tests"][ex]
            failed = [c for c in checks if c["kind"]]
            error = next((c["kind"] for c in failed if c["kind"] == "AssertionError"), failed[0]["kind"] if failed else "")
            message = "all tests pass" if not failed else failed[0]["said"]
            found.append(Mark(ex, score(most, len(checks) - len(failed), len(checks)), most, message, error, tuple(checks)))
    return found


def run(cells, answers: dict[str, str], where, *, only: str | None = None, limit_s: float = 120, total_s: float = 1800) -> dict:
    """Try every answer against the tests in ``cells`` (see ``source_cells``): {"tests": {exercise: [check, …]}, "solutions":
    {exercise: {kind, said, printed}}}.

    An exercise that takes more than ``limit_s`` seconds, or ends its process, fails every check, with the reason; the others are
    tried all the same, in a new pair of processes. After ``total_s`` seconds in all, what is left fails.
    """
    todo = [ex for ex in points(cells) if only in (None, ex)]
    tests = {
        c["meta"]["grade_id"].removesuffix("-test"): c["text"] for c in cells if c["meta"].get("grade") and c["kind"] == "code"
    }
    result: dict = {"tests": {}, "solutions": {}}
    end = time.monotonic() + total_s
    while missing := [ex for ex in todo if ex not in result["tests"]]:
        stuck, why = missing[0], f"the whole notebook took more than {total_s:g} s"
        if time.monotonic() < end:
            stuck, why = _round(cells, answers, only, limit_s, end, where, result)
        if stuck is not None:
            ex = stuck if stuck in missing else missing[0]
            result["tests"][ex] = [{"name": c.name, "hidden": c.hidden, "kind": "Stopped", "said": why} for c in checks(tests[ex])]
            answers = answers | {ex: "raise RuntimeError('stopped before')"}
    return result


def _round(cells, answers, only, limit_s, end, where, result) -> tuple[str | None, str]:
    """One pair of processes: adds to ``result`` what it reports; the exercise it stopped at, and why."""
    seen = None
    names = [c | {"text": "", "names": defined(c["text"])} if c["meta"].get("solution") and c["kind"] == "code" else c for c in cells]
    with where.launch() as line:
        line.send_bytes(msgpack.packb({"cells": names, "answers": answers, "only": only, "limit_s": limit_s}))
        while True:
            try:
                if not line.poll(max(end - time.monotonic(), 0)):
                    return seen or "", "the whole notebook took too long"
                report = msgpack.unpackb(line.recv_bytes(2**20))
            except (EOFError, OSError, ValueError, msgpack.UnpackException):
                break
            if "stuck" in report:
                return report["stuck"], report["why"]
            if "test" in report:
                result["tests"].setdefault(report["test"], report["checks"])
            else:
                result["solutions"].setdefault(report["solution"], {k: report[k] for k in ("kind", "said", "printed")})
                seen = report["solution"]
    if only is not None and only in result["tests"] or len(result["tests"]) == len(points(cells)):
        return None, ""
    return seen or "", "the tests could not be run to their end"
