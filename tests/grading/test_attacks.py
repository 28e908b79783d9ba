"""A class of attackers, graded once by the command an instructor types: what they got, what they broke, what is left of them."""

import contextlib
import glob
import re
import socket
import threading

import psutil
import pytest

from course_lib.grading.sandbox import why_not
from tests.grading import attacks, school

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.skipif(bool(why_not()), reason=f"the sandbox is not to be had: {why_not()[:80]}")]


class After:
    """What there is after the class was graded."""


def listen(listener, heard):
    with contextlib.suppress(OSError):  # it is closed at the end
        heard.append(listener.accept())


@pytest.fixture(scope="module")
def after(tmp_path_factory):
    top, a = tmp_path_factory.mktemp("school"), After()
    school.course(top)
    a.heard, listener = [], socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, args=(listener, a.heard), daemon=True).start()
    a.top, a.who = top, school.class_of_attackers(top, listener.getsockname()[1])
    a.before = school.state(top)
    for path in glob.glob("/tmp/course-attack*"):
        raise AssertionError(f"{path} was there before")
    a.mark = str(top)  # bubblewrap has it in its environment, and what runs in it dies with it
    a.done = school.course_command(top, "grade", school.NAME, "--limit", "8", "--jobs", "2", COURSE_TEST_RUN=a.mark)
    a.marks = school.marks(top)
    yield a
    listener.close()


def people(after, what):
    return [s for s, does in after.who.items() if does == what]


def test_the_batch_ends_well_and_everybody_is_in_the_gradebook(after):
    assert after.done.returncode == 0, after.done.stderr[-1500:]
    assert set(after.marks) == set(after.who)
    assert all(m[ex][0] is not None for m in after.marks.values() for ex in ("softmax", "running_mean"))


def test_honest_people_get_what_they_earned(after):
    right = people(after, "honest, right")
    assert len(right) == 3 and all(after.marks[s]["softmax"] == (5, None) and after.marks[s]["running_mean"] == (4, None) for s in right)
    (wrong,) = people(after, "honest, wrong")
    assert after.marks[wrong]["softmax"] == (0, None) and after.marks[wrong]["why"] == (None, None)  # the written answer waits for a person


@pytest.mark.parametrize("what", [*attacks.CODE, *attacks.FILES])
def test_no_attack_scores_more_than_the_honest_wrong_answer(after, what):
    (student,), (wrong,) = people(after, what), people(after, "honest, wrong")
    for ex, (automatic, by_hand) in after.marks[student].items():
        assert by_hand is None
        assert automatic is None if ex == "why" else automatic <= after.marks[wrong][ex][0]


@pytest.mark.parametrize("what", attacks.HARMLESS)
def test_what_happens_to_honest_notebooks_costs_no_point(after, what):
    (student,) = people(after, what)
    assert after.marks[student]["softmax"] == (5, None) and after.marks[student]["running_mean"] == (4, None)


@pytest.mark.parametrize("what", attacks.NOTHING)
def test_what_cannot_be_graded_gets_zero_and_a_reason(after, what):
    (student,) = people(after, what)
    assert {ex: automatic for ex, (automatic, _) in after.marks[student].items()} == {"softmax": 0, "running_mean": 0, "why": 0}
    said = re.sub(r"\s+", " ", after.done.stdout)
    assert re.search(rf"{student}: nothing to grade: .*{re.escape(attacks.NOTHING[what][1])}", said)


def test_nothing_else_has_changed(after):
    now = school.state(after.top)
    assert {k for k in after.before if now.get(k) != after.before[k]} == set() and set(now) == set(after.before)


def test_nothing_outlives_the_run_and_nothing_got_out(after):
    alive = [p.info["cmdline"] for p in psutil.process_iter(["cmdline", "environ"])
             if "98765" in (p.info["cmdline"] or ()) or (p.info["environ"] or {}).get("COURSE_TEST_RUN") == after.mark]
    assert not alive and not after.heard and not glob.glob("/tmp/course-attack*")


def test_feedback_holds_no_hidden_test_and_the_report_names_everybody(after):
    done = school.course_command(after.top, "report", school.NAME, "--feedback")
    assert done.returncode == 0, done.stderr
    pages = sorted((after.top / "gradebook/feedback").glob("*/hw1/hw1.html"))
    assert len(pages) == len(after.who)
    for page in pages:
        text = page.read_text()
        what = after.who[page.parent.parent.name]
        assert "secret-number-4711" not in text or what == "read the hidden tests from the notebook"  # who looks for it has it in their own answer
        assert ("Nothing could be graded" if what in attacks.NOTHING else "large numbers (hidden)") in text  # a check's name is for students
    report = (after.top / "gradebook/reports/hw1/report.html").read_text()
    rows = (after.top / "gradebook/reports/hw1/marks.csv").read_text().splitlines()
    assert len(rows) == 1 + len(after.who) and rows[0].startswith("id,first_name,last_name,email,total,of,softmax,running_mean,why")
    for what, (_, reason) in attacks.NOTHING.items():
        assert re.search(rf"<b>{people(after, what)[0]}</b>: [^<]*{re.escape(reason)}", report)
    for what, sign in (("run the solutions", "calls exec"), ("delete the gradebook", "imports os"), ("look for the tests in memory", "imports gc"), ("use the network", "imports socket")):
        assert re.search(rf"<b>{people(after, what)[0]}</b>: [^<]*{sign}", report), what
    assert "\x1b" not in report + after.done.stdout


def test_a_second_run_runs_nothing_again(after):
    again = school.course_command(after.top, "grade", school.NAME, "--limit", "8")
    assert again.returncode == 0 and "tests run for 0 new or changed" in again.stdout and school.marks(after.top) == after.marks
