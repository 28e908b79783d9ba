"""What can be read off a cell's text: the named checks of a test cell, and the names that a cell defines.

A test cell is cut by comments ``# check: name``. In a notebook they are just comments, and the cell stops at the first assertion
that fails; when it is marked every check is tried on its own.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

MARKER = re.compile(r"# check: (.+)")


@dataclass(frozen=True)
class Check:
    """A named part of a test cell: its statements, and whether students may see them."""

    name: str
    statements: tuple[ast.stmt, ...]
    hidden: bool


def checks(text: str) -> list[Check]:
    """The checks of a test cell. What stands before the first marker belongs to the first check; the hidden part always begins a
    new one."""
    lines, starts, secret, hidden = text.split("\n"), [], False, set()
    for i, line in enumerate(lines, 1):
        if line.startswith("### BEGIN HIDDEN TESTS"):
            secret = True
            starts.append((i, "hidden tests"))
        elif line.startswith("### END HIDDEN TESTS"):
            secret = False
        elif m := MARKER.fullmatch(line):
            if starts and starts[-1] == (i - 1, "hidden tests") or len(starts) == 1 and starts[0][1] == "tests":
                starts.pop()
            starts.append((i, m[1].strip()))
        elif not starts:
            starts.append((i, "tests"))
        if secret:
            hidden.add(i)
    parts: list[list[ast.stmt]] = [[] for _ in starts]
    for statement in ast.parse(text).body:
        parts[max((k for k, (line, _) in enumerate(starts) if line < statement.lineno), default=0)].append(statement)
    return [Check(name, tuple(part), part[0].lineno in hidden) for (_, name), part in zip(starts, parts) if part]


def defined(text: str) -> list[str]:
    """The names that a cell binds at its top level."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return found
