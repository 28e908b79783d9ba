"""``course grade``: from the folder of submissions to the gradebook, and feedback."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import json
import os
import tempfile
import warnings
from dataclasses import asdict, dataclass, field

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course_lib.machine import course_root

from . import batch, intake, marking
from .autograde import CourseAutograde

warnings.filterwarnings("ignore", "Object of type", SAWarning)  # nbgrader's own queries under SQLAlchemy 2.1


@dataclass
class Graded:
    """What one ``grade`` did."""

    name: str
    submissions: list[intake.Submission]
    refused: list[str] = field(default_factory=list)  # folders and lines of the class list that belong to nobody
    executed: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # people whose marks could not be recorded, and why


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
        why = (done.get("error") or done.get("log") or "").strip()[-600:]
        raise RuntimeError(f"nbgrader does not take {name} into the gradebook: {why}")
    entered.parent.mkdir(parents=True, exist_ok=True)
    entered.write_text(version)


def collect(name: str, people: list[dict], timestamps: bool = False) -> tuple[list[intake.Submission], list[str]]:
    """(a submission for everybody who handed in or is on the class list, folders that belong to nobody)."""
    taken, refused = {}, []
    for student, folder in batch.submitted(batch.gradebook() / "submitted", name):
        if why := intake.proper(student):
            refused.append(f"{student.encode(errors='replace').decode()}: {why}")
        else:
            taken[student] = intake.take(folder, name, student, timestamps)
    for person in people:
        taken.setdefault(person["id"], intake.Submission(person["id"], name, problem="nothing was handed in"))
    return [taken[s] for s in sorted(taken)], refused


def grade(name: str, *, people: list[dict] = (), lines: list[str] = (), timestamps: bool = False, force: bool = False,
          progress=lambda done, of: None, **how) -> Graded:
    """Take in, execute, record; everybody who handed in, or is in ``people``, is in the gradebook afterwards.

    ``lines``: refused lines of a class list. ``force``: also what has not changed. ``how``: see ``batch.run`` and ``batch.job``.
    """
    prepare(name)
    submissions, refused = collect(name, people, timestamps)
    out = Graded(name, submissions, refused + list(lines))
    if not submissions:
        return out
    if force:
        for s in submissions:
            (batch.results(name) / f"{s.version}.json").unlink(missing_ok=True)
    nb = api()
    with book(nb) as gb:
        known = {s.student.id for s in gb.assignment_submissions(name)}
        for person in people:
            gb.update_or_create_student(person["id"], **{k: v for k, v in person.items() if k != "id" and v})
    converter = CourseAutograde(nb.coursedir, parent=nb, force=force, sandbox=how.get("sandbox", True))
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

    for version in [v for v, (s, *_) in owners.items() if batch.stored(s) is not None]:
        record(version, "")
    for version, why in batch.run(submissions, **how):  # while the next ones are being executed
        out.executed += 1
        record(version, why)
    path = batch.results(name) / "last.json"
    path.write_text(json.dumps({"refused": out.refused, "submissions": [asdict(s) | {"version": s.version} for s in submissions]}))
    return out


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


def scores(name: str) -> dict[str, dict[str, tuple[float | None, float | None, float]]]:
    """student → exercise (or written answer) → (automatic, by hand, of), as the gradebook has them."""
    nb = api()
    with book(nb) as gb:
        return {
            s.student.id: {
                g.name.removesuffix("-test"): (g.auto_score, g.manual_score, g.max_score) for n in s.notebooks for g in n.grades
            }
            for s in gb.assignment_submissions(name)
        }


def feedback(name: str) -> int:
    """Everybody's feedback as HTML, without hidden tests and without anything that a browser would run; for how many people."""
    nb = api()
    with _only(nb.coursedir, name):
        from nbgrader.converters import GenerateFeedback

        GenerateFeedback(nb.coursedir, parent=nb, force=True).start()
    return len(list((batch.gradebook() / "feedback").glob(f"*/{name}")))
