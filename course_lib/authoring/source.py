"""From a text source (py:percent) to notebook cells.

The only thing edited by hand is ``source/**/*.py``. A cell header carries short tags:

    # %% hidden=true                                          code that a reader need not see first
    # %% [markdown] ex="masked_nll" part="task" difficulty=2 importance=5 minutes=15
    # %% ex="masked_nll" part="solution"                     holds ### BEGIN SOLUTION … ### END SOLUTION
    # %% ex="masked_nll" part="test" points=3                visible asserts, then ### BEGIN HIDDEN TESTS …
    # %% [markdown] ex="masked_nll" part="hint"              one <details> each
    # %% [markdown] ex="why" part="written" points=4         answered in prose, graded by hand

Cell ids come from tags and first words, so that the same text always gives the same notebook, byte for byte.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

PARTS = ("task", "solution", "test", "hint", "written")
TAGS = {"ex", "part", "difficulty", "importance", "minutes", "points", "hidden"}


class BuildError(ValueError):
    """Something in a source must be changed; the message says where and how."""


@dataclass
class Cell:
    """One cell of a source, with the line its header stands on."""

    kind: str  # "markdown" or "code"
    text: str
    tags: dict
    line: int


def read(path: Path) -> list[Cell]:
    """The cells of a py:percent file. Raises :class:`BuildError` for a tag that does not exist."""
    text = path.read_text(encoding="utf8")
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # jupytext's parsers raise many kinds
        raise BuildError(f"{path}: not a readable py:percent file: {error}") from error
    lines = [i for i, line in enumerate(text.split("\n"), 1) if re.match(r"# %%(\s|$)", line)]
    cells = []
    for i, cell in enumerate(notebook.cells):
        tags = {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
        line = lines[i] if i < len(lines) else 0
        unknown = set(tags) - TAGS
        if unknown:
            raise BuildError(f"{path}:{line}: unknown tag {sorted(unknown)[0]!r}; the tags are {', '.join(sorted(TAGS))}")
        if tags.get("part") is not None and tags["part"] not in PARTS:
            raise BuildError(f"{path}:{line}: part={tags['part']!r} does not exist; it is one of {', '.join(PARTS)}")
        if ("ex" in tags) != ("part" in tags):
            raise BuildError(f"{path}:{line}: an exercise cell needs both ex= and part=")
        cells.append(Cell(cell.cell_type, cell.source, tags, line))
    return cells


def slug(text: str) -> str:
    """Letters, digits and dashes of the first line, at most 40: what a cell is called."""
    first = next((line for line in text.split("\n") if line.strip("# <>")), "cell")
    plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "cell"


def notebook(cells: list[Cell], graded: bool = False) -> nbformat.NotebookNode:
    """A notebook without outputs and with ids of its own making; ``graded`` adds nbgrader's metadata."""
    out, used = [], {}
    for cell in cells:
        ex, part = cell.tags.get("ex"), cell.tags.get("part")
        name = f"{ex}-{part}" if ex else slug(cell.text)
        used[name] = used.get(name, 0) + 1
        name += f"-{used[name]}" if used[name] > 1 else ""
        make = nbformat.v4.new_markdown_cell if cell.kind == "markdown" else nbformat.v4.new_code_cell
        node = make(cell.text, id=name)
        if cell.tags.get("hidden"):
            node.metadata.update(jupyter={"source_hidden": True}, tags=["hide-input"])
        if graded and part in ("solution", "test", "written"):
            node.metadata["nbgrader"] = grading_metadata(ex, part, cell.tags.get("points"))
        if part == "task" and "difficulty" in cell.tags:
            node.source = with_facts(cell, cells)
        out.append(node)
    spec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=out, metadata={"kernelspec": spec, "language_info": {"name": "python"}})


def grading_metadata(ex: str, part: str, points) -> dict:
    """nbgrader's schema 3 for each part of an exercise."""
    base = {"schema_version": 3, "task": False}
    if part == "solution":
        return base | {"grade_id": ex, "grade": False, "solution": True, "locked": False}
    if part == "test":
        return base | {"grade_id": f"{ex}-test", "grade": True, "solution": False, "locked": True, "points": points}
    return base | {"grade_id": ex, "grade": True, "solution": True, "locked": False, "points": points}


def with_facts(cell: Cell, cells: list[Cell]) -> str:
    """The task's text with a line of facts under its heading: difficulty, importance, minutes, points."""
    points = sum(c.tags.get("points", 0) for c in cells if c.tags.get("ex") == cell.tags["ex"])
    facts = (f"*Difficulty {cell.tags['difficulty']}/5 · importance {cell.tags['importance']}/5 · about "
             f"{cell.tags['minutes']} minutes · {points} point{'s' * (points != 1)}*")
    head, _, rest = cell.text.partition("\n")
    return f"{head}\n\n{facts}\n{rest}"


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf8")
