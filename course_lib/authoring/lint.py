"""What a source may not do: rules that keep every notebook to the same shape.

Each check takes the cells and yields (line, message). ``course build`` refuses a source with any.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from course_lib.grading.checks import checks

from .source import Cell

Finding = tuple[int, str]
LONGEST = 40  # lines in a code cell


def common(cells: list[Cell]) -> Iterator[Finding]:
    """For every source: one H1, headings in order, short code cells, figures that can be read by everyone."""
    level, titles = 0, 0
    for cell in cells:
        if cell.kind == "markdown":
            prose = re.sub(r"```.*?```", "", cell.text, flags=re.S)
            for hashes in re.findall(r"^(#+) ", prose, re.M):
                titles += len(hashes) == 1
                if len(hashes) > level + 1:
                    yield cell.line, f"heading level jumps from {level} to {len(hashes)}: use {'#' * (level + 1)}"
                level = len(hashes)
            for alt in re.findall(r"!\[(.*?)\]\(", prose):
                if not alt.strip():
                    yield cell.line, "an image without alternative text: ![what it shows](…)"
            continue
        n = cell.text.count("\n") + 1
        if n > LONGEST:
            yield cell.line, f"a code cell of {n} lines (at most {LONGEST}): split it, or move plumbing to course_lib"
        yield from figures(cell)
    if titles != 1:
        yield cells[0].line, f"{titles} headings of level 1: a notebook has exactly one"


def figures(cell: Cell) -> Iterator[Finding]:
    """Figures are shown by ``figure(fig, caption=…, alt=…)`` with both texts, never by ``plt.show()``."""
    try:
        tree = ast.parse(cell.text)
    except SyntaxError as error:
        yield cell.line + (error.lineno or 0), f"not valid Python: {error.msg}"
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("plt.show", "fig.show"):
            yield cell.line + node.lineno, "use figure(fig, caption=…, alt=…) instead of show()"
        if called == "figure" and not {"caption", "alt"} <= {k.arg for k in node.keywords}:
            yield cell.line + node.lineno, "a figure needs caption= and alt="


def lecture(cells: list[Cell]) -> Iterator[Finding]:
    """A lecture ends in claims and recall questions with folded answers."""
    code = "\n".join(c.text for c in cells if c.kind == "code")
    prose = "\n".join(c.text for c in cells if c.kind == "markdown")
    if "claims.show()" not in code:
        yield cells[-1].line, "no claims cell: a lecture ends by measuring what it promised (claims.show())"
    if "<details>" not in prose:
        yield cells[-1].line, "no recall questions with folded answers (<details>)"
    for need in ("You will be able to", "You need first", "minutes"):
        if need.lower() not in prose.lower():
            yield cells[0].line, f'the opening does not say "{need}"'


def problem_set(cells: list[Cell]) -> Iterator[Finding]:
    """Every exercise is whole: task with facts, solution, visible test with points, a hint."""
    parts: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        if ex := cell.tags.get("ex"):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", ex):
                yield cell.line, f"ex={ex!r}: use small letters, digits and underscores"
            if cell.tags["part"] in parts.setdefault(ex, {}) and cell.tags["part"] != "hint":
                yield cell.line, f"exercise {ex} has two cells with part={cell.tags['part']!r}"
            parts[ex][cell.tags["part"]] = cell
    for ex, have in parts.items():
        line = next(iter(have.values())).line
        task = have.get("task")
        if task is None:
            yield line, f"exercise {ex} has no part=\"task\""
            continue
        for fact, top in (("difficulty", 5), ("importance", 5), ("minutes", 120)):
            value = task.tags.get(fact)
            if not isinstance(value, int) or not 1 <= value <= top:
                yield task.line, f"exercise {ex} lacks {fact}= (a whole number from 1 to {top})"
        if not task.text.startswith("#"):
            yield task.line, f"exercise {ex}: the task begins with a heading"
        graded = have.get("written") or have.get("test")
        points = graded.tags.get("points") if graded else None
        if not isinstance(points, int) or points < 1:
            yield line, f"exercise {ex} lacks points= on its test (or written answer)"
        if "written" in have:
            continue
        for part in ("solution", "test", "hint"):
            if part not in have:
                yield line, f"exercise {ex} has no part={part!r}"
        if "solution" in have and not re.search(r"### BEGIN SOLUTION.*### END SOLUTION", have["solution"].text, re.S):
            yield have["solution"].line, f"exercise {ex}: no ### BEGIN SOLUTION … ### END SOLUTION"
        if "test" in have:
            visible, _, hidden = have["test"].text.partition("### BEGIN HIDDEN TESTS")
            if "assert" not in visible:
                yield have["test"].line, f"exercise {ex} has no visible assert: a student needs something to run"
            if "assert" not in hidden:
                yield have["test"].line, f"exercise {ex} has no hidden tests on other inputs"
            names = [check.name for check in checks(have["test"].text)]
            if len(names) < 2 or len(set(names)) < len(names) or {"tests", "hidden tests"} & set(names):
                yield have["test"].line, (f"exercise {ex}: name its checks, each differently, in comments "
                                               "`# check: name`, also where the hidden tests begin")
        if "hint" in have and "<details>" not in have["hint"].text:
            yield have["hint"].line, f"exercise {ex}: hints fold away, in <details>"
