"""nbgrader's autograding with three of its parts exchanged: what comes in, what runs, and what students see.

``install()`` (called by nbgrader_config.py) puts ``CourseAutograde`` where nbgrader keeps its own converter, so that ``nbgrader
autograde``, the formgrader's button and ``course grade`` take the same path. Gradebook, formats, manual grading and late
penalties stay nbgrader's.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from pathlib import Path

import bleach
import nbformat
from nbconvert.filters import markdown2html
from nbconvert.preprocessors import Preprocessor
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.preprocessors import (
    AssignLatePenalties,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from nbgrader.utils import rmtree
from traitlets import Bool, Float, List

from . import batch, intake, marking


class Record(Preprocessor):
    """Put the results of the trial where nbgrader expects a kernel's outputs. Takes the place of nbgrader's Execute."""

    enabled = True
    submission: intake.Submission
    how: dict
    terms = ""

    def preprocess(self, nb, resources):
        submission = self.submission
        result = batch.result(submission, **self.how)
        marks = {m.exercise: m for m in marking.marks(marking.source_cells(submission.name), result)}
        for cell in nb.cells:
            meta = cell.metadata.get("nbgrader", {})
            grade_id = meta.get("grade_id", "")
            if cell.cell_type != "code":
                if meta.get("solution"):
                    cell.source = harmless(cell.source)
                continue
            cell.outputs, cell.execution_count = [], None
            if meta.get("solution"):
                cell.outputs = said(result["solutions"].get(grade_id, {}))
            elif meta.get("grade"):
                cell.outputs = verdict(marks[grade_id.removesuffix("-test")])
        nb.metadata["course"] = {"version": submission.version, "problem": submission.problem, "recorded": stamp(submission, self.terms)}
        return nb, resources


class SaveMarks(SaveAutoGrades):
    """nbgrader's, which wants every mark given by hand looked at again after each grading. Here only where something has changed."""

    unchanged: set[str] | None = None  # names of grades with the answer, and the tests, of last time; None: there was no last time

    def _add_score(self, cell, resources):
        if self.unchanged is None:
            return super()._add_score(cell, resources)
        name = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        by_hand = grade.manual_score is not None or bool(grade.extra_credit)
        seen = name in self.unchanged and not grade.needs_manual_grade
        super()._add_score(cell, resources)
        if by_hand:
            grade.needs_manual_grade = not seen
            self.gradebook.db.commit()


def harmless(text: str) -> str:
    """A written answer that no browser will run. Plain text stays as it is; with HTML or links it becomes the HTML that Markdown makes
    of it, cleaned: no scripts, no handlers, links to the web only, pictures only where they bring themselves along."""
    if not re.search(r"<|\]\(|\]:|\]\[|&", text):
        return text
    source = {"a": lambda tag, name, value: name == "title" or name == "href" and re.match(r"https?://|mailto:|#", value.strip()),
              "img": lambda tag, name, value: name == "alt" or name == "src" and re.match(r"data:image/(png|jpeg|gif);", value.strip())}
    page = bleach.clean(markdown2html(text), tags=SAFE, attributes=source, protocols=["http", "https", "mailto", "data"], strip=False)
    whole = re.sub(r"\n\s*\n", "&#10;&#10;", page)  # without an empty line it stays one block of HTML
    return f"<div>{whole}</div>"


SAFE = {"p", "br", "hr", "em", "strong", "b", "i", "u", "s", "del", "sub", "sup", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2",
        "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "div", "span"}


def said(solution: dict) -> list:
    """The outputs of a solution cell: what it printed, and what stopped it."""
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=solution["printed"])] if solution.get("printed") else []
    if solution.get("kind"):
        outputs.append(nbformat.v4.new_output("display_data", data={"text/plain": solution["said"]}))
    return outputs


