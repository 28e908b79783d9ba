"""``course grade``: from the folder of submissions to the gradebook, and feedback."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import json
import os
import tempfile
import warnings
from dataclasses import dataclass, field

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course_lib.machine import course_root

from . import batch, intake, marking
from .autograde import CourseAutograde, recorded

warnings.filterwarnings("ignore", "Object of type", SAWarning)  # nbgrader's own queries under SQLAlchemy 2.1


@dataclass
class Graded:
    """What one ``grade`` did."""

    name: str
    submissions: list[intake.Submission]
    refused: list[str] = field(default_factory=list)  # folders and lines of the class list that belong to nobody
    executed: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # people whose submission could not be graded, and why


NOTHING = "nothing was handed in"
ERRORS = (RuntimeError, OSError, ValueError, LookupError, NbGraderException, SQLAlchemyError)  # what these functions raise, and mean to


def api(**settings) -> NbGraderAPI:
    """nbgrader with the course's settings; ``settings`` change those of its CourseDirectory."""
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(course_root())).load_config())
    config.CourseDirectory.update(settings)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def prepare(name: str) -> None:
    """The assignment as it is now stands in the gradebook. Once for each version of the source; writes no released notebook."""
    entered, version = batch.results(name) / "entered", hashlib.sha256(repr(marking.source_cells(name)).encode()).hexdigest()
    with contextlib.suppress(MissingEntry, OSError), book(api()) as gb:
        gb.find_assignment(name)
        if entered.read_text() == version:
            return
    with tempfile.TemporaryDirectory() as scratch:
        done = api(release_directory=os.path.relpath(scratch, course_root())).generate_assignment(name, force=True, create=True)
    if not done["success"]:
        log = done.get("log", "") + done.get("error", "")
        if "Cannot add or remove" in log or "submissions associated" in log:
            raise RuntimeError(f"{name} has other exercises than when it was entered in this gradebook, where submissions are marked "
                               "already. Take the exercises back as they were, or begin another gradebook: --gradebook FOLDER")
        raise RuntimeError(f"nbgrader does not take {name} into the gradebook: {log.strip()[-1000:]}")
    entered.parent.mkdir(parents=True, exist_ok=True)
    entered.write_text(version)


def collect(name: str, people: list[dict], timestamps: bool = False) -> tuple[list[intake.Submission], list[str]]:
    """(a submission for everybody who handed in or is among ``people``, what lies where it belongs to nobody)."""
    taken, refused = {}, batch.astray(batch.gradebook() / "submitted", name)
    for student, folder in batch.submitted(batch.gradebook() / "submitted", name):
        if why := intake.proper(student):
            refused.append(f"{intake.plain(student)}: {why}")
        else:
            taken[student] = intake.take(folder, name, student, timestamps)
    for person in people:
        taken.setdefault(person["id"], intake.Submission(person["id"], name, problem=NOTHING))
    return [taken[s] for s in sorted(taken)], refused


def grade(name: str, *, people: list[dict] = (), lines: list[str] = (), force: bool = False, progress=lambda done, of: None,
          jobs: int | None = None, scheduler: str | None = None, **settings) -> Graded:
    """Take in, execute, record; everybody who handed in, or is in ``people``, is in the gradebook afterwards.

    ``lines``: refused lines of a class list. ``force``: also what has not changed. ``settings``: those of ``CourseAutograde``, where they
    are to be others than in nbgrader_config.py.
    """
    with batch.alone(name):
        prepare(name)
        return _grade(name, people, list(lines), force, progress, jobs or batch.jobs_here(), scheduler, settings)


