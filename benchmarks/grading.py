"""Grading a class beside stock nbgrader: what attacks get, what a class takes, what is lost when things are killed, whether marks are fair.

``python -m benchmarks.grading [attacks] [fairness] [throughput] [cluster]``. Writes grading.json and GRADING.md beside this file. Stock nbgrader runs the
same notebooks in the same run; in ``attacks`` it is shut into a container of its own, so that what it does not stop does not reach this machine.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import nbformat

from course_lib.grading import batch, marking
from course_lib.grading.mutants import mutants, variants
from tests.grading import attacks, school
from tests.grading.test_batch import cluster

HERE, TOP = Path(__file__).parent, Path(__file__).resolve().parents[1]
STOCK = '''import os, sys
c = get_config()
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
c.CourseDirectory.source_directory, c.CourseDirectory.release_directory = "solutions", "release"
for step in ("submitted", "autograded", "feedback"):
    setattr(c.CourseDirectory, f"{step}_directory", f"gradebook/{step}")
c.CourseDirectory.db_url = "sqlite:///" + os.path.join(os.getcwd(), "gradebook", "gradebook.db")
c.Execute.timeout = 8
'''
TOO_MUCH = {"fork bomb", "take 40 GB of memory"}  # stock nbgrader has no limits: these would take this machine down


def nbgrader(top: Path, *args: str, contained: bool = False, **kwargs) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nbgrader", *args]
    if contained:  # its own processes, no capabilities, nothing writable but the scratch course
        command = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm",
                   "--bind", str(top), str(top), "--setenv", "HOME", "/tmp", "--cap-drop", "ALL", "--die-with-parent", *command]
    return subprocess.run(command, cwd=top, capture_output=True, text=True, errors="replace", **kwargs)


# ---- attacks

def key(what: str) -> str:
    """Changes with an attack and with nbgrader: what stock nbgrader makes of it is measured once for each."""
    change = {**attacks.FILES, **attacks.HARMLESS, **{k: v[0] for k, v in attacks.NOTHING.items()}}.get(what)
    text = attacks.CODE.get(what) or repr(getattr(change, "__code__", what).co_code if change else "")
    return hashlib.sha256(f"{what} {text} {version('nbgrader')}".encode()).hexdigest()[:12]


def attack_table() -> list[dict]:
    """Each attack: what the attacker gets of 5 and 4 points, and what becomes of everything else. Stock: alone between two honest people, so that
    each can be told from the others; ours: all of them in one class."""
    path = HERE / "grading.json"
    before = {r["key"]: r["stock"] for r in json.loads(path.read_text()).get("attacks", [])} if path.exists() else {}
    rows = [dict(kind=kind, attack=what, key=key(what)) for kind, found in (("code", attacks.CODE), ("file", attacks.FILES), ("harmless", attacks.HARMLESS), ("nothing", attacks.NOTHING)) for what in found]
    with tempfile.TemporaryDirectory(dir=Path.home()) as scratch:
        pattern = school.course(Path(scratch) / "stock", STOCK)
        (pattern / "gradebook").mkdir()
        nbgrader(pattern, "generate_assignment", "hw1", check=True)

        def stock(row):
            if row["key"] in before:
                row["stock"] = before[row["key"]]
                return
            top = Path(scratch) / f"stock-{rows.index(row)}"
            shutil.copytree(pattern, top)
            school.hand_in(top, "a_honest", attacks.RIGHT, attacks.RIGHT_MEAN)
            right = row["kind"] in ("harmless", "nothing")
            change = {**attacks.FILES, **attacks.HARMLESS, **{k: v[0] for k, v in attacks.NOTHING.items()}}.get(row["attack"])
            code = attacks.CODE.get(row["attack"], attacks.RIGHT if right else attacks.WRONG).replace("PORT", "9")
            school.hand_in(top, "b_attacker", code, attacks.RIGHT_MEAN if right else attacks.WRONG_MEAN, change)
            school.hand_in(top, "c_honest", attacks.RIGHT, attacks.RIGHT_MEAN)
            row["stock"] = "not run" if row["attack"] in TOO_MUCH else outcome(top)
            shutil.rmtree(top, ignore_errors=True)
            print(f"{row['kind']:9s} {row['attack']:48s} {row['stock']}", flush=True)

        with ThreadPoolExecutor(batch.cores()) as pool:
            list(pool.map(stock, rows))
        top = school.course(Path(scratch) / "ours")
        who = school.class_of_attackers(top, 9)
        untouched = school.state(top)
        done = school.course_command(top, "grade", "hw1", "--limit", "8")
        assert done.returncode == 0 and school.state(top) == untouched, done.stderr
        marks = school.marks(top)
        honest = [s for s, what in who.items() if what == "honest, right"]
        assert all(marks[s]["softmax"][0] == 5 and marks[s]["running_mean"][0] == 4 for s in honest)
        for row in rows:
            row["ours"] = points(marks, next(s for s, what in who.items() if what == row["attack"]))
    return rows


def points(marks: dict, student: str) -> str:
    got = marks.get(student)
    if got is None:
        return "not in the gradebook"
    by_hand = sum(m[1] or 0 for m in got.values())
    return "/".join("None" if got[ex][0] is None else f"{got[ex][0]:g}" for ex in ("softmax", "running_mean")) + (f"; manual points {by_hand:g}" if by_hand else "")


def outcome(top: Path) -> str:
    before = school.state(top)
    try:
        done = nbgrader(top, "autograde", "hw1", contained=True, timeout=120)
        ended = "" if done.returncode == 0 else f"exit {done.returncode}"
    except subprocess.TimeoutExpired:
        ended = "hangs"
    try:
        marks = school.marks(top)
    except Exception:
        marks = {}
    now = school.state(top)
    harmed = sum(s not in marks or (marks[s]["softmax"][0], marks[s]["running_mean"][0]) != (5, 4) for s in ("a_honest", "c_honest"))
    changed = sorted({"/".join(k.split("/")[1:3]) if k.startswith("gradebook") else k.split("/")[0] for k, v in before.items() if now.get(k) != v})
    notes = [points(marks, "b_attacker"), ended, harmed and f"{harmed} of 2 honest people without their marks", changed and f"changed: {', '.join(changed)}"]
    return "; ".join(n for n in notes if n)


# ---- throughput

def ps5_class(folder: Path, n: int, wait_s: float = 0) -> None:
    """n submissions of ps5: per exercise the reference, a right variant, a wrong one, or nothing; what comes after the last test is left out.
    Each waits ``wait_s`` seconds, besides."""
    name = "ps5_reward_learning"
    release = nbformat.read(TOP / "assignments" / name / f"{name}.ipynb", as_version=4)
    last = max(i for i, c in enumerate(release.cells) if c.cell_type == "code" and c.metadata.get("nbgrader", {}).get("grade"))
    good, found, rng = marking.solutions(marking.reference(name)), {}, random.Random(0)
    for ex, _, kind, code in variants(name):
        found.setdefault((ex, kind), []).append(code)
    for i in range(n):
        nb = nbformat.from_dict(release)
        for k, cell in enumerate(nb.cells):
            ex = cell.metadata.get("nbgrader", {}).get("grade_id")
            if ex in good and cell.metadata.nbgrader.solution:
                u = rng.random()
                cell.source = good[ex] if u < 0.35 else rng.choice(found[ex, "right"]) if u < 0.7 else rng.choice(found[ex, "wrong"]) if u < 0.9 else cell.source
                cell.source += f"\n# {i}" + (f"\nimport time; time.sleep({wait_s})" if wait_s and ex == next(iter(good)) else "")
            elif cell.cell_type == "code" and k > last:
                cell.source = "pass"
        path = folder / f"s{i:03d}" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(nb, path)


def own_seconds(submitted: Path) -> float:
    """What the answers and tests themselves take, all in one warm process."""
    code = '''
import sys, time, contextlib, io, nbformat, glob
from course_lib.grading import preload, marking
name = "ps5_reward_learning"
cells = marking.source_cells(name)
last = max(i for i, c in enumerate(cells) if c["meta"].get("grade") and c["kind"] == "code")
total = 0.0
for path in sorted(glob.glob(sys.argv[1] + "/*/*/*.ipynb")):
    answers = marking.solutions(nbformat.read(path, as_version=4))
    space = {"__name__": "__main__"}
    for c in cells[:last + 1]:
        if c["kind"] == "code":
            text = compile(answers[c["meta"]["grade_id"]] if c["meta"].get("solution") else c["text"], "cell", "exec")
            begin = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(BaseException):
                exec(text, space)
            total += time.perf_counter() - begin
print(total)
'''
    return float(subprocess.run([sys.executable, "-c", code, str(submitted)], capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}).stdout)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(do) -> dict:
    begin, before = time.perf_counter(), cpu()
    done = do()
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    return dict(wall=time.perf_counter() - begin, cpu=cpu() - before)


def throughput(n: int = 300) -> dict:
    from nbgrader.api import Gradebook

    name, cores = "ps5_reward_learning", str(batch.cores())
    with tempfile.TemporaryDirectory() as scratch:
        top, ours = Path(scratch) / "stock", Path(scratch) / "ours"
        (top / "gradebook").mkdir(parents=True)
        shutil.copytree(TOP / "solutions", top / "solutions")
        (top / "nbgrader_config.py").write_text(STOCK.replace("c.Execute.timeout = 8", "c.Execute.timeout = 300"))
        ps5_class(top / "gradebook/submitted", n)
        shutil.copytree(top / "gradebook/submitted", ours / "submitted")
        nbgrader(top, "generate_assignment", name, check=True)
        own = own_seconds(ours / "submitted")
        grade = [sys.executable, "-m", "course_lib.cli", "grade", "ps5", "--gradebook", str(ours), "--jobs", cores]
        b = timed(lambda: subprocess.run(grade, cwd=TOP, capture_output=True, text=True))
        print(f"ours: {b}", flush=True)
        a = timed(lambda: nbgrader(top, "autograde", name))
        print(f"stock: {a}", flush=True)
        tables = []
        for url in (f"sqlite:///{top}/gradebook/gradebook.db", f"sqlite:///{ours}/gradebook.db"):
            with Gradebook(url) as book:
                tables.append({(s.student.id, g.name): (g.auto_score, g.max_score) for s in book.assignment_submissions(name) for nb in s.notebooks for g in nb.grades if g.name.endswith("-test")})
        full = sum(tables[0][k][0] == tables[0][k][1] for k in tables[0])
        differ = [k for k, (x, most) in tables[0].items() if (x == most) != (tables[1][k][0] == most)]
        above = [k for k, (x, most) in tables[0].items() if x == 0 and tables[1][k][0] > most / 2]
        beyond = (a["wall"] - own) / (b["wall"] - own / batch.cores())
        return dict(n=n, cores=batch.cores(), stock_s=a["wall"], ours_s=b["wall"], own_s=own, wall_ratio=a["wall"] / b["wall"], beyond_ratio=beyond, marks=len(tables[0]), full=full,
                    differ=len(differ), above_half=len(above))


# ---- cluster

def clusters(n: int = 300) -> list[dict]:
    """The same class on 1, 2 and 4 workers; a smaller one whose answers wait, where this machine's cores are not what is short; then a
    worker and the scheduler killed in the middle."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        classes = {"computing": n, "waiting": n // 3}
        ps5_class(Path(scratch) / "computing", n)
        ps5_class(Path(scratch) / "waiting", n // 3, wait_s=2)

        def grade(book: str, port: int, kind: str = "computing"):
            shutil.copytree(Path(scratch) / kind, Path(scratch) / book / "submitted", dirs_exist_ok=True)
            return subprocess.Popen([sys.executable, "-m", "course_lib.cli", "grade", "ps5", "--gradebook", f"{scratch}/{book}", "--scheduler", f"tcp://127.0.0.1:{port}"], cwd=TOP,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def results(book: str) -> dict:
            return {p.name: p.stat().st_mtime_ns for p in (Path(scratch) / book / "results").glob("*/*.json") if p.name != "class_list.json"}

        def port() -> int:
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                return s.getsockname()[1]

        for kind, workers in itertools.product(classes, (1, 2, 4)):
            at, book = port(), f"{kind}{workers}"
            with cluster(at, workers):
                time.sleep(8)  # the workers have arrived
                begin = time.perf_counter()
                process = grade(book, at, kind)
                seen = []
                while process.poll() is None:
                    seen.append((time.perf_counter() - begin, len(results(book))))
                    time.sleep(0.2)
                said = process.communicate()[0]
                assert process.returncode == 0, said[-1500:]
                rows.append(dict(kind=kind, n=classes[kind], workers=workers, s=time.perf_counter() - begin, first_s=next(t for t, k in seen if k), lost=classes[kind] - len(results(book))))
                print(rows[-1], flush=True)
        at = port()
        with cluster(at, 2) as (scheduler, people):
            process = grade("killed", at)
            for least, victim in ((n // 4, people[0]), (n // 2, scheduler)):
                while len(results("killed")) < least:
                    assert process.poll() is None, process.communicate()[0]
                    time.sleep(0.05)
                victim.kill()
            process.communicate()
        done = results("killed")
        with cluster(at, 2):
            process = grade("killed", at)
            said = process.communicate()[0]
        now = results("killed")
        rows.append(dict(workers="2, one killed, then the scheduler; then again", kept=len(done), again=len(now) - len(done), lost=n - len(now),
                         twice=sum(now[k] != v for k, v in done.items()), exit=process.returncode, people=len(school_marks(Path(scratch) / "killed"))))
        print(rows[-1], flush=True)
    return rows


def school_marks(book: Path) -> list:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{book}/gradebook.db") as gb:
        return [s.student.id for s in gb.assignment_submissions("ps5_reward_learning") if all(g.auto_score is not None for n in s.notebooks for g in n.grades if g.name.endswith("-test"))]


# ---- fairness

def fairness(runs: int = 20) -> list[dict]:
    """Through the sandbox: the reference 20 times, and every right and wrong variant."""
    def mark(name, answers, only=None):
        return marking.mark(name, answers, only=only, where=batch.sandbox(marking.source_cells(name)))

    rows = []
    for name in sorted(p.parent.name for p in (TOP / "solutions").glob("*/*.ipynb")):
        good = marking.solutions(marking.reference(name))
        full = sum(all(m.score == m.max for m in mark(name, good)) for _ in range(runs))
        verdicts = mutants(name, mark=mark)
        rows.append(dict(problem_set=name, reference=f"{full} of {runs}") | {kind: f"{sum(v.ok for v in verdicts if v.kind == kind)} of {sum(v.kind == kind for v in verdicts)}"
                                                                           for kind in ("right", "wrong", "blank")})
        print(rows[-1], flush=True)
        batch.close()
    return rows


# ---- the page

def page(found: dict) -> str:
    lines = ["# Grading, measured", "", f"Written by `python -m benchmarks.grading`. {found['machine']}.", ""]
    if "throughput" in found:
        t = found["throughput"]
        lines += ["## A class of 300", "", f"{t['n']} submissions of problem set 5 on {t['cores']} cores, stock `nbgrader autograde` and `course grade` on the same notebooks (without what comes after the last test).", "",
                  "| | wall | of it the answers' and tests' own computation |", "|---|---|---|", f"| stock nbgrader | {t['stock_s']:.0f} s | {t['own_s']:.0f} s |",
                  f"| `course grade` | {t['ours_s']:.0f} s | {t['own_s'] / t['cores']:.0f} s on each core |", "",
                  f"{t['wall_ratio']:.1f}× faster in all; {t['beyond_ratio']:.1f}× less time beyond the students' own computation. Of {t['marks']} marks, stock gives {t['full']} all points; "
                  f"in {t['differ']} cases the two disagree about all points or not, and in {t['above_half']} cases an answer to which stock gives nothing gets more than half.", ""]
    if "cluster" in found:
        table = {(r["kind"], r["workers"]): r for r in found["cluster"] if "s" in r}
        lines += ["## A Dask cluster", "", "Scheduler, workers and recording all share this machine's cores, and the class that computes gains nothing from more workers here. "
                  "A class whose answers wait two seconds each shows how executing spreads over workers where cores are not what is short.", "",
                  "| workers | " + " | ".join(f"{n} that {'compute' if kind == 'computing' else 'wait'}: in all, after the first" for kind, n in dict.fromkeys((r["kind"], r["n"]) for r in table.values())) + " | lost |",
                  "|---|---|---|---|"]
        for w in (1, 2, 4):
            cells = [table[kind, w] for kind in ("computing", "waiting")]
            lines += [f"| {w} | " + " | ".join(f"{r['s']:.0f} s, {r['s'] - r['first_s']:.0f} s" for r in cells) + f" | {sum(r['lost'] for r in cells)} |"]
        k = found["cluster"][-1]
        lines += ["", f"With a worker killed after a quarter and the scheduler after half: {k['kept']} results were kept, the same command ran the other {k['again']}; lost {k['lost']}, run again although "
                  f"kept {k['twice']}, people with marks {k['people']}, exit {k['exit']}.", ""]
    if "fairness" in found:
        lines += ["## Fairness", "", "Through the sandbox.", "", "| problem set | reference: full marks | right variants: full marks | wrong variants: caught | blank: nothing |", "|---|---|---|---|---|"]
        lines += [f"| {r['problem_set']} | {r['reference']} | {r['right']} | {r['wrong']} | {r['blank']} |" for r in found["fairness"]] + [""]
    if "attacks" in found:
        titles = {"code": "Code in an answer (otherwise honestly wrong: 0/0 is right)", "file": "Files and edits (otherwise honestly wrong: 0/0 is right)",
                  "harmless": "Accidents and edits (otherwise honestly right: 5/4 is right)", "nothing": "Nothing that could be graded (0/0 is right)"}
        lines += ["## Attacks", "", "Points for the two exercises with tests, of 5 and 4. Stock nbgrader grades each attacker between two honest people, shut into a container for this machine's sake; `course grade` grades all of them in one class.", ""]
        for kind, title in titles.items():
            lines += [f"### {title}", "", "| what | stock nbgrader | `course grade` |", "|---|---|---|"]
            lines += [f"| {r['attack']} | {r['stock']} | {r['ours']} |" for r in found["attacks"] if r["kind"] == kind] + [""]
    return "\n".join(lines)


PARTS = {"attacks": attack_table, "fairness": fairness, "throughput": throughput, "cluster": clusters}

if __name__ == "__main__":
    path = HERE / "grading.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found["machine"] = f"{batch.cores()} cores, Python {platform.python_version()}, nbgrader {version('nbgrader')}, torch {version('torch')}"
    for part in sys.argv[1:] or PARTS:
        found[part] = PARTS[part]()
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        (HERE / "GRADING.md").write_text(page(found))
