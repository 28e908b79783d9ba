"""``course release``: look that a problem set can be trusted, put it in the gradebook, and pack what students get."""

from __future__ import annotations

import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

import nbformat

from course_lib.authoring.build import build
from course_lib.grading import batch, classroom
from course_lib.grading.mutants import mutants
from course_lib.machine import course_root

PRIVATE = re.compile(r"(solutions|tests|benchmarks|source/problem_sets|gradebook|workspace|\.ci|\.git)(/|$)|\.git")


def out_of_date() -> list[str]:
    """Generated notebooks that are not what their sources make."""
    top = course_root()
    with tempfile.TemporaryDirectory() as scratch:
        made = build(top, Path(scratch))
        return [
            str(p.relative_to(scratch))
            for p in made
            if not (top / p.relative_to(scratch)).exists() or p.read_bytes() != (top / p.relative_to(scratch)).read_bytes()
        ]


def files() -> list[str]:
    """What belongs to the course and may be given to students, relative to its root."""
    top = course_root()
    done = subprocess.run(["git", "ls-files", "-z"], cwd=top, capture_output=True, text=True)
    if done.returncode:  # without git nobody can tell the course from class lists, submissions and whatever else lies here
        raise RuntimeError(f"{top} is no git clone, so it is not known which of its files belong to the course: release from a clone")
    return sorted(f for f in done.stdout.split("\0") if f and (top / f).is_file() and not PRIVATE.match(f))


def lines(path: Path) -> set[str]:
    """The lines of a file, or of a notebook's cells, that say something."""
    try:
        text = path.read_text()
        if path.suffix == ".ipynb":
            text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
    except UnicodeDecodeError:
        return set()
    return {line.strip() for line in text.split("\n") if len(line.strip()) > 30}


def secrets() -> set[str]:
    """Lines of solutions and hidden tests that students are not given: neither in the released cells nor, as part of the
    library that the course is about, in ``course_lib``."""
    top, found = course_root(), set()
    for path in sorted((top / "solutions").glob("*/*.ipynb")):
        given = lines(top / "assignments" / path.parent.name / path.name)
        for cell in nbformat.read(path, as_version=4).cells:
            parts = re.findall(r"### BEGIN (?:HIDDEN TESTS|SOLUTION)\n(.*?)\s*### END", cell.source, re.S)
            if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
                parts = [cell.source]  # the model of a written answer
            found |= {line.strip() for part in parts for line in part.split("\n") if len(line.strip()) > 30} - given
    return found - set().union(*(lines(p) for p in (top / "course_lib").rglob("*.py")))


def bundle(path: Path) -> Path:
    """A zip of the whole course without solutions, hidden tests and variants. ``RuntimeError`` if a line of theirs is in it."""
    top, hidden = course_root(), secrets()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as pack:
            for name in files():
                if found := lines(top / name) & hidden:
                    raise RuntimeError(f"{name} holds a line of a solution or a hidden test: {min(found)[:100]}")
                info = zipfile.ZipInfo(f"learning-from-humans/{name}", (2020, 1, 1, 0, 0, 0))  # the same course, the same bytes
                info.external_attr = ((top / name).stat().st_mode & 0o777) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                pack.writestr(info, (top / name).read_bytes())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return path


def release(name: str, say=lambda text: None) -> Path:
    """Check, register, pack. ``RuntimeError`` says what stands against a release."""
    say("comparing notebooks with their sources …")
    if old := out_of_date():
        raise RuntimeError(
            f"not what their sources make: {', '.join(old)}. Run `course build`, look at the changes, and commit them"
        )
    say("trying every right and every wrong solution …")
    bad = [v for v in mutants(name) if not v.ok]
    if bad:
        raise RuntimeError(
            "the tests do not tell right from wrong:\n"
            + "\n".join(f"  {v.exercise}/{v.variant} ({v.kind}): {v.score} of {v.max}" for v in bad)
        )
    say("entering it in the gradebook …")
    with batch.alone(name):
        classroom.prepare(name)
    say("packing …")
    return bundle(batch.gradebook() / "release" / "learning-from-humans.zip")
