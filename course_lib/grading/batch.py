"""A class at once: every submission executed exactly once per version, on the cores of this machine or on a Dask cluster.

Taking in and recording are quick and trusted, and happen here, one after the other. Executing is a pure function of (tests,
answers), ``execute``; its results are files named by the submission's version, written whole or not at all. So a run that was
killed goes on where it was, and two runs agree.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from pathlib import Path

import filelock
import psutil

from course_lib.machine import course_root

from . import intake, marking
from .sandbox import Limits, Plain, Sandbox, why_not

_here = threading.local()  # every thread keeps one fork server
_open: list = []
_stopping = threading.Event()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_here() -> int:
    """A submission for each core, as far as the memory reaches: a student's process may take 4 GB, the tests' another."""
    return max(1, min(cores(), psutil.virtual_memory().total // (8 * 2**30)))


def gradebook() -> Path:
    return Path(os.environ.get("COURSE_GRADEBOOK", course_root() / "gradebook"))


def submitted(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """(student, folder of this problem set) for everyone who handed something in, in order."""
    if folder.is_dir():
        for student in sorted(os.scandir(folder), key=lambda e: e.name):
            if student.is_dir(follow_symlinks=False) and name in _names(student.path, name):
                yield student.name, Path(student.path) / name


def _names(folder: str, unreadable: str) -> list[str]:
    """What is in a folder. In one that cannot be read everything may be, also ``unreadable``: whoever opens it says why not."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return [unreadable]


def astray(folder: Path, name: str) -> list[str]:
    """What looks as if it were handed in for this problem set, and does not lie where it belongs."""
    lines, short = [], name.partition("_")[0]
    for student in sorted(os.scandir(folder), key=lambda e: e.name) if folder.is_dir() else ():
        if student.is_symlink() or not student.is_dir():
            lines += [f"{student.name} in {folder.name}/ is {'a link' if student.is_symlink() else 'a file'}"] * (student.name[0] != ".")
            continue
        others = _names(student.path, name)
        if student.name == name:
            lines.append(f"{name}/ is a problem set's folder, and people's folders belong here: STUDENT/{name}/{name}.ipynb")
        elif name not in others:
            lines += [f"{student.name}/{other} is not where it belongs: {student.name}/{name}/{name}.ipynb" for other in others
                      if re.match(rf"{re.escape(short)}(?!\d)", other)]
    return [intake.plain(line, 300) for line in lines]


def imports(cells) -> tuple[str, ...]:
    """The import statements of the course's own cells: done once, before all submissions."""
    found = []
    for cell in cells:
        if cell["kind"] == "code" and not cell["meta"].get("solution"):
            try:
                shown = re.sub(r"^### BEGIN HIDDEN TESTS.*?^### END HIDDEN TESTS", "", cell["text"], flags=re.M | re.S)
                found += [ast.unparse(n) for n in ast.walk(ast.parse(shown)) if isinstance(n, (ast.Import, ast.ImportFrom))]
            except SyntaxError:
                continue
    return tuple(dict.fromkeys(found))


def job(
    submission: intake.Submission, *, sandbox: bool = True, gpu: bool = False, limit_s: float = 120, total_s: float = 1800
) -> dict:
    """All that ``execute`` needs, as plain data."""
    return {
        "cells": marking.source_cells(submission.name),
        "answers": submission.answers,
        "problem": submission.problem,
        "sandbox": sandbox,
        "gpu": gpu,
        "limit_s": limit_s,
        "total_s": total_s,
    }


def execute(job: dict) -> dict:
    """The trial of one submission, on whatever machine this runs: a pure function of the job. The sandbox is kept for the next
    of the same tests."""
    cells = job["cells"]
    if job["problem"]:
        return nothing(cells, job["problem"])
    for _ in range(2):
        where = sandbox(cells, gpu=job["gpu"], cpu_s=job["total_s"]) if job["sandbox"] else Plain()
        try:
            found = marking.run(cells, job["answers"], where, limit_s=job["limit_s"], total_s=job["total_s"])
            return found | {"limits": [job["limit_s"], job["total_s"]]}
        except (OSError, RuntimeError):  # the fork server itself is gone: another one, once
            _drop()
            if _stopping.is_set():
                raise
    raise Lost("the sandbox was lost while it ran, twice: not enough memory on this machine? The same command tries it again")


class Lost(Exception):
    """One submission could not be executed; nothing is said about its answers."""


def nothing(cells, why: str) -> dict:
    """The result of a submission that could not be tried."""
    check = {"name": "nothing could be graded", "hidden": False, "kind": "Stopped", "said": why}
    return {"solutions": {}, "tests": {ex: [check] for ex in marking.points(cells)}}


def sandbox(cells, gpu: bool = False, cpu_s: float = 1800) -> Sandbox:
    """This thread's sandbox, with the libraries imported that these cells import."""
    wanted = gpu, cpu_s, imports(cells)
    if getattr(_here, "key", None) != wanted or _here.where not in _open:
        _drop()
        _here.key, _here.where = wanted, Sandbox(Limits(cpu_s=int(cpu_s)), wanted[2], gpu=gpu)
        _open.append(_here.where)
    return _here.where