def _grade(name, people, lines, force, progress, jobs, scheduler, settings) -> Graded:
    nb = api()
    converter = CourseAutograde(nb.coursedir, parent=nb, force=force, **settings)
    submissions, refused = collect(name, people, converter.timestamps)
    if people:
        listed = {person["id"] for person in people}
        lines += [f"{s.student} is not on the class list; graded all the same" for s in submissions if s.student not in listed]
        (batch.results(name) / "class_list.json").write_text(json.dumps(lines))
    out = Graded(name, submissions, refused + lines)
    if not submissions:
        return out
    if force:
        for s in submissions:
            (batch.results(name) / f"{s.version}.json").unlink(missing_ok=True)
    with book(nb) as gb:
        known = {s.student.id for s in gb.assignment_submissions(name)}
        for person in people:
            gb.update_or_create_student(person["id"], **{k: v for k, v in person.items() if k != "id" and v})
    owners = collections.defaultdict(list)
    for s in submissions:
        owners[s.version].append(s)
    done = 0

    def record(version: str, why: str) -> None:
        nonlocal done
        for s in owners.pop(version):
            if failed := why or converter.record(s, known):
                out.failed[s.student] = failed
            done += 1
            progress(done, len(submissions))

    for version in [v for v, (s, *_) in owners.items() if batch.stored(s, **converter.how) is not None]:
        record(version, "")
    for version, why in batch.run(submissions, jobs=jobs, scheduler=scheduler, **converter.how):  # while the next ones are being executed
        out.executed += 1
        record(version, why)
    return out


def graded(submission: intake.Submission) -> tuple[str, str]:
    """(version, problem) of what is recorded of somebody here; "" if nothing is, or recording it was interrupted."""
    path = batch.gradebook() / "autograded" / submission.student / submission.name / f"{submission.name}.ipynb"
    return recorded(path, "version"), recorded(path, "problem")


def penalties(name: str) -> None:
    """What lateness costs, anew: it follows from the marks, which people have changed since, and from settings and extensions."""
    nb = api()
    with book(nb) as gb, contextlib.suppress(MissingEntry):
        late = [s.student.id for s in gb.assignment_submissions(name) if s.total_seconds_late > 0 or s.late_submission_penalty]
    for student in late:
        where = dict(notebook=name, assignment=name, student=student, db_url=nb.coursedir.db_url)
        AssignLatePenalties(parent=nb).preprocess(nbformat.v4.new_notebook(), {"nbgrader": where})


def book(nb: NbGraderAPI) -> Gradebook:
    return Gradebook(nb.coursedir.db_url, nb.coursedir.course_id)


@contextlib.contextmanager
def _only(coursedir, name):
    before = coursedir.assignment_id, coursedir.student_id
    coursedir.assignment_id, coursedir.student_id = name, "*"
    try:
        yield
    finally:
        coursedir.assignment_id, coursedir.student_id = before


@dataclass(frozen=True)
class Score:
    """What the gradebook has for one exercise or written answer. ``score`` counts: by hand, else automatic, and the extra credit."""

    automatic: float | None
    by_hand: float | None
    extra: float
    score: float
    look: bool  # a person has not marked it, or its answer or tests have changed since


def scores(name: str) -> tuple[dict[str, dict[str, Score]], dict[str, float], list[dict]]:
    """From the gradebook: student → exercise or written answer → score; student → late penalty; and everybody who is in it."""
    nb, found, late = api(), {}, {}
    with book(nb) as gb:
        with contextlib.suppress(MissingEntry):
            for s in gb.assignment_submissions(name):
                late[s.student.id] = s.late_submission_penalty or 0.0
                grades = [g for n in s.notebooks for g in n.grades]
                found[s.student.id] = {
                    g.name.removesuffix("-test"): Score(
                        g.auto_score, g.manual_score, g.extra_credit or 0, g.score, bool(g.needs_manual_grade)
                    )
                    for g in grades
                }
        return found, late, [{k: getattr(s, k) or "" for k in ("id", "first_name", "last_name", "email")} for s in gb.students]


def feedback(name: str) -> int:
    """Everybody's feedback as HTML, without hidden tests and without anything that a browser would run; for how many people."""
    nb, entered = api(), set(scores(name)[0])
    there = {path.parent.name for path in (batch.gradebook() / "autograded").glob(f"*/{name}")}
    nb.coursedir.student_id_exclude = ",".join(there - entered)  # who has been taken out of the gradebook
    with _only(nb.coursedir, name):
        from nbgrader.converters import GenerateFeedback

        GenerateFeedback(nb.coursedir, parent=nb, force=True).start()
    return len(there & entered)
