"""A class as instructors meet it: interrupted runs, a cluster that dies, PostgreSQL, lists with mistakes, what is flagged, what is released."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile

import nbformat
import psutil
import pytest

from course_lib.authoring import release
from course_lib.grading import batch, intake, integrity, marking
from course_lib.grading.sandbox import why_not
from tests import postgres
from tests.grading import attacks, school

pytestmark = pytest.mark.xdist_group("grading")
sandboxed = pytest.mark.skipif(bool(why_not()), reason=f"the sandbox is not to be had: {why_not()[:80]}")
SLOW = "import time\ntime.sleep(0.6)\n"


def a_class(top, n, slow=False):
    """n people with n different answers; the even ones are right."""
    for i in range(n):
        school.hand_in(top, f"p{i:02d}", f"# {i}\n" + (SLOW if slow else "") + (attacks.WRONG if i % 2 else attacks.RIGHT), attacks.RIGHT_MEAN)


def right_marks(top, n, database=None):
    found = school.marks(top, database)
    assert set(found) == {f"p{i:02d}" for i in range(n)}
    return all(found[f"p{i:02d}"]["softmax"] == ((0 if i % 2 else 5), None) and found[f"p{i:02d}"]["running_mean"] == (4, None) for i in range(n))


def results(top):
    return {p.name: p.stat().st_mtime_ns for p in (top / "gradebook/results/hw1").glob("*.json") if p.name != "last.json"}


@pytest.fixture
def top(tmp_path):
    return school.course(tmp_path / "school")


def start(top, *args):
    return subprocess.Popen([sys.executable, "-m", "course_lib.cli", "grade", "hw1", *args], cwd=top, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                            env=os.environ | {"COURSE_TEST_RUN": str(top)})


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@sandboxed
def test_a_killed_run_goes_on_where_it_was(top):
    a_class(top, 10, slow=True)
    process = start(top, "--jobs", "2")
    until(lambda: len(results(top)) >= 4)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    done = results(top)
    assert 4 <= len(done) < 10
    until(lambda: not [p for p in psutil.process_iter(["environ"]) if (p.info["environ"] or {}).get("COURSE_TEST_RUN") == str(top)], 10)
    again = school.course_command(top, "grade", "hw1")
    assert again.returncode == 0 and f"tests run for {10 - len(done)} new" in again.stdout.replace("\n", " "), again.stdout
    assert {k: v for k, v in results(top).items() if k in done} == done and len(results(top)) == 10 and right_marks(top, 10)


@sandboxed
def test_only_what_changed_is_graded_again_and_a_person_s_marks_stay(top):
    from nbgrader.api import Gradebook

    a_class(top, 3)
    assert school.course_command(top, "grade", "hw1").returncode == 0
    with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
        grade = book.find_grade("why", "hw1", "hw1", "p00")
        grade.manual_score = 2
        book.db.commit()
    shutil.rmtree(top / "gradebook/submitted/p01")
    school.hand_in(top, "p01", attacks.RIGHT, attacks.RIGHT_MEAN)
    again = school.course_command(top, "grade", "hw1")
    assert "tests run for 1 new" in again.stdout
    found = school.marks(top)
    assert found["p01"]["softmax"] == (5, None) and found["p00"]["why"][1] == 2
    (top / "gradebook/gradebook.db").unlink()  # another gradebook: everybody is recorded there, and nothing is run again
    again = school.course_command(top, "grade", "hw1")
    assert "tests run for 0 new" in again.stdout and again.returncode == 0
    assert school.marks(top)["p01"]["softmax"] == (5, None) and len(school.marks(top)) == 3


@contextlib.contextmanager
def cluster(port, workers):
    """A scheduler and workers, each a process of its own: (scheduler, [worker, …])."""
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"DASK_DISTRIBUTED__DASHBOARD__LINK": ""})
    address = f"tcp://127.0.0.1:{port}"
    scheduler = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **quiet)
    people = [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "20"], **quiet)
              for _ in range(workers)]
    try:
        yield scheduler, people
    finally:
        for p in [scheduler, *people]:
            p.kill()
            p.wait()


@sandboxed
def test_a_cluster_that_loses_a_worker_and_then_its_scheduler(top):
    a_class(top, 12, slow=True)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with cluster(port, 2) as (scheduler, workers):
        process = start(top, "--scheduler", f"tcp://127.0.0.1:{port}")
        until(lambda: len(results(top)) >= 2)
        workers[0].kill()
        until(lambda: len(results(top)) >= 5)
        scheduler.kill()
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 1 and "the same command goes on from there" in said, said
    done = results(top)
    assert 5 <= len(done) < 12
    with cluster(port, 2):
        again = school.course_command(top, "grade", "hw1", "--scheduler", f"tcp://127.0.0.1:{port}")
    assert again.returncode == 0 and f"tests run for {12 - len(done)} new" in again.stdout.replace("\n", " "), again.stdout + again.stderr
    assert {k: v for k, v in results(top).items() if k in done} == done and len(results(top)) == 12 and right_marks(top, 12)


@sandboxed
@pytest.mark.skipif(postgres.program("postgres") is None, reason="PostgreSQL is not installed")
def test_the_gradebook_on_postgresql(top):
    a_class(top, 3)
    with postgres.server() as url:
        done = school.course_command(top, "grade", "hw1", "--database", url)
        assert done.returncode == 0, done.stdout + done.stderr[-1500:]
        assert right_marks(top, 3, url.replace("postgresql:", "postgresql+psycopg:")) and not (top / "gradebook/gradebook.db").exists()
        assert school.course_command(top, "report", "hw1", "--database", url).returncode == 0


def test_without_a_sandbox_one_must_consent(top):
    a_class(top, 2)
    nowhere = {"PATH": "/nowhere"}
    done = school.course_command(top, "grade", "hw1", **nowhere)
    assert done.returncode == 1 and "bubblewrap" in done.stderr and "--no-sandbox" in done.stderr and "read and change your files" in done.stderr.replace("\n", " ")
    assert results(top) == {}
    done = school.course_command(top, "grade", "hw1", "--no-sandbox", **nowhere)
    assert done.returncode == 0 and "Without a sandbox" in done.stdout and right_marks(top, 2)


@sandboxed
def test_a_class_list_and_folders_with_mistakes(top):
    a_class(top, 2)
    os.makedirs(os.path.join(os.fsencode(top / "gradebook/submitted"), b"caf\xe9", b"hw1"))
    (top / "gradebook/submitted/<script>alert(1)</hw1").mkdir(parents=True)
    (top / "class.csv").write_text("\ufeffid,first_name,last_name,email\np00,Ada,Lovelace,ada@example.org\np01,=HYPERLINK(0),B,\np00,Ada,Lovelace,ada@example.org\np01,Bob,B,\n,No,Id,\nq,Q,Q,\n",
                                   encoding="utf-8")
    done = school.course_command(top, "grade", "hw1", "--students", "class.csv")
    assert done.returncode == 0, done.stderr
    for line in ("line 4 of class.csv: p00 is listed a second time; the first is taken", "line 5 of class.csv: p01 is listed a second time, with other details; the first is taken",
                 "line 6 of class.csv: '' cannot be an id", "caf?: the folder's name is not UTF-8", "<script>alert(1)<: the folder's name holds characters", "q: 0 points: nothing was handed in"):
        assert f"not graded: {line}" in done.stdout or line in done.stdout, line
    assert set(school.marks(top)) == {"p00", "p01", "q"} and school.marks(top)["q"]["softmax"] == (0, None)
    assert school.course_command(top, "report", "hw1").returncode == 0
    report = (top / "gradebook/reports/hw1/report.html").read_text()
    assert "<script>" not in report and "&lt;script&gt;alert(1)&lt;: the folder" in report and "<b>q</b>: nothing was handed in" in report
    assert ",'=HYPERLINK(0)," in (top / "gradebook/reports/hw1/marks.csv").read_text()
    (top / "class.csv").write_text("name\nx\n")
    done = school.course_command(top, "grade", "hw1", "--students", "class.csv")
    assert done.returncode == 1 and "no column named id" in done.stderr


def test_a_report_before_grading_and_an_unknown_problem_set(top):
    done = school.course_command(top, "report", "hw1")
    assert done.returncode == 1 and "course grade hw1" in done.stderr
    done = school.course_command(top, "grade", "hw9")
    assert done.returncode == 1 and "there are: hw1" in done.stderr
    done = school.course_command(top, "grade", "hw1", "--no-sandbox")
    assert done.returncode == 1 and "nobody has handed in hw1" in done.stderr


# ---- what is flagged

def test_flags_name_what_the_reference_does_not_need():
    reference = "import torch\nfrom course_lib.envs import Drive\ndef f(x):\n    return torch.exp(x)\n"
    answer = "import torch\nfrom course_lib.humans import fit\nimport course_lib.humans.choice as c\nimport inspect\ndef f(x):\n    eval('1'); open('x')\n    return c.nll(x) + x.__dict__\n"
    assert integrity.flags(answer, reference) == ["uses course_lib.humans.choice", "uses course_lib.humans.choice.nll", "uses course_lib.humans.fit", "imports inspect", "calls __dict__", "calls eval", "calls open"]
    assert integrity.flags(reference, reference) == [] and integrity.flags("def broken(", reference) == []


@pytest.mark.parametrize("name", [p.parent.name for p in sorted((school.TOP / "solutions").glob("*/*.ipynb"))])
def test_no_reference_and_no_right_variant_is_flagged(name):
    from course_lib.grading.mutants import variants

    reference = marking.solutions(marking.reference(name))
    for ex, _, kind, code in [(ex, "reference", "right", text) for ex, text in reference.items()] + variants(name):
        if kind == "right":
            assert not [f for f in integrity.flags(code, reference[ex]) if not f.startswith("imports math")], (ex, code)


def test_copies_are_found_under_other_names_and_honest_answers_are_not():
    name = "ps5_reward_learning"
    from course_lib.grading.mutants import variants

    good = marking.solutions(marking.reference(name))
    own = {"ref": good}
    for i in range(2):
        found = dict(good)
        for ex in good:
            found[ex] = [code for e, _, kind, code in variants(name) if e == ex and kind == "right"][i]
        own[f"other{i}"] = found
    renamed = {ex: text.replace("rewards", "r_").replace("ratings", "table").replace("chosen", "out").replace("# ", "# again: ") for ex, text in own["other0"].items()}
    assert renamed != own["other0"]
    pairs = integrity.similar(own | {"copy": renamed}, marking.blank(name))
    assert [(a, b) for a, b, *_ in pairs] == [("copy", "other0")] and pairs[0][2] > 0.97
    assert integrity.similar({f"s{i}": good for i in range(10)}, marking.blank(name)) == []  # what everybody has is common property


# ---- what is taken in

def test_the_version_changes_with_the_answers_and_with_nothing_else(top, monkeypatch):
    monkeypatch.chdir(top)
    folder = school.hand_in(top, "a", attacks.RIGHT, attacks.RIGHT_MEAN)
    one = intake.take(folder, "hw1", "a")
    attacks.HARMLESS["points = 100"](folder, "hw1")
    assert intake.take(folder, "hw1", "b").version == one.version
    other = school.hand_in(top, "c", attacks.RIGHT + "# x", attacks.RIGHT_MEAN)
    assert intake.take(other, "hw1", "c").version != one.version
    (folder / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")
    assert intake.take(folder, "hw1", "a").timestamp == "" and intake.take(folder, "hw1", "a", timestamps=True).timestamp.startswith("2026-01-01")
    nb = intake.rebuild(one)
    nbformat.validate(nb)
    assert [c.metadata.nbgrader.points for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")] == [5, 4, 3]


@sandboxed
def test_a_late_submission_is_late_only_by_a_trusted_clock(top):
    folder = school.hand_in(top, "a", attacks.RIGHT, attacks.RIGHT_MEAN)
    (folder / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")
    from nbgrader.api import Gradebook

    for args, seconds in (((), 0), (("--timestamps", "--again"), 3600)):
        assert school.course_command(top, "grade", "hw1", *args).returncode == 0
        with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
            if not args:
                book.find_assignment("hw1").duedate = __import__("datetime").datetime(2026, 1, 1, 9)
                book.db.commit()
            assert book.find_submission("hw1", "a").total_seconds_late == seconds


# ---- what is released

def test_the_bundle_holds_the_course_and_no_answer(tmp_path, root):
    path = release.bundle(tmp_path / "course.zip")
    with zipfile.ZipFile(path) as pack:
        names = [n.partition("/")[2] for n in pack.namelist()]
        pack.extractall(tmp_path)
    assert {"Makefile", "README.md", "notebooks/01_behavior_cloning.ipynb", "assignments/ps1_behavior_cloning/ps1_behavior_cloning.ipynb", "course_lib/cli.py"} <= set(names)
    assert not [n for n in names if n.startswith(("solutions", "tests", "source/problem_sets", "gradebook", "benchmarks", ".git"))]
    secrets = release.secrets()
    assert len(secrets) > 200
    top = tmp_path / "learning-from-humans"
    for n in names:
        assert not release.lines(top / n) & secrets
    assert release.bundle(tmp_path / "again.zip").read_bytes() == path.read_bytes()
    work = top / "workspace/problem_sets"  # a student marks their own work there, with the tests they can see
    work.mkdir(parents=True)
    nb = nbformat.read(root / "solutions/ps1_behavior_cloning/ps1_behavior_cloning.ipynb", as_version=4)
    nbformat.write(nb, work / "ps1_behavior_cloning.ipynb")
    done = school.course_command(top, "check", "ps1", "--json")
    assert done.returncode == 0, done.stderr
    assert all(m["score"] == m["max"] for m in json.loads(done.stdout))


def test_a_bundle_with_an_answer_in_it_is_not_made(tmp_path, root, monkeypatch):
    leak = sorted(release.secrets())[0]
    monkeypatch.setattr(release, "files", lambda: ["README.md"])
    monkeypatch.setattr(release, "lines", lambda path: {leak})
    monkeypatch.setattr(release, "secrets", lambda: {leak})
    with pytest.raises(RuntimeError, match="README.md holds a line"):
        release.bundle(tmp_path / "course.zip")
    assert not list(tmp_path.iterdir())


@sandboxed
def test_release_checks_first(top):
    (top / "tests/problem_sets/hw1").mkdir(parents=True)
    shutil.copy(school.TOP / "README.md", top)
    done = school.course_command(top, "release", "hw1")
    assert done.returncode == 0 and (top / "gradebook/release/learning-from-humans.zip").exists(), done.stderr
    (top / "tests/problem_sets/hw1/softmax.py").write_text('# %% wrong="really right"\n' + attacks.RIGHT)
    done = school.course_command(top, "release", "hw1")
    assert done.returncode == 1 and "softmax/really right (wrong): 5" in done.stderr.replace("\n", " ")
    text = (top / "assignments/hw1/hw1.ipynb").read_text()
    (top / "assignments/hw1/hw1.ipynb").write_text(text.replace("Over the last axis", "Over the first axis"))
    done = school.course_command(top, "release", "hw1")
    assert done.returncode == 1 and "not what their sources make: assignments/hw1/hw1.ipynb" in done.stderr.replace("\n", " ")


def test_results_are_whole_or_not_there(top, monkeypatch):
    monkeypatch.setenv("COURSE_GRADEBOOK", str(top / "gradebook"))
    monkeypatch.chdir(top)
    s = intake.Submission("a", "hw1", {"softmax": "x"})
    assert batch.stored(s) is None
    batch._store("hw1", s.version, {"tests": {}, "solutions": {}})
    path = batch.results("hw1") / f"{s.version}.json"
    assert batch.stored(s) == {"tests": {}, "solutions": {}} and list(path.parent.iterdir()) == [path]
    path.write_text(path.read_text()[:7])
    assert batch.stored(s) is None
