"""A scratch course with one small problem set, and a class that hands in."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.authoring.build import build
from tests.grading import attacks

HERE = Path(__file__).parent
TOP = HERE.parents[1]
NAME = "hw1"


def course(top: Path, config: str | None = None) -> Path:
    """solutions/hw1, assignments/hw1 and nbgrader's settings (the course's, or ``config``)."""
    (top / "source/problem_sets").mkdir(parents=True)
    (top / "source/lectures").mkdir()
    shutil.copy(HERE / "hw1.py", top / "source/problem_sets")
    (top / "nbgrader_config.py").write_text(config or (TOP / "nbgrader_config.py").read_text())
    build(top)
    return top


def hand_in(top: Path, student: str, softmax: str, mean: str, change=None, why: str = "So that nothing overflows, I think.") -> Path:
    """One submission: the released notebook with these answers, then changed."""
    folder = top / "gradebook/submitted" / student / NAME
    folder.mkdir(parents=True)
    nb = json.loads((top / "assignments" / NAME / f"{NAME}.ipynb").read_text())
    for cell in nb["cells"]:
        answer = {"softmax": softmax, "running_mean": mean, "why": why}.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        if answer is not None:
            cell["source"] = answer
    (folder / f"{NAME}.ipynb").write_text(json.dumps(nb))
    if change:
        change(folder, NAME)
    return folder


def class_of_attackers(top: Path, port: int) -> dict[str, str]:
    """Everybody hands in: student → what they do. Honest people stand before, between and after the attackers."""
    who: dict[str, str] = {}

    def add(what, *args, **kwargs):
        student = f"s{len(who):03d}"
        who[student] = what
        hand_in(top, student, *args, **kwargs)

    add("honest, right", attacks.RIGHT, attacks.RIGHT_MEAN)
    add("honest, wrong", attacks.WRONG, attacks.WRONG_MEAN)
    for what, code in attacks.CODE.items():
        add(what, code.replace("PORT", str(port)), attacks.WRONG_MEAN)
    for what, change in attacks.FILES.items():
        add(what, attacks.WRONG, attacks.WRONG_MEAN, change)
    add("honest, right", attacks.RIGHT, attacks.RIGHT_MEAN)
    for what, change in attacks.HARMLESS.items():
        add(what, attacks.RIGHT, attacks.RIGHT_MEAN, change)
    for what, (change, _) in attacks.NOTHING.items():
        add(what, attacks.RIGHT, attacks.RIGHT_MEAN, change)
    add("honest, right", attacks.RIGHT, attacks.RIGHT_MEAN)
    return who


def state(top: Path) -> dict[str, str]:
    """What nobody may change: every file outside the gradebook, and what others handed in."""
    found = {}
    for folder in (top / "solutions", top / "assignments", top / "source", top / "gradebook/submitted"):
        for base, _, files in os.walk(folder):
            for f in files:
                path = Path(base) / f
                if path.is_file() and not path.is_symlink():
                    found[str(path.relative_to(top))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found | {"nbgrader_config.py": hashlib.sha256((top / "nbgrader_config.py").read_bytes()).hexdigest()}


def course_command(top: Path, *args: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "course_lib.cli", *args], cwd=top, capture_output=True, text=True, env=os.environ | env, timeout=1500)


def marks(top: Path, database: str | None = None) -> dict[str, dict[str, tuple]]:
    """student → exercise → (automatic, by hand) from the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(database or f"sqlite:///{top / 'gradebook/gradebook.db'}") as book:
        return {s.student.id: {g.name.removesuffix("-test"): (g.auto_score, g.manual_score) for n in s.notebooks for g in n.grades} for s in book.assignment_submissions(NAME)}
