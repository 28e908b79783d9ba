"""What is taken from a submission: the answers, by their names, and nothing else.

A submission is a folder that somebody else has filled. Of its notebook only the text of solution cells and written answers is
read; the notebook that is graded is the released one with these texts put in. So cells that were copied, deleted, moved, renamed
or edited, changed points, old formats and wrong kernels have no effect, and a submission that holds nothing readable becomes a
notebook without answers that says why. Links are not followed, other files are not used.
"""

from __future__ import annotations

import copy
import hashlib
import html
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.utils import parse_utc

from course_lib.machine import course_root

from . import marking
from .checks import defined

LARGEST = 512 * 2**20  # bytes of a notebook
MOST = 2_000_000  # objects and lists in a notebook: each takes a hundred times its bytes in memory
LONGEST = 200_000  # characters of one answer
RULES = "1"  # of this file and of the marking: part of a submission's version


@dataclass
class Submission:
    """One person's answers to one problem set. ``problem``: why nothing could be graded. ``remarks``: what else an instructor
    should know."""

    student: str
    name: str
    answers: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    remarks: list[str] = field(default_factory=list)
    timestamp: str = ""

    @property
    def version(self) -> str:
        """Changes with anything that the marks depend on."""
        tests = marking.source_cells(self.name)
        return hashlib.sha256(
            json.dumps([RULES, self.name, sorted(self.answers.items()), sorted(self.written.items()), self.problem, tests]).encode()
        ).hexdigest()[:24]


def released(name: str) -> nbformat.NotebookNode:
    return nbformat.read(course_root() / "assignments" / name / f"{name}.ipynb", as_version=4)


def proper(student: str) -> str:
    """Why a folder's name cannot be a student's id; "" if it can."""
    try:
        student.encode()
    except UnicodeEncodeError:
        return "the folder's name is not UTF-8: rename it"
    if not re.fullmatch(r"\w[\w.@ -]{0,99}", student):
        return "the folder's name holds characters that nbgrader cannot take; use letters, digits and . @ - _"
    return ""


def take(folder: Path, name: str, student: str, timestamps: bool = False) -> Submission:
    """Read one submission folder. Never raises for what is in it."""
    found = Submission(student, name)
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
        if Path(folder).is_symlink():
            raise OSError("the folder is a link")
    except OSError as error:
        found.problem = f"the folder cannot be read ({error.strerror or error})"
        return found
    wanted = f"{name}.ipynb"
    others = [e.name for e in entries if e.name.endswith(".ipynb") and e.name != wanted and e.is_file(follow_symlinks=False)]
    taken = others[0] if len(others) == 1 and not os.path.lexists(folder / wanted) else wanted
    if taken != wanted:  # what an LMS or a browser made of its name
        found.remarks.append(f"{plain(taken)} was taken for {wanted}")
    for entry in entries:
        shown = plain(entry.name)
        if entry.is_symlink():
            found.remarks.append(f"{shown} is a link, and was not followed")
        elif entry.name == "timestamp.txt":
            if timestamps:
                found.timestamp = _text(Path(entry.path), 200)
                try:
                    parse_utc(found.timestamp)
                except (ValueError, OverflowError):
                    found.remarks.append(f"timestamp.txt holds no time ({plain(found.timestamp)!r}): not counted as late")
                    found.timestamp = ""
            else:
                found.remarks.append(
                    "timestamp.txt came with the submission and was not used (CourseAutograde.timestamps, in nbgrader_config.py)"
                )
        elif entry.name not in (wanted, taken) and not entry.name.startswith("."):
            found.remarks.append(
                f"{shown} was not used"
                + (": Python files that come along are never imported" if re.search(r"\.(py|pyc|so|pth|pyd)$", entry.name) else "")
            )
    if len(found.remarks) > 12:
        found.remarks[12:] = [f"and {len(found.remarks) - 12} other files and links"]
    try:
        raw = _read(folder / taken)
    except FileNotFoundError:
        found.problem = f"there is no {wanted}" + (
            f"; there are {', '.join(map(plain, others))[:200]}: rename the right one"
            if others
            else " in what was handed in"
            if entries
            else ": the folder is empty"
        )
        return found
    except OSError as error:
        found.problem = f"{plain(taken)} {error}"
        return found
    try:
        if raw.count(b"{") + raw.count(b"[") > MOST:
            raise ValueError(f"more than {MOST:,} brackets")
        cells = _cells(json.loads(raw))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        found.problem = f"{plain(taken)} is {'empty' if not raw.strip() else f'not a readable notebook ({plain(str(error))})'}"
        return found
    _choose(found, cells)
    return found


