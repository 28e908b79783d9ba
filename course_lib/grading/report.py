"""``course report``: what a class has done, in one HTML file that needs nothing else, and a CSV for a learning management system."""

from __future__ import annotations

import base64
import collections
import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from . import batch, classroom, integrity, marking
from .autograde import CourseAutograde


@dataclass
class Person:
    """A row of the report. ``scores`` is empty, and there is no total, for somebody of whom the gradebook has nothing yet."""

    student: str
    names: tuple[str, str, str]  # first, last, e-mail
    scores: dict[str, classroom.Score]
    late: float  # points taken off
    problem: str
    remarks: list[str]
    flags: list[str]
    newer: bool  # what is handed in now has not been graded

    @property
    def total(self) -> float | None:
        """As nbgrader counts it: marks by hand before automatic ones, extra credit, less what lateness costs."""
        return max(0.0, sum(s.score for s in self.scores.values()) - self.late) if self.scores else None

    @property
    def waiting(self) -> list[str]:
        """What nobody has marked yet."""
        return [ex for ex, s in self.scores.items() if s.automatic is None and s.by_hand is None]

    @property
    def changed(self) -> list[str]:
        """What was marked by hand before its answer or its tests changed."""
        return [ex for ex, s in self.scores.items() if s.look and (s.by_hand is not None or s.extra)]

    @property
    def note(self) -> str:
        """What stands between this row and a final mark; "" if nothing."""
        notes = ["not graded yet"] * (not self.scores) + ["a newer version is not graded yet"] * (self.newer and bool(self.scores))
        notes += [f"not marked yet: {', '.join(self.waiting)}"] * bool(self.waiting)
        notes += [f"marked by hand before it changed: {', '.join(self.changed)}"] * bool(self.changed)
        return "; ".join(notes)


def gather(name: str) -> dict:
    """Everything the report shows: marks from the gradebook, answers from ``submitted/`` as they are now, and what the tests said."""
    classroom.penalties(name)
    scores, late, known = classroom.scores(name)
    if not scores:
        raise LookupError(f"nothing of {name} is in this gradebook ({classroom.api().coursedir.db_url}). Grade first "
                          f"(course grade {name}), or name the gradebook it is in: --gradebook, --database")
    names = {s["id"]: (s["first_name"], s["last_name"], s["email"]) for s in known}
    timestamps = CourseAutograde(parent=classroom.api()).timestamps
    submissions, refused = classroom.collect(name, known, timestamps)
    listed = batch.results(name) / "class_list.json"
    refused += json.loads(listed.read_text()) if listed.exists() else []
    reference, blank = marking.solutions(marking.reference(name)), marking.blank(name)
    people, passed, said, answers = [], collections.Counter(), collections.Counter(), {}
    tried = collections.Counter()
    for s in submissions:
        found = [f"{ex}: {f}" for ex, text in s.answers.items() for f in integrity.flags(text, reference.get(ex, ""), blank.get(ex, ""))]
        version, problem = classroom.graded(s)
        if s.problem == classroom.NOTHING and s.student in scores:
            if version and problem != s.problem:
                s.problem = "nothing of theirs is in submitted/ now; the marks are of what was there before"
            version = s.version
        people.append(Person(s.student, names.get(s.student, ("", "", "")), scores.get(s.student, {}), late.get(s.student, 0.0), s.problem,
                             s.remarks, found, newer=version != s.version))
        if s.problem:
            continue
        answers[s.student] = s.answers
        for ex, checks in (batch.stored(s) or {"tests": {}})["tests"].items():
            for check in checks:
                key = ex, check["name"], check["hidden"]
                tried[key] += 1
                passed[key] += not check["kind"]
                if check["kind"]:
                    said[ex, check["name"], re.sub(r"-?\d[\d.,e+-]*", "…", check["said"])[:160]] += 1
    cells = marking.source_cells(name)
    written = {c["meta"]["grade_id"]: c["meta"]["points"] for c in cells if c["meta"].get("grade") and c["meta"].get("solution")}
    return dict(name=name, people=people, most=marking.points(cells) | written, refused=refused, passed=passed, tried=tried,
                said=said.most_common(12), similar=integrity.similar(answers, blank))


