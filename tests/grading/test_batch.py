"""A class as instructors meet it: interrupted runs, a cluster that dies, PostgreSQL, lists with mistakes, what is flagged, what is released."""

import contextlib
import csv
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile

import filelock
import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook

from course_lib.authoring import release
from course_lib.authoring.build import build
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
    return {p.name: p.stat().st_mtime_ns for p in (top / "gradebook/results/hw1").glob("*.json") if p.name != "class_list.json"}


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


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Three people, graded; p00's written answer is marked by hand."""
    top = school.course(tmp_path_factory.mktemp("graded") / "school")
    a_class(top, 3)
    assert school.course_command(top, "grade", "hw1").returncode == 0
    by_hand(top, "p00", "why", 2)
    return top


def by_hand(top, student, name, score, extra=None):
    """As the formgrader does it."""
    with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
        grade = book.find_grade(name, "hw1", "hw1", student)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, extra, False
        book.db.commit()


def report(top, *args):
    """(rows of marks.csv by id, what was printed)"""
    done = school.course_command(top, "report", "hw1", *args)
    assert done.returncode == 0, done.stderr
    with open(top / "gradebook/reports/hw1/marks.csv", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}, " ".join(done.stdout.split())


def again_with(top, student, softmax, why="So that nothing overflows, I think."):
    shutil.rmtree(top / "gradebook/submitted" / student, ignore_errors=True)
    school.hand_in(top, student, softmax, attacks.RIGHT_MEAN, why=why)


@sandboxed
def test_marks_by_hand_stand_and_are_shown_again_where_something_changed(graded):
    top = graded
    rows, said = report(top)
    assert rows["p00"]["total"] == "11.0" and rows["p00"]["note"] == "" and rows["p01"]["note"] == "not marked yet: why" and "2 people with written answers that nobody" in said
    assert rows["p01"]["why"] == "" and rows["p01"]["softmax"] == "0.0"
    assert school.course_command(top, "grade", "hw1", "--again").returncode == 0
    rows, _ = report(top)
    assert rows["p00"]["note"] == "" and rows["p00"]["why"] == "2.0"  # the same answer, the same tests
    by_hand(top, "p00", "softmax-test", 3, extra=1.5)
    again_with(top, "p00", "# 0\n" + attacks.RIGHT, why="I have thought again.")
    rows, said = report(top)
    assert rows["p00"]["note"] == "a newer version is not graded yet" and rows["p00"]["total"] == "10.5" and "1 person with marks of an older version" in said
    assert school.course_command(top, "grade", "hw1").returncode == 0
    rows, said = report(top)
    assert rows["p00"]["note"] == "marked by hand before it changed: why" and rows["p00"]["why"] == "2.0" and "1 person with marks by hand that are older" in said
    assert rows["p00"]["softmax"] == "4.5" and "These marks are not final" in said


@sandboxed
def test_the_formgrader_s_way_is_the_same(graded):
    """nbgrader's API, as its button calls it."""
    top = graded
    program = "import json, sys; from course_lib.grading import classroom; print(json.dumps(classroom.api().autograde('hw1', sys.argv[1])))"

    def press(student):
        done = subprocess.run([sys.executable, "-c", program, student], cwd=top, capture_output=True, text=True)
        return json.loads(done.stdout.splitlines()[-1])

    again_with(top, "p02", attacks.WRONG)
    for _ in range(2):
        done = press("p02")
        assert done["success"], done
    assert school.marks(top)["p02"]["softmax"] == (0, None) and report(top)[0]["p02"]["note"] == "not marked yet: why"
    with filelock.FileLock(top / "gradebook/results/hw1/.lock"):
        done = press("p02")
    assert not done["success"] and "being graded by another process" in done["log"]
    again_with(top, "p02", "# 2\n" + attacks.RIGHT)
    assert press("p02")["success"] and school.marks(top)["p02"]["softmax"] == (5, None)


@sandboxed
def test_what_was_only_begun_counts_for_nothing(graded):
    """Killed while it recorded: the notebook is there with the new answers, and no stamp."""
    top = graded
    by_hand(top, "p01", "why", 1)
    assert report(top)[0]["p01"]["note"] == ""
    again_with(top, "p01", "# 1\n" + attacks.WRONG, why="Something else.")
    path = top / "gradebook/autograded/p01/hw1/hw1.ipynb"
    nb = nbformat.read(path, as_version=4)
    del nb.metadata["course"]
    next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "why").source = "Something else."
    nbformat.write(nb, path)
    assert report(top)[0]["p01"]["note"] == "a newer version is not graded yet"
    assert school.course_command(top, "grade", "hw1").returncode == 0
    assert report(top)[0]["p01"]["note"] == "marked by hand before it changed: why"
    by_hand(top, "p01", "why", None)