def plain(text: str, most: int = 160) -> str:
    """Without what a terminal or a page would obey."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text.encode(errors="replace").decode())[:most]


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise OSError("is a link" if path.is_symlink() else f"cannot be read ({error.strerror})") from None
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise OSError("is no ordinary file")
        if info.st_nlink > 1:
            raise OSError("is a hard link to another file")
        if info.st_size > LARGEST:
            raise OSError(f"is larger than {LARGEST // 2**20} MB: clear its outputs and hand it in again")
        with os.fdopen(os.dup(fd), "rb") as file:
            return file.read()
    finally:
        os.close(fd)


def _text(path: Path, most: int) -> str:
    try:
        return _read(path)[:most].decode(errors="replace").strip()
    except OSError:
        return ""


def _cells(notebook: dict) -> list[tuple[str, str, str]]:
    """(grade_id or "", kind, text) of every cell, of whatever notebook format."""
    cells = notebook["cells"] if "cells" in notebook else [c for sheet in notebook["worksheets"] for c in sheet["cells"]]
    found = []
    for cell in cells:
        text = cell.get("source", cell.get("input", ""))
        text = "".join(text) if isinstance(text, list) else text
        meta = cell.get("metadata") or {}
        grade_id = (meta.get("nbgrader") or {}).get("grade_id", "") if isinstance(meta.get("nbgrader") or {}, dict) else ""
        found.append((str(grade_id), str(cell.get("cell_type", "")), str(text)))
    return found


def _choose(found: Submission, cells: list[tuple[str, str, str]]) -> None:
    """Which cell answers which exercise: by its grade_id, and by the names it defines where ids were lost, copied or exchanged."""
    reference, blank = marking.solutions(marking.reference(found.name)), {}
    for cell in released(found.name).cells:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("solution"):
            blank[meta["grade_id"]] = cell.source
    ids = {c["meta"]["grade_id"] for c in marking.source_cells(found.name) if c["meta"].get("grade_id")}
    makes, read = {}, 0
    for i, (_, kind, text) in enumerate(cells):
        read += len(text)
        if kind == "code" and read < 50 * LONGEST:
            makes[i] = _defines(text)
    for ex, text in blank.items():
        code = ex in reference
        named = [i for i, (grade_id, kind, _) in enumerate(cells) if grade_id == ex and (kind == "code") == code]
        wanted = set(defined(reference[ex])) if code else set()
        makers = [i for i in makes if wanted and wanted <= makes[i]]
        right = ([i for i in named if i in makers] or [i for i in makers if cells[i][0] not in ids] or makers) if code else named
        changed = [i for i in (right or named) if cells[i][2].strip() != text.strip()]
        chosen = (changed or right or named)[-1:]
        if not chosen:
            found.remarks.append(f"{ex}: its cell is missing")
            answer = ""
        else:
            answer = cells[chosen[0]][2]
            if len(changed) > 1:
                found.remarks.append(f"{ex}: {len(changed)} different cells answer it; the last one is graded")
            if chosen[0] not in named:
                found.remarks.append(f"{ex}: its cell had lost its name, and was found by what it defines")
        if len(answer) > LONGEST:
            found.remarks.append(f"{ex}: the answer is longer than {LONGEST:,} characters and was not graded")
            answer = ""
        answer = answer.encode(errors="replace").decode()
        if code:
            found.answers[ex] = answer or 'raise NotImplementedError("this exercise\'s cell is missing from your notebook")'
        else:
            found.written[ex] = answer
    own = sum(kind == "code" and not grade_id and text.strip() != "" for grade_id, kind, text in cells)
    given = sum(c.cell_type == "code" and not c.metadata.get("nbgrader") for c in released(found.name).cells)
    if own > given:
        found.remarks.append(f"{own - given} code cell(s) of their own, not run")


def _defines(text: str) -> set[str]:
    try:
        return set(defined(text)) if len(text) <= LONGEST else set()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {m for m in re.findall(r"^(?:def|class)\s+(\w+)", text, re.M)}


def rebuild(submission: Submission) -> nbformat.NotebookNode:
    """The released notebook with the answers in it."""
    notebook = copy.deepcopy(released(submission.name))
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        ex = meta.get("grade_id")
        if meta.get("solution") and not submission.problem:
            cell.source = (submission.answers if cell.cell_type == "code" else submission.written).get(ex, "") or cell.source
    if submission.problem:
        said = f"<pre><b>Nothing could be graded:</b> {html.escape(submission.problem)}</pre>"  # in <pre> nothing is Markdown
        note = nbformat.v4.new_markdown_cell(said, id="nothing-graded")
        notebook.cells.insert(0, note)
    notebook.metadata["course"] = {"version": submission.version}
    return notebook
