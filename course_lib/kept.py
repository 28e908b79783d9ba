"""Results that take too long for a notebook: kept as a small data file, with everything that is needed to make them again.

A *study* is a file ``source/results/NAME.py`` with ``CONDITIONS`` (a list of keyword arguments), ``SEEDS``, and a function
``measure(seed, **condition)`` that returns numbers. ``python -m course_lib.kept NAME`` runs what is missing, on all cores, and writes
``NAME.json``: the command, seeds, versions, and a hash of the code that the study depends on. A test compares the hash; a notebook draws
the rows, and measures one of them again. After a change of that code which should change no number, ``python -m course_lib.kept --renew
NAME`` measures one seed of every condition again, and takes over the new hash only if each is the same to the last digit.
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
from types import FunctionType, ModuleType

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
    """The modules of ``course_lib`` that a file imports from. A function or class that a package hands on counts as the module that
    defines it; of anything else, the package that hands it on counts."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
            if base.split(".")[0] == "course_lib":
                found |= {home(base, alias.name) for alias in node.names}
    return {module for module in found if module.split(".")[0] == "course_lib"}


def home(base: str, name: str) -> str:
    """The module in which ``from base import name`` finds what it imports."""
    module = import_module(base)
    if hasattr(module, "__path__") and importlib.util.find_spec(f"{base}.{name}"):
        return f"{base}.{name}"
    thing = getattr(module, name)
    return thing.__module__ if isinstance(thing, type | FunctionType) and thing.__module__.startswith("course_lib.") else base


def what_it_does(path: Path, but: tuple[str, ...] = ()) -> str:
    """A hash of a file's syntax tree, which has no comments and no layout in it; docstrings, and assignments to the names in ``but``, are
    left out. The same on every version of Python."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    tree.body = [node for node in tree.body if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in but)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]

    def shape(x):  # not ast.dump: what it prints of empty fields differs from version to version
        if isinstance(x, ast.AST):
            return [type(x).__name__, *([field, shape(value)] for field, value in ast.iter_fields(x) if value is not None and value != [])]
        return [shape(y) for y in x] if isinstance(x, list) else repr(x)

    return hashlib.sha256(repr(shape(tree)).encode()).hexdigest()[:12]


def depends_on(name: str) -> dict[str, str]:
    """Every module of ``course_lib`` that a study leads to, with a hash of what it does; and the study itself, without its lists of
    conditions and seeds: every row names its own, and more of them do not make the others wrong."""
    path, seen = FOLDER / f"{name}.py", {}
    todo = list(imported(path, ""))
    while todo:
        module = todo.pop()
        if module not in seen:
            spec = importlib.util.find_spec(module)
            seen[module] = what_it_does(Path(spec.origin))
            todo.extend(imported(Path(spec.origin), module if spec.submodule_search_locations else module.rpartition(".")[0]))
    return {"the study": what_it_does(path, but=("CONDITIONS", "SEEDS"))} | dict(sorted(seen.items()))


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


def cases(module: ModuleType) -> list[tuple[dict, int]]:
    """Every condition of a study with every seed; a condition may bring ``seeds`` of its own."""
    return [({k: v for k, v in condition.items() if k != "seeds"}, seed)
            for condition in module.CONDITIONS for seed in condition.get("seeds", module.SEEDS)]


def make(name: str, workers: int | None = None) -> None:
    """Run a study and write its data file. What is done is on disk at once, so it may be stopped and started again: rows of the same code
    are kept. A case that fails does not stop the others; the first failure is raised when all have been tried."""
    from tqdm.auto import tqdm

    module, code, part = study(name), depends_on(name), FOLDER / f"{name}.part"
    key = lambda case: json.dumps(case, sort_keys=True)
    done, failures = _rows(name, code, key), {}
    with ProcessPoolExecutor(workers) as pool, part.open("a", encoding="utf8") as log:
        jobs = {pool.submit(one, name, *case): case for case in cases(module) if key(case) not in done}
        try:
            for job in tqdm(as_completed(jobs), total=len(jobs), desc=name):
                case = jobs[job]
                if job.exception() is not None:
                    failures[key(case)] = job.exception()
                    continue
                done[key(case)] = job.result()
                print(json.dumps({"case": case, "row": job.result(), "code": code}), file=log, flush=True)
        except BaseException:  # Ctrl-C: what has not begun need not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for case, failure in failures.items():
        raise RuntimeError(f"{len(failures)} cases of {name} failed, the first is {case}; the others are kept, run it again") from failure
    rows = [done[key(case)] for case in cases(module)]
    versions = {p: sys.version.split()[0] if p == "python" else version(p) for p in PACKAGES}
    _write(name, {"command": f"python -m course_lib.kept {name}", "seeds": list(module.SEEDS), "versions": versions,
                  "seconds": round(sum(row["seconds"] for row in rows)), "code": code, "rows": rows})
    part.unlink()


def renew(name: str, workers: int | None = None) -> None:
    """Take over the hash of changed code, if it gives the old numbers: the first seed of every condition is measured again. ``ValueError``
    that names the conditions if some differ; nothing is written then."""
    data, module, code = kept(name), study(name), depends_on(name)
    first = {json.dumps(condition, sort_keys=True): (condition, seed) for condition, seed in reversed(cases(module))}.values()
    with ProcessPoolExecutor(workers) as pool:
        again = list(pool.map(one, *zip(*((name, *case) for case in first))))
    numbers = lambda row: {k: v for k, v in row.items() if k != "seconds"}
    before = [numbers(row) for row in data["rows"]]
    if differ := [row for row in again if numbers(row) not in before]:
        raise ValueError(f"{len(differ)} of {len(again)} conditions give other numbers now, the first is {differ[0]}: make them again")
    _write(name, data | {"code": code, "renewed": f"{len(again)} rows, one of each condition, were measured again and are the same"})


def _write(name: str, data: dict) -> None:
    head = json.dumps({k: v for k, v in data.items() if k != "rows"}, indent=1, ensure_ascii=False)[:-2]
    body = ",\n".join("  " + json.dumps(row) for row in data["rows"])
    (FOLDER / f"{name}.json").write_text(f'{head},\n "rows": [\n{body}\n ]\n}}\n', encoding="utf8")


def _rows(name: str, code: dict, key) -> dict[str, dict]:
    """The rows that the same code made before, in a whole or an unfinished run. A line that was cut off while it was written is not one."""
    part, module, rows = FOLDER / f"{name}.part", study(name), {}
    if (FOLDER / f"{name}.json").exists() and kept(name)["code"] == code:
        options = {option for condition in module.CONDITIONS for option in condition}
        for row in kept(name)["rows"]:
            rows[key(({k: v for k, v in row.items() if k in options}, row["seed"]))] = row
    for line in part.read_text(encoding="utf8").splitlines() if part.exists() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if entry["code"] == code:
            rows[key(entry["case"])] = entry["row"]
    return rows


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        if chosen != "--renew":
            (renew if "--renew" in sys.argv else make)(chosen)