def verdict(mark: marking.Mark) -> list:
    """The outputs of a test cell: a line for each check, and the score in the form in which nbgrader reads it."""
    lines = []
    for check in mark.checks:
        what = f"{check['name']}{' (hidden)' if check['hidden'] else ''}"
        shown = (
            ""
            if not check["kind"]
            else ": " + (HIDDEN if check["hidden"] else check["said"])
        )
        lines.append(f"{'✗' if check['kind'] else '✓'} {what}{shown}")
    passed = sum(not check["kind"] for check in mark.checks)
    lines.append(f"{passed} of {len(mark.checks)} checks pass: {mark.score:g} of {mark.max:g} points")
    outputs = [nbformat.v4.new_output("display_data", data={"text/plain": "\n".join(lines)})]
    secret = [f"{c['name']}: {c['said']}" for c in mark.checks if c["hidden"] and c["kind"]]
    if secret:
        outputs.append(
            nbformat.v4.new_output(
                "display_data",
                data={"text/plain": "For instructors only.\n" + "\n".join(secret)},
                metadata={"course": "instructors"},
            )
        )
    outputs.append(nbformat.v4.new_output("execute_result", execution_count=1, data={"text/plain": f"{mark.score:g}"}))
    return outputs


HIDDEN = "does not hold. The check is not shown; its name says what it looks at"


class StudentView(Preprocessor):
    """For feedback: without hidden tests, and without what was said about them."""

    enabled = True

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = re.sub(
                r"^### BEGIN HIDDEN TESTS.*?(^### END HIDDEN TESTS[^\n]*\n?|\Z)", "", cell.source, flags=re.M | re.S
            )
            cell.outputs = [o for o in cell.outputs if o.get("metadata", {}).get("course") != "instructors"]
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.outputs = [o for o in cell.outputs if o.output_type != "stream"]  # may hold what an earlier answer saw in a hidden test
        return cell, resources


def stamp(submission: intake.Submission, terms: str) -> str:
    """All that a record depends on: answers and tests, what came of them, when it was handed in, and when it was due."""
    return f"{submission.version} {batch.digest(submission)} {submission.timestamp or '-'} {terms}"


