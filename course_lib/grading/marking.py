"""Marking one notebook: the student's solution cells, the course's own tests, one process for the two.

The tests come from the source notebook (hidden ones too), the answers from the student's by ``grade_id``; nothing else of
the student's notebook is run, so an edited, moved or deleted test cell changes nothing. This is for learners who mark
themselves: their own code runs with their own rights. Grading other people's code needs nbgrader or a sandbox.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing as mp
import re
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from course_lib.machine import course_root


@dataclass(frozen=True)
class Mark:
    exercise: str
    score: float
    max: float
    message: str
    error: str = ""  # the kind of failure: "" if none, "AssertionError" if a test said no, else what was raised

    def as_dict(self) -> dict:
        return {k: v for k, v in asdict(self).items() if k != "error"}


def find(problem_set: str) -> str:
    """The full name of a problem set: ``ps1`` → ``ps1_behavior_cloning``."""
    names = sorted(p.parent.name for p in (course_root() / "solutions").glob("*/*.ipynb"))
    hits = [n for n in names if n == problem_set or n.startswith(problem_set + "_")]
    if len(hits) != 1:
        raise LookupError(f"no problem set {problem_set!r}; there are: {', '.join(names) or 'none'}")
    return hits[0]


def reference(name: str) -> nbformat.NotebookNode:
    return nbformat.read(course_root() / "solutions" / name / f"{name}.ipynb", as_version=4)


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
        raise ValueError(f"{path} is not a readable notebook ({error}). Jupyter keeps the last version it saved in "
                         f"{Path(path).parent / '.ipynb_checkpoints'}") from error


def mark(name: str, answers: dict[str, str], *, only: str | None = None, limit_s: float = 120) -> list[Mark]:
    """Marks of every exercise (or of ``only`` one), from a process of its own.

    An exercise that takes more than ``limit_s`` seconds, or ends the process, gets 0 and the reason; the others are marked all the
    same, in a new process.
    """
    cells = [dict(kind=c.cell_type, text=c.source, meta=dict(c.metadata.get("nbgrader", {}))) for c in reference(name).cells]
    points = {c["meta"]["grade_id"].removesuffix("-test"): c["meta"]["points"] for c in cells
              if c["meta"].get("grade") and not c["meta"].get("solution")}
    todo = [ex for ex in points if only in (None, ex)]
    marks: dict[str, Mark] = {}
    while len(marks) < len(todo):
        reason = _round(cells, answers, only, limit_s, marks)
        stuck = next((ex for ex in todo if ex not in marks), None)
        if stuck:  # the first without a mark is the one that was being run
            marks[stuck] = Mark(stuck, 0, points[stuck], reason, "Stopped")
            answers = answers | {stuck: "raise RuntimeError('stopped before')"}
    return [marks[ex] for ex in todo]


def _round(cells, answers, only, limit_s, marks) -> str:
    """One process: adds to ``marks`` what it sends, and returns why it stopped."""
    method = "forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn"
    context = mp.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["course_lib.grading.preload"])
    receive, send = context.Pipe(duplex=False)
    worker = context.Process(target=_run, args=(cells, answers, only, send), daemon=True)
    worker.start()
    send.close()
    try:
        while receive.poll(limit_s):
            m = receive.recv()
            marks.setdefault(m.exercise, m)
        return f"took more than {limit_s:g} s: is there an endless loop?"
    except EOFError:
        return "your code ended the whole process (os._exit, or a crash)"
    finally:
        worker.kill()
        worker.join()


def _run(cells, answers, only, send) -> None:
    """In the worker: every code cell in order, up to the last test; after each test cell its mark goes up the pipe."""
    import torch
    from IPython.core.inputtransformer2 import TransformerManager

    torch.set_num_threads(1)
    plain = TransformerManager().transform_cell
    space: dict = {"__name__": "__main__", "display": lambda *a, **k: None, "get_ipython": lambda: None}
    broken: dict[str, tuple[str, str]] = {}
    last = max(i for i, cell in enumerate(cells) if cell["meta"].get("grade") and cell["kind"] == "code")
    for cell in cells[:last + 1]:  # what comes after the last test is for looking at
        if cell["kind"] != "code":
            continue
        meta, text = cell["meta"], cell["text"]
        name = meta.get("grade_id", "")
        ex, is_test = name.removesuffix("-test"), bool(meta.get("grade"))
        if meta.get("solution"):
            text = answers.get(name, 'raise NotImplementedError("this exercise\'s cell is missing from your notebook")')
        if is_test and only not in (None, ex):
            continue
        error, said = _execute(plain(text), name or "setup", space)
        if meta.get("solution") and error:
            broken[name] = error, said
        if is_test and error:
            error, said = broken.get(ex, (error, said))  # what stopped the answer comes before what its test then met
            send.send(Mark(ex, 0, meta["points"], said, error))
        elif is_test:
            send.send(Mark(ex, meta["points"], meta["points"], "all tests pass"))
        if is_test and only == ex:
            break
    send.close()


def _execute(text: str, name: str, space: dict) -> tuple[str, str]:
    """Run one cell: ("", "") or the kind of error, and what went wrong in words meant for the person who wrote it."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(text, f"<{name}>", "exec"), space)
        return "", ""
    except AssertionError as error:
        return "AssertionError", str(error) or "an assertion failed"
    except NotImplementedError as error:
        return "NotImplementedError", str(error) or "not answered yet"
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: a cell may do anything
        last = [f for f in traceback.extract_tb(sys.exc_info()[2]) if re.match(r"<\w", f.filename)]
        where = f" (line {last[-1].lineno} of {last[-1].filename[1:-1]})" if last else ""
        return type(error).__name__, f"{type(error).__name__}: {error}{where}"