@sandboxed
def test_extra_credit_alone_is_shown_again_too(graded):
    top = graded
    by_hand(top, "p02", "running_mean-test", None, extra=1.5)
    assert report(top)[0]["p02"]["running_mean"] == "5.5"
    again_with(top, "p02", "# other\n" + attacks.RIGHT)
    assert school.course_command(top, "grade", "hw1").returncode == 0
    assert report(top)[0]["p02"]["note"] == "not marked yet: why"  # that answer is the same
    shutil.rmtree(top / "gradebook/submitted/p02")
    school.hand_in(top, "p02", attacks.RIGHT, attacks.WRONG_MEAN)
    assert school.course_command(top, "grade", "hw1").returncode == 0
    row = report(top)[0]["p02"]
    assert row["note"] == "not marked yet: why; marked by hand before it changed: running_mean" and row["running_mean"] == "1.5"
    by_hand(top, "p02", "running_mean-test", None)
    again_with(top, "p02", "# 2\n" + attacks.RIGHT)
    assert school.course_command(top, "grade", "hw1").returncode == 0


@sandboxed
def test_who_is_not_graded_has_no_zero(graded):
    top = graded
    again_with(top, "new", attacks.RIGHT)
    rows, said = report(top)
    assert rows["new"]["total"] == rows["new"]["softmax"] == "" and rows["new"]["note"] == "not graded yet" and "1 person without marks" in said
    shutil.rmtree(top / "gradebook/submitted/new")
    done = school.course_command(top, "report", "hw1", "--database", f"sqlite:///{top}/other.db")
    assert done.returncode == 1 and "nothing of hw1 is in this gradebook" in done.stderr and "--database" in done.stderr
    for command in ("grade", "report"):
        done = school.course_command(top, command, "hw1", "--database", "postgresql://nobody@127.0.0.1:9/none")
        assert done.returncode == 1 and "Traceback" not in done.stderr and "127.0.0.1" in done.stderr


@sandboxed
def test_a_result_that_came_out_otherwise_is_recorded(graded):
    """As after ``--again`` that was killed: whatever the kept result says stands in the gradebook afterwards."""
    top = graded
    folder = top / "gradebook/results/hw1"
    for path in folder.glob("*.json"):
        path.write_text(path.read_text().replace('"kind": ""', '"kind": "AssertionError"')) if path.name != "class_list.json" else None
    assert "tests run for 0 new" in school.course_command(top, "grade", "hw1").stdout
    assert {m["running_mean"][0] for m in school.marks(top).values()} == {0}
    done = school.course_command(top, "grade", "hw1", "--again")
    assert "tests run for 3 new" in done.stdout and {m["running_mean"][0] for m in school.marks(top).values()} == {4}


@sandboxed
def test_what_was_stopped_is_tried_again_when_there_is_more_time(top):
    school.hand_in(top, "slow", "import time\ntime.sleep(2.5)\n" + attacks.RIGHT, attacks.RIGHT_MEAN)
    assert "tests run for 1" in school.course_command(top, "grade", "hw1", "--limit", "1").stdout
    assert school.marks(top)["slow"]["softmax"] == (0, None)
    assert "tests run for 0" in school.course_command(top, "grade", "hw1", "--limit", "1").stdout
    assert "tests run for 1" in school.course_command(top, "grade", "hw1", "--limit", "20").stdout
    assert school.marks(top)["slow"]["softmax"] == (5, None)


def test_what_lies_in_the_wrong_place_is_named(top, monkeypatch):
    monkeypatch.setenv("COURSE_GRADEBOOK", str(top / "gradebook"))
    monkeypatch.chdir(top)
    folder = top / "gradebook/submitted"
    for place in ("ada/hw1", "bob/hw1_first", "cleo/hw1 (1)", "dan/other", "dan/hw10_later", "hw1/ada"):
        (folder / place).mkdir(parents=True)
    (folder / "eve").mkdir()
    (folder / "eve/hw1.ipynb").write_text("{}")
    (folder / "fay.zip").write_text("")
    (folder / "gus").symlink_to(folder / "ada")
    lines = batch.astray(folder, "hw1")
    assert [line.split()[0].partition("/")[0] for line in lines] == ["bob", "cleo", "eve", "fay.zip", "gus", "hw1"]
    assert lines[0] == "bob/hw1_first is not where it belongs: bob/hw1/hw1.ipynb"


def test_only_one_process_grades_a_problem_set(top):
    a_class(top, 1)
    lock = top / "gradebook/results/hw1/.lock"
    lock.parent.mkdir(parents=True)
    with filelock.FileLock(lock):
        done = school.course_command(top, "grade", "hw1", "--no-sandbox")
    assert done.returncode == 1 and "being graded by another process" in done.stderr and results(top) == {}


@sandboxed
def test_other_exercises_need_another_gradebook(graded):
    top = graded
    source = top / "source/problem_sets/hw1.py"
    text = source.read_text()
    try:
        source.write_text(text.replace("running_mean", "moving_mean"))
        build(top)
        done = school.course_command(top, "grade", "hw1")
        assert done.returncode == 1 and "--gradebook FOLDER" in done.stderr and "goes on from there" not in done.stderr, done.stderr
    finally:
        source.write_text(text)
        build(top)