class CourseAutograde(Autograde):
    """Take in, execute, record. A submission's version (its answers and the tests) is in the graded notebook; an unchanged one
    is not graded again."""

    sandbox = Bool(True, help="Run submissions under bubblewrap. False: with your own rights, for trusted code only.").tag(config=True)
    timestamps = Bool(False, help="Believe a submission's timestamp.txt: only if your own collecting writes it.").tag(config=True)
    limit_s = Float(120, help="Seconds for one cell.").tag(config=True)
    total_s = Float(1800, help="Seconds for one submission.").tag(config=True)
    gpu = Bool(False, help="Let submissions see the GPU.").tag(config=True)
    sanitize_preprocessors = List([OverwriteKernelspec, OverwriteCells]).tag(config=True)
    autograde_preprocessors = List([Record, SaveMarks, AssignLatePenalties]).tag(config=True)

    @property
    def _input_directory(self) -> str:
        if not self._sanitizing:
            return self.coursedir.autograded_directory
        return os.path.join(os.path.dirname(self.coursedir.submitted_directory), "intake")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.taken: dict[str, intake.Submission] = {}
        self.known: set[str] | None = None  # who is in the gradebook already; None: everybody
        self.trouble = ""  # what nbgrader met last

    @property
    def how(self) -> dict:
        """The settings of an execution, as ``batch.job`` takes them."""
        return dict(sandbox=self.sandbox, gpu=self.gpu, limit_s=self.limit_s, total_s=self.total_s)

    @functools.cached_property
    def terms(self) -> str:
        """What lateness depends on besides the submission: the due date, if there is one, and whether timestamps are believed."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gb, contextlib.suppress(MissingEntry):
            return f"{gb.find_assignment(self.coursedir.assignment_id).duedate} {self.timestamps}"
        return ""

    def start(self) -> None:
        """As nbgrader and its formgrader call it: take in whoever is asked for, then record."""
        name = self.coursedir.assignment_id
        try:
            with batch.alone(name):
                for student, folder in batch.submitted(Path(self.coursedir.root) / self.coursedir.submitted_directory, name):
                    if self.coursedir.student_id in ("*", student) and not intake.proper(student):
                        self.take(intake.take(folder, name, student, self.timestamps))
                super().start()
        except RuntimeError as error:  # nbgrader shows errors of this kind, and no traceback
            self.log.error(str(error))
            raise NbGraderException(str(error)) from None
        finally:
            batch.close()

    def record(self, submission: intake.Submission, known: set[str]) -> str:
        """One submission goes into the gradebook, unless it stands there (``known``) as it is; "" or why it did not."""
        self.coursedir.assignment_id, self.coursedir.student_id = submission.name, submission.student
        if not self.force and submission.student in known and recorded(self.graded(submission)) == stamp(submission, self.terms):
            return ""
        self.known, self.trouble = known, ""
        self.take(submission)
        try:
            super().start()
        except Exception as error:  # whatever it is, the others go on
            return self.trouble or f"{type(error).__name__}: {error}"
        return "" if recorded(self.graded(submission)) == stamp(submission, self.terms) else "nbgrader did not record it"

    def graded(self, submission: intake.Submission) -> Path:
        folder = self.coursedir.format_path(self.coursedir.autograded_directory, submission.student, submission.name)
        return Path(folder) / f"{submission.name}.ipynb"

    def take(self, submission: intake.Submission) -> None:
        """Lay the rebuilt notebook where the converter looks for it."""
        folder = Path(self.coursedir.root) / self._format_source(submission.name, submission.student)
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(intake.rebuild(submission), folder / f"{submission.name}.ipynb")
        (folder / "timestamp.txt").unlink(missing_ok=True)
        if submission.timestamp:
            (folder / "timestamp.txt").write_text(submission.timestamp)
        self.taken[submission.student] = submission

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        done = Path(self.coursedir.root) / self._format_dest(assignment_id, student_id)
        if student_id not in self.taken:
            return False
        submission, before = self.taken[student_id], done / f"{assignment_id}.ipynb"
        known = self.known is None or student_id in self.known
        if not self.force and known and recorded(before) == stamp(submission, self.terms):
            return False
        SaveMarks.unchanged = unchanged(before, submission) if known else None
        if done.exists():
            rmtree(str(done))
        return True

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        super().init_assignment(assignment_id, student_id)
        if self.timestamps and not self.taken[student_id].timestamp and (self.known is None or student_id in self.known):
            with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gb:  # what comes without a time keeps none of before
                gb.update_or_create_submission(assignment_id, student_id, timestamp=None)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        student = Path(notebook_filename).parent.parent.name
        Record.submission, Record.how, Record.terms = self.taken[student], self.how, self.terms
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"
            raise


def recorded(path: Path, what: str = "recorded") -> str:
    """The stamp (or the ``version``, or the ``problem``) of a notebook whose marks are recorded; "" if there is none, or if recording it
    was interrupted."""
    try:
        course = json.loads(path.read_text()).get("metadata", {}).get("course", {})
        return course[what] if course.get("recorded") else ""
    except (OSError, ValueError, AttributeError, KeyError):
        return ""


def unchanged(path: Path, submission: intake.Submission) -> set[str]:
    """The grades, by name, for which answer and tests are those of the notebook in ``path``, graded before. None of one that was
    only begun: it holds the new answers already."""
    if not recorded(path):
        return set()
    try:
        old = {cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]
               if cell["metadata"].get("nbgrader")}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return set()
    new = {cell.metadata.nbgrader.grade_id: cell.source if cell.cell_type == "code" else harmless(cell.source)
           for cell in intake.rebuild(submission).cells if cell.metadata.get("nbgrader")}
    new |= {c["meta"]["grade_id"]: c["text"] for c in marking.source_cells(submission.name)
            if c["meta"].get("grade") and not c["meta"].get("solution")}
    same = {name for name in new if old.get(name) == new[name]}
    return {name for name in same if name.removesuffix("-test") in same}


@functools.lru_cache(1)
def install() -> None:
    """Let nbgrader use ``CourseAutograde`` wherever it autogrades."""
    import nbgrader.apps.api
    import nbgrader.apps.autogradeapp

    nbgrader.apps.api.Autograde = nbgrader.apps.autogradeapp.Autograde = CourseAutograde


__all__ = ["CourseAutograde", "NbGraderException", "Record", "StudentView", "install"]
