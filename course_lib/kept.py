"""Results that take too long for a notebook: kept as a small data file, with everything that is needed to make them again.

A *study* is a file ``source/results/NAME.py`` with ``CONDITIONS`` (a list of keyword arguments), ``SEEDS``, and a function
``measure(seed, **condition)`` that returns numbers. ``python -m course_lib.kept NAME`` runs what is missing, on all cores, and writes
``NAME.json``: the command, seeds, versions, and a hash of the code that the study depends on. A test compares the hash; a notebook draws
the rows, and measures one of them again.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parents[1] / "source" / "results"
PACKAGES = ("python", "numpy", "torch", "gymnasium")


def study(name: str) -> ModuleType:
    """The module of a study, by the name of its file."""
    path = FOLDER / f"{name}.py"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.py"))) or "none"
        raise FileNotFoundError(f"there is no study {name!r} in {FOLDER} (there are: {known})")
    spec = importlib.util.spec_from_file_location(f"study_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def imported(path: Path, package: str) -> set[str]:
    """The modules of ``course_lib`` that a file imports from; a name that a package hands on counts as the module that defines it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
        if base.split(".")[0] != "course_lib":
            continue
        for alias in node.names:
            thing = getattr(import_module(base), alias.name, None)
            home = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", base)
            found.add(home if str(home).startswith("course_lib.") else base)
    return found


def without_words(path: Path) -> str:
    """What a file does: its syntax tree without docstrings (comments and layout are not in it anyway), and without a study's lists of
    conditions and seeds, which every row names itself: more of them do not make the others wrong."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    lists = lambda node: isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("CONDITIONS", "SEEDS")
    tree.body = [node for node in tree.body if not lists(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def depends_on(name: str) -> dict[str, str]:
    """Every module of ``course_lib`` that a study leads to, with a hash of what it does; and the study itself."""
    path, todo, seen = FOLDER / f"{name}.py", [], {}
    todo.extend(imported(path, ""))
    while todo:
        module = todo.pop()
        if module not in seen:
            spec = importlib.util.find_spec(module)
            file = Path(spec.origin)
            seen[module] = hashlib.sha256(without_words(file).encode()).hexdigest()[:12]
            todo.extend(imported(file, module if spec.submodule_search_locations else module.rpartition(".")[0]))
    return {"the study": hashlib.sha256(without_words(path).encode()).hexdigest()[:12]} | dict(sorted(seen.items()))


def stale(name: str) -> list[str]:
    """What has changed since the results of a study were made; empty if they are up to date."""
    then, now = kept(name)["code"], depends_on(name)
    return sorted(part for part in then.keys() | now.keys() if then.get(part) != now.get(part))


def kept(name: str) -> dict:
    """The data file: ``command``, ``seeds``, ``versions``, ``seconds`` (of CPU), ``code``; ``rows``, a dict for each condition and seed."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"the results of {name!r} have not been made: python -m course_lib.kept {name}")
    return json.loads(path.read_text(encoding="utf8"))


def one(name: str, condition: dict, seed: int) -> dict:
    """A row: the condition, the seed, what was measured, and the CPU seconds it took."""
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    measured = study(name).measure(seed=seed, **condition)
    return {**condition, "seed": seed, **measured, "seconds": round(time.process_time() - start, 1)}


def make(name: str, workers: int | None = None) -> None:
    """Run a study and write its data file. Rows of an earlier run of the same code are kept, so it may be stopped and started again."""
    from tqdm.auto import tqdm

    module, code, part = study(name), depends_on(name), FOLDER / f"{name}.part"
    cases = [(condition, seed) for condition in module.CONDITIONS for seed in condition.get("seeds", module.SEEDS)]
    cases = [({k: v for k, v in condition.items() if k != "seeds"}, seed) for condition, seed in cases]
    key = lambda condition, seed: json.dumps([condition, seed], sort_keys=True)
    lines = [json.loads(line) for line in part.read_text().splitlines()] if part.exists() else []
    done = {key(*line["case"]): line["row"] for line in lines if line["code"] == code}
    with ProcessPoolExecutor(workers) as pool, part.open("a") as log:
        jobs = {pool.submit(one, name, *case): case for case in cases if key(*case) not in done}
        for job in tqdm(as_completed(jobs), total=len(jobs), desc=name):
            case = jobs[job]
            done[key(*case)] = job.result()
            print(json.dumps({"case": case, "row": job.result(), "code": code}), file=log, flush=True)
    rows = [done[key(*case)] for case in cases]
    versions = {p: sys.version.split()[0] if p == "python" else version(p) for p in PACKAGES}
    about = {"command": f"python -m course_lib.kept {name}", "seeds": list(module.SEEDS), "versions": versions,
             "seconds": round(sum(row["seconds"] for row in rows)), "code": code}
    head = json.dumps(about, indent=1)[:-2]
    body = ",\n".join("  " + json.dumps(row) for row in rows)
    (FOLDER / f"{name}.json").write_text(f'{head},\n "rows": [\n{body}\n ]\n}}\n', encoding="utf8")
    part.unlink()


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        make(chosen)
