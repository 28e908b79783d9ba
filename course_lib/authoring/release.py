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
    if done.returncode:  # an unpacked copy without git
        every = [
            str(p.relative_to(top))
            for p in top.rglob("*")
            if p.is_file() and not set(p.relative_to(top).parts) & {".venv", "__pycache__", "build"}
        ]
    else:
        every = [f for f in done.stdout.split("\0") if f and (top / f).is_file()]
    return sorted(f for f in every if not PRIVATE.match(f))


def secrets() -> list[str]:
    """Lines of solutions and hidden tests that stand nowhere in what is released: none of them may be in the bundle."""
    found: set[str] = set()
    for path in sorted((course_root() / "solutions").glob("*/*.ipynb")):
        released = (course_root() / "assignments" / path.parent.name / path.name).read_text()
        given = {line.strip() for c in nbformat.reads(released, as_version=4).cells for line in c.source.split("\n")}
        for cell in nbformat.read(path, as_version=4).cells:
            for part in re.findall(r"### BEGIN (?:HIDDEN TESTS|SOLUTION)\n(.*?)\s*### END", cell.source, re.S):
                found |= {line.strip() for line in part.split("\n") if len(line.strip()) > 30} - given
    return sorted(found)


def bundle(path: Path) -> Path:
    """A zip of the whole course without solutions, hidden tests and variants. ``RuntimeError`` if one of their lines is in it
    all the same."""
    top, hidden = course_root(), secrets()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as pack:
        for name in files():
            data = (top / name).read_bytes()
            text = data.decode(errors="ignore").replace('\\"', '"').replace("\\\\", "\\")
            if found := next((line for line in hidden if line in text), None):
                new.unlink(missing_ok=True)
                raise RuntimeError(f"{name} holds a line of a solution or a hidden test: {found[:80]}")
            info = zipfile.ZipInfo(f"learning-from-humans/{name}", (2020, 1, 1, 0, 0, 0))  # the same course, the same bytes
            info.external_attr = ((top / name).stat().st_mode & 0o777) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            pack.writestr(info, data)
    new.replace(path)
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
    classroom.prepare(name)
    say("packing …")
    return bundle(batch.gradebook() / "release" / "learning-from-humans.zip")
