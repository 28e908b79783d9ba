"""``course build``: from ``source/`` to ``notebooks/``, ``solutions/`` and ``assignments/``.

The released assignment is made by nbgrader itself from the solution notebook, so that what students get is what nbgrader
would have given them. The same sources give the same bytes on every machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import lint, source
from .source import BuildError


def checked(path: Path, *rules) -> list[source.Cell]:
    """The cells of a source that passes every rule, or :class:`BuildError` that lists all findings."""
    cells = source.read(path)
    if not cells:
        raise BuildError(f"{path}: empty")
    findings = [f"{path}:{line}: {message}" for rule in rules for line, message in rule(cells)]
    if findings:
        raise BuildError("\n".join(findings))
    return cells


def build(top: Path, out: Path | None = None) -> list[Path]:
    """Build everything below ``out`` (the repository itself by default). Returns the files written.

    All sources are checked before anything is written: a refused source leaves the old notebooks as they were.
    """
    out = out or top
    lectures = {p: checked(p, lint.common, lint.lecture) for p in sorted((top / "source/lectures").glob("*.py"))}
    sets = {p: checked(p, lint.common, lint.problem_set) for p in sorted((top / "source/problem_sets").glob("*.py"))}
    written = []
    for path, cells in lectures.items():
        written.append(out / "notebooks" / f"{path.stem}.ipynb")
        source.write(source.notebook(cells), written[-1])
    for path, cells in sets.items():
        name = path.stem
        written.append(out / "solutions" / name / f"{name}.ipynb")
        source.write(source.notebook(cells, graded=True), written[-1])
        release(top, out, name)
        written.append(out / "assignments" / name / f"{name}.ipynb")
    return written


def release(top: Path, out: Path, name: str) -> None:
    """The student's version, by ``nbgrader generate_assignment`` (no database needed)."""
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", name, "--no-db", "--force",
               f"--CourseDirectory.source_directory={out / 'solutions'}",
               f"--CourseDirectory.release_directory={out / 'assignments'}"]
    done = subprocess.run(command, cwd=top, capture_output=True, text=True)
    made = out / "assignments" / name / f"{name}.ipynb"
    if done.returncode or not made.exists():
        raise BuildError(f"nbgrader could not release {name}:\n{done.stderr.strip()}")