def _drop() -> None:
    where = getattr(_here, "where", None)
    if where in _open:
        _open.remove(where)
        where.close()


def close() -> None:
    """End the sandboxes of all threads."""
    while _open:
        _open.pop().close()


def results(name: str) -> Path:
    return gradebook() / "results" / name


def stored(submission: intake.Submission, limit_s: float = 0, total_s: float = 0, **_) -> dict | None:
    """The result that is kept; ``None`` if there is none, or if something was stopped in it and has more time now."""
    try:
        found = json.loads((results(submission.name) / f"{submission.version}.json").read_text())
    except (OSError, ValueError):
        return None
    before = found.get("limits", [limit_s, total_s])
    stopped = any(check["kind"] == "Stopped" for checks in found["tests"].values() for check in checks)
    more = limit_s >= before[0] and total_s >= before[1] and [limit_s, total_s] != before
    return None if stopped and more else found


def digest(submission: intake.Submission) -> str:
    """Says which result is kept; "" if none is."""
    try:
        return hashlib.sha256((results(submission.name) / f"{submission.version}.json").read_bytes()).hexdigest()[:12]
    except OSError:
        return ""


def alone(name: str):
    """A lock, for ``with``: one process at a time grades a problem set. ``RuntimeError`` if another is at it."""
    path = results(name) / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        raise RuntimeError(f"{name} is being graded by another process here; wait until it has ended (its lock: {path})") from None


def _store(name: str, version: str, result: dict) -> None:
    path = results(name) / f"{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.new")
    new.write_text(json.dumps(result))
    new.replace(path)


def result(submission: intake.Submission, **how) -> dict:
    """The stored result, or a fresh one. ``how``: see ``job``."""
    found = stored(submission, **how)
    if found is None:
        if how.get("sandbox", True) and why_not():
            raise RuntimeError(
                f"No sandbox: {why_not()} Or consent to run this code with your own rights: course grade --no-sandbox"
            )
        found = execute(job(submission, **how))
        _store(submission.name, submission.version, found)
    return found


def run(submissions: list[intake.Submission], *, jobs: int, scheduler: str | None = None, **how) -> Iterator[tuple[str, str]]:
    """Execute whatever has no result yet; (version, "" or why it could not be executed) as they are finished. ``how``: see ``job``."""
    todo = {s.version: job(s, **how) for s in submissions if stored(s, **how) is None}  # equal answers are tried once
    for version, future in _cluster(todo, scheduler) if scheduler else _local(todo, jobs):
        try:
            _store(submissions[0].name, version, future.result())
            yield version, ""
        except CancelledError as error:
            raise RuntimeError(f"the cluster is gone ({str(error).splitlines()[-1]})") from None
        except Exception as error:
            if not isinstance(error, (Lost, TypeError, ValueError)) and type(error).__name__ != "KilledWorker":
                raise  # that concerns everybody; the others befall one submission
            yield version, f"{error}".splitlines()[0][:300] if str(error) else type(error).__name__


def _local(todo: dict[str, dict], jobs: int):
    _stopping.clear()
    with ThreadPoolExecutor(max(1, min(jobs, len(todo)))) as pool:
        waiting = {pool.submit(execute, todo[version]): version for version in todo}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future
        except BaseException:
            _stopping.set()  # threads whose sandbox is closed below start no other
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            close()


def _cluster(todo: dict[str, dict], scheduler: str):
    try:
        from distributed import Client
        from distributed import as_completed as arriving
    except ImportError:
        raise RuntimeError("a cluster needs Dask: pip install 'course-lib[cluster]'") from None
    with Client(scheduler, timeout="30s") as client:
        ask = dict(pure=False, retries=2)
        waiting = {client.submit(execute, job, key=f"grade-{version}", resources={"GPU": 1} if job["gpu"] else None, **ask): version
                   for version, job in todo.items()}
        for future in arriving(waiting):
            yield waiting[future], future
            future.release()


def class_list(path: Path) -> tuple[list[dict], list[str]]:
    """(people, remarks) from a CSV with a column ``id`` (and, if you like, first_name, last_name, email). Somebody listed twice
    is taken once."""
    people: dict[str, dict] = {}
    remarks = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} cannot be read as a class list ({error}): save it as CSV in UTF-8, with a column named id"
        ) from error
    if not rows or "id" not in rows[0]:
        raise ValueError(f"{path} has no column named id; nbgrader's class lists have id, first_name, last_name, email")
    for i, row in enumerate(rows, 2):
        student = (row["id"] or "").strip()
        person = {k: (row.get(k) or "").strip() or None for k in ("first_name", "last_name", "email")}
        if bad := intake.proper(student):
            remarks.append(f"line {i} of {path.name}: {student!r} cannot be an id ({bad.replace(chr(39), '')})")
        elif student in people:
            same = people[student] == person | {"id": student}
            remarks.append(
                f"line {i} of {path.name}: {student} is listed a second time{'' if same else ', with other details'}; the first is taken"
            )
        else:
            people[student] = person | {"id": student}
    return list(people.values()), remarks
