"""Signs that an answer is not somebody's own work: for an instructor to look at, never for a mark.

Two static looks. ``flags``: what a solution cell calls that the reference does not need, such as the course's own implementation of
the same thing, or a way to files and frames. ``similar``: answers that are nearly the same after names, comments and layout are
taken out (normalised edit distance over tokens, by rapidfuzz). Neither proves anything: good answers to a small question are alike.
"""

from __future__ import annotations

import ast
import collections
import io
import keyword
import tokenize

from rapidfuzz import process
from rapidfuzz.distance import Indel

SUSPECT = {
    "inspect",
    "gc",
    "sys",
    "os",
    "ctypes",
    "subprocess",
    "socket",
    "importlib",
    "pathlib",
    "shutil",
    "builtins",
    "pickle",
    "marshal",
    "multiprocessing",
    "threading",
    "urllib",
    "requests",
    "http",
    "signal",
    "IPython",
    "glob",
    "tempfile",
    "unittest",
}
WAYS = {
    "open",
    "exec",
    "eval",
    "compile",
    "__import__",
    "globals",
    "vars",
    "get_ipython",
    "breakpoint",
    "input",
    "setattr",
    "delattr",
}


def _calls(text: str) -> tuple[set[str], set[str]]:
    """(full names of what is imported from modules and used, built-in ways out)."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    modules, names, ways = {}, set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                modules[a.asname or a.name.split(".")[0]] = a.name if a.asname else a.name.split(".")[0]
                names.add(a.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for a in node.names:
                modules[a.asname or a.name] = f"{node.module}.{a.name}"
                names.add(f"{node.module}.{a.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            path, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                path, inner = [inner.attr, *path], inner.value
            if isinstance(inner, ast.Name) and inner.id in modules:
                names.add(".".join([modules[inner.id], *path]))
            if (
                node.attr.startswith("__")
                and node.attr.endswith("__")
                and node.attr not in ("__init__", "__name__", "__class__", "__len__")
            ):
                ways.add(node.attr)
        elif isinstance(node, ast.Name) and node.id in WAYS:
            ways.add(node.id)
    return names, ways


def flags(answer: str, reference: str, given: str = "") -> list[str]:
    """What an answer uses that neither the reference nor the released cell (``given``) does, in words."""
    (theirs, ways), (known, known_ways) = _calls(answer), _calls(reference + "\n" + given)
    found = [f"uses {name}" for name in sorted(theirs - known) if name.startswith("course_lib.")]
    found += [f"imports {name}" for name in sorted({n.split(".")[0] for n in theirs - known} & SUSPECT)]
    return found + [f"calls {way}" for way in sorted(ways - known_ways)]


def tokens(text: str) -> tuple[str, ...]:
    """A cell as a sequence of tokens, with every name of the student's own the same, and without comments, docstrings and layout."""
    try:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        text = ast.unparse(tree)
        found = tokenize.generate_tokens(io.StringIO(text).readline)
        own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | {
            a.arg for n in ast.walk(tree) if isinstance(n, ast.arguments) for a in n.args
        }
        return tuple(
            "v" if t.type == tokenize.NAME and t.string in own and not keyword.iskeyword(t.string) else t.string
            for t in found
            if t.type in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING, tokenize.OP)
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return tuple(text.split())


def similar(answers: dict[str, dict[str, str]], blank: dict[str, str], least: float = 0.9) -> list[tuple[str, str, float, int]]:
    """(one, other, share of tokens alike, tokens compared) for pairs of people above ``least``, the most alike first.

    An answer that a tenth of the class (at least four people) has in the same form is common property and does not count.
    """
    form = {
        s: {ex: tokens(text) for ex, text in a.items() if text.strip() != blank.get(ex, "").strip()} for s, a in answers.items()
    }
    common = collections.Counter((ex, t) for a in form.values() for ex, t in a.items())
    shared = {key for key, n in common.items() if n >= max(4, len(answers) / 10)}
    alphabet: dict[str, str] = {}
    whole = {}
    for student, a in form.items():
        sequence = [t for ex in sorted(a) if (ex, a[ex]) not in shared for t in (f"#{ex}", *a[ex])]
        whole[student] = "".join(alphabet.setdefault(t, chr(0x100 + len(alphabet) % 0xD000)) for t in sequence)
    people = [s for s, text in whole.items() if len(text) >= 60]
    table = process.cdist(
        [whole[s] for s in people], [whole[s] for s in people], scorer=Indel.normalized_similarity, score_cutoff=least, workers=1
    )
    pairs = [
        (people[i], people[j], float(table[i, j]), min(len(whole[people[i]]), len(whole[people[j]])))
        for i in range(len(people))
        for j in range(i)
        if table[i, j] >= least
    ]
    return sorted(pairs, key=lambda p: (-p[2], p[:2]))