def unfinished(found: dict) -> list[str]:
    """What is still to be done before these marks are final, a line each."""
    people = found["people"]
    counts = [(sum(not p.scores for p in people), "without marks: nothing of theirs is in the gradebook (course grade, for who "
              "handed in nothing with --students)"),
              (sum(p.newer and bool(p.scores) for p in people), "with marks of an older version than the one handed in (course grade)"),
              (sum(bool(p.waiting) for p in people), "with written answers that nobody has marked (Formgrader)"),
              (sum(bool(p.changed) for p in people), "with marks by hand that are older than their answer or its tests (Formgrader)")]
    return [f"{n} {'person' if n == 1 else 'people'} {what}" for n, what in counts if n]


def write_csv(found: dict, path: Path) -> None:
    """id, names, e-mail, total, of, one column for each exercise, late penalty, note. Who is not graded yet has empty cells, not
    zeros. A cell that a spreadsheet would take for a formula is quoted."""
    safe = lambda x: "'" + x if isinstance(x, str) and x[:1] in tuple("=+-@\t\r") else x
    of = sum(found["most"].values())
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "first_name", "last_name", "email", "total", "of", *found["most"], "late_penalty", "note"])
        for p in found["people"]:
            marks = [p.scores[ex].score if ex in p.scores and ex not in p.waiting else "" for ex in found["most"]]
            total = "" if p.total is None else round(p.total, 2)
            rows.writerow([*map(safe, (p.student, *p.names)), total, of, *marks, p.late, p.note])


def figures(found: dict) -> list[tuple[str, str]]:
    """(picture as a data URL, what it shows) each."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from course_lib.plots import OKABE_ITO

    most = sum(found["most"].values())
    graded = [p for p in found["people"] if p.scores]
    totals = np.array([p.total for p in graded])
    pictures = []
    fig, ax = plt.subplots(figsize=(7, 2.6))
    ax.hist(totals, bins=np.linspace(0, most, 21), color=OKABE_ITO[0], edgecolor="white")
    ax.set(xlabel=f"points, of {most:g}", ylabel="people", xlim=(0, most))
    ax.yaxis.get_major_locator().set_params(integer=True)
    middle = f"median {np.median(totals):.1f}" if len(totals) else "nobody yet"
    pictures.append((_url(fig, plt), f"Points of {len(totals)} people: {middle}. Written answers count once they are marked."))
    exercises = [ex for ex in found["most"] if any(key[0] == ex for key in found["tried"])]
    share = [
        np.mean([(p.scores[ex].automatic or 0) / found["most"][ex] for p in graded if ex in p.scores] or [0]) for ex in exercises
    ]
    fig, ax = plt.subplots(figsize=(7, 0.36 * len(exercises) + 0.9))
    ax.barh(exercises[::-1], 100 * np.array(share[::-1]), color=OKABE_ITO[0])
    ax.set(xlabel="mean share of the points [%]", xlim=(0, 100))
    pictures.append(
        (
            _url(fig, plt),
            "Which exercises were hard: " + ", ".join(f"{ex} {100 * s:.0f} %" for ex, s in zip(exercises, share)) + ".",
        )
    )
    return pictures


def _url(fig, plt) -> str:
    picture = io.BytesIO()
    fig.savefig(picture, format="png", dpi=160, bbox_inches="tight")
    plt.close(fig)
    return "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()


def write(name: str, folder: Path | None = None) -> tuple[Path, Path, list[str]]:
    """``report.html`` and ``marks.csv``: where they are, and what is still to be done before the marks are final."""
    found = gather(name)
    folder = folder or batch.gradebook() / "reports" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(found, folder / "marks.csv")
    template = (Path(__file__).parent / "report.html").read_text()
    page = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    todo = unfinished(found)
    (folder / "report.html").write_text(page.render(**found, todo=todo, figures=figures(found), most_points=sum(found["most"].values())))
    return folder / "report.html", folder / "marks.csv", todo
