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

from . import batch, classroom, intake, integrity, marking


@dataclass
class Person:
    """A row of the report."""

    student: str
    scores: dict[str, tuple[float | None, float | None, float]]
    problem: str
    remarks: list[str]
    flags: list[str]

    @property
    def total(self) -> float:
        return sum(
            automatic if by_hand is None else by_hand
            for automatic, by_hand, _ in self.scores.values()
            if automatic is not None or by_hand is not None
        )

    @property
    def waiting(self) -> int:
        """Answers that nobody has marked yet."""
        return sum(automatic is None and by_hand is None for automatic, by_hand, _ in self.scores.values())


def gather(name: str) -> dict:
    """Everything the report shows."""
    path = batch.results(name) / "last.json"
    if not path.exists():
        raise LookupError(f"{name} has not been graded yet: course grade {name}")
    last = json.loads(path.read_text())
    table, reference = classroom.scores(name), marking.solutions(marking.reference(name))
    blank = {
        c.metadata.nbgrader.grade_id: c.source
        for c in intake.released(name).cells
        if c.metadata.get("nbgrader", {}).get("solution") and c.cell_type == "code"
    }
    people, passed, said, answers = [], collections.Counter(), collections.Counter(), {}
    tried = collections.Counter()
    for s in last["submissions"]:
        found = [
            f"{ex}: {f}"
            for ex, text in s["answers"].items()
            for f in integrity.flags(text, reference.get(ex, ""), blank.get(ex, ""))
        ]
        people.append(Person(s["student"], table.get(s["student"], {}), s["problem"], s["remarks"], found))
        if s["problem"]:
            continue
        answers[s["student"]] = s["answers"]
        path = batch.results(name) / f"{s['version']}.json"
        if not path.exists():
            people[-1].remarks.append("the tests have not been run: course grade goes on with it")
            continue
        result = json.loads(path.read_text())
        for ex, checks in result["tests"].items():
            for check in checks:
                key = ex, check["name"], check["hidden"]
                tried[key] += 1
                passed[key] += not check["kind"]
                if check["kind"]:
                    said[ex, check["name"], re.sub(r"-?\d[\d.,e+-]*", "…", check["said"])[:160]] += 1
    cells = marking.source_cells(name)
    most = marking.points(cells) | {
        c["meta"]["grade_id"]: c["meta"]["points"] for c in cells if c["meta"].get("grade") and c["meta"].get("solution")
    }
    return dict(
        name=name,
        people=people,
        most=most,
        refused=last["refused"],
        passed=passed,
        tried=tried,
        said=said.most_common(12),
        similar=integrity.similar(answers, blank),
        names=_names(name),
    )


def _names(name: str) -> dict[str, tuple[str, str, str]]:
    nb = classroom.api()
    with classroom.book(nb) as gb:
        return {s.id: (s.first_name or "", s.last_name or "", s.email or "") for s in gb.students}


def write_csv(found: dict, path: Path) -> None:
    """id, names, e-mail, total, of, one column for each exercise. A cell that a spreadsheet would take for a formula is quoted."""
    safe = lambda x: "'" + x if isinstance(x, str) and x[:1] in tuple("=+-@\t\r") else x
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "first_name", "last_name", "email", "total", "of", *found["most"]])
        for p in found["people"]:
            marks = [
                (h if h is not None else a if a is not None else "")
                for a, h, _ in (p.scores.get(ex, (None, None, 0)) for ex in found["most"])
            ]
            rows.writerow(
                [safe(x) for x in (p.student, *found["names"].get(p.student, ("", "", "")))]
                + [round(p.total, 2), sum(found["most"].values()), *marks]
            )


def figures(found: dict) -> list[tuple[str, str]]:
    """(picture as a data URL, what it shows) each."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from course_lib.plots import OKABE_ITO

    most = sum(found["most"].values())
    totals = np.array([p.total for p in found["people"]])
    pictures = []
    fig, ax = plt.subplots(figsize=(7, 2.6))
    ax.hist(totals, bins=np.linspace(0, most, 21), color=OKABE_ITO[0], edgecolor="white")
    ax.set(xlabel=f"points, of {most:g}", ylabel="people", xlim=(0, most))
    middle = f"median {np.median(totals):.1f}" if len(totals) else "nobody yet"
    pictures.append((_url(fig, plt), f"Points of {len(totals)} people: {middle}. Written answers count once they are marked."))
    exercises = [ex for ex in found["most"] if any(key[0] == ex for key in found["tried"])]
    share = [
        np.mean([(p.scores.get(ex, (0, None, 1))[0] or 0) / found["most"][ex] for p in found["people"]] or [0]) for ex in exercises
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


def write(name: str, folder: Path | None = None) -> tuple[Path, Path]:
    """``report.html`` and ``marks.csv``; where they are."""
    folder = folder or batch.gradebook() / "reports" / name
    folder.mkdir(parents=True, exist_ok=True)
    found = gather(name)
    write_csv(found, folder / "marks.csv")
    page = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (Path(__file__).parent / "report.html").read_text()
    )
    (folder / "report.html").write_text(page.render(**found, figures=figures(found), most_points=sum(found["most"].values())))
    return folder / "report.html", folder / "marks.csv"