@sandboxed
def test_who_was_taken_out_of_the_gradebook_stops_nobody_s_feedback(graded):
    top = graded
    with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
        book.remove_student("p02")
    done = school.course_command(top, "report", "hw1", "--feedback")
    assert done.returncode == 0 and "feedback for 2 people" in done.stdout and "1 person without marks" in " ".join(done.stdout.split())


def test_what_an_lms_gives_is_collected(top):
    """Canvas and Moodle, in the way of nbgrader_config.py."""
    text = (top / "assignments/hw1/hw1.ipynb").read_text()
    archive = top / "gradebook/downloaded/hw1/archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "submissions.zip", "w") as pack:
        for path in ("ada_123_456_hw1.ipynb", "bob_LATE_12_34_hw1-2.ipynb", "Cleo de Merode_77_assignsubmission_file_/hw1.ipynb", "dan_1_2_essay.pdf",
                     "Cleo de Merode_77_assignsubmission_file_/hw1 (1).ipynb", "eve_5_6_my best work.ipynb"):
            pack.writestr(path, text)
    program = [sys.executable, "-c", "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())", "zip_collect", "hw1"]
    done = subprocess.run(program, cwd=top, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {str(p.relative_to(top / "gradebook/submitted")) for p in (top / "gradebook/submitted").rglob("*.ipynb")} == {
        "ada/hw1/hw1.ipynb", "bob/hw1/hw1-2.ipynb", "Cleo de Merode/hw1/hw1.ipynb", "Cleo de Merode/hw1/hw1 (1).ipynb", "eve/hw1/my best work.ipynb"}
    done = school.course_command(top, "grade", "hw1", "--no-sandbox")
    assert done.returncode == 0 and "nothing to grade" not in done.stdout and "hw1-2.ipynb was taken for hw1.ipynb" in done.stdout and "hw1 (1).ipynb was not used" in done.stdout


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
                 "line 6 of class.csv: '' cannot be an id", "caf?: the folder's name is not UTF-8", "<script>alert(1)<: the folder's name holds characters", "q: nothing to grade: nothing was handed in"):
        assert f"to look at: {line}" in done.stdout or line in done.stdout, line
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
    (school.hand_in(top, "b", attacks.WRONG, attacks.RIGHT_MEAN) / "timestamp.txt").write_text("yesterday")

    def late(*args):
        done = school.course_command(top, "grade", "hw1", *args)
        assert done.returncode == 0, done.stderr
        with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
            return [book.find_submission("hw1", s).total_seconds_late for s in "ab"], done.stdout

    def due(hour):
        with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
            book.find_assignment("hw1").duedate = datetime.datetime(2026, 1, 1, hour)
            book.db.commit()

    assert late()[0] == [0, 0]
    due(9)
    assert late()[0] == [0, 0]  # nobody's clock is believed
    config = (top / "nbgrader_config.py").read_text()
    believing = config + "c.CourseAutograde.timestamps = True\n"
    (top / "nbgrader_config.py").write_text(believing)
    seconds, said = late()
    assert seconds == [3600, 0] and "b: timestamp.txt holds no time ('yesterday')" in said
    due(8)  # counts without --again
    assert late()[0] == [7200, 0]
    assert report(top)[0]["a"]["total"] == "9.0"  # lateness costs nothing yet
    (top / "nbgrader_config.py").write_text(believing + "c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    by_hand(top, "a", "why", 2)  # what it costs follows from all marks, these too
    by_hand(top, "b", "why", 2)
    rows, _ = report(top)
    assert (rows["a"]["total"], rows["a"]["late_penalty"], rows["b"]["total"], rows["b"]["late_penalty"]) == ("0.0", "11.0", "6.0", "0.0")
    assert "timestamp.txt came with" not in (top / "gradebook/reports/hw1/report.html").read_text()
    (top / "nbgrader_config.py").write_text(config)
    again_with(top, "a", attacks.RIGHT + "# again")
    assert late()[0] == [7200, 0]  # where none is believed, what the gradebook has stays
    (top / "nbgrader_config.py").write_text(believing)
    assert late()[0] == [0, 0]


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
    assert done.returncode == 1 and "is no git clone" in done.stderr.replace("\n", " ")  # who knows what else lies in this folder
    (top / ".gitignore").write_text("gradebook/\n")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=top, check=True)
    (top / "class.csv").write_text("id\nada\n")
    done = school.course_command(top, "release", "hw1")
    with zipfile.ZipFile(top / "gradebook/release/learning-from-humans.zip") as pack:
        assert "learning-from-humans/assignments/hw1/hw1.ipynb" in pack.namelist() and "learning-from-humans/class.csv" not in pack.namelist()
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
