"""A live session: whatever is killed, no answer is lost, and the agent goes on where it was."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import torch

from course_lib.data import compare
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Drive, Pendulum
from course_lib.humans import PartialReturn
from course_lib.preferences.live import LEAST, Task, Worker, load_agent
from course_lib.widgets import Live

pytestmark = pytest.mark.xdist_group("live")  # each starts processes of its own: one after the other
SWING = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)
QUICK = dict(n_envs=8, n_steps=25, batch_size=100, epochs=2, members=2)


class Spinning(torch.nn.Module):
    def forward(self, obs, acts):
        return -(obs[..., 2] - 6).abs()


def somebody():
    return PartialReturn(Spinning(), rationality=20.0)


class Never:
    """An event that is not set."""

    def is_set(self):
        return False

    def wait(self, seconds):
        return False


@pytest.fixture
def lesson(tmp_path):
    return Task(Pendulum(), str(tmp_path / "l.sqlite"), "t", "me", str(tmp_path / "agent.pt"), steps=400, options=dict(QUICK))


def worker(lesson):
    reports = []
    made = Worker(lesson, reports.append, Never(), Never())
    made.reports = reports
    return made


def answer(store, question, choice):
    a, b = question
    ids = store.keep(question, "Pendulum")
    return store.append(event="label", task="t", annotator="me", session="s", kind="human", pair="-".join(ids), first=ids[0], second=ids[1], choice=choice)


def answers_of(w):
    return w.usable(w.store.answers(task="t", annotator="me", kind="human"))


def test_a_round_learns_from_every_answer_that_stands_and_unlearns_what_was_taken_back(lesson):
    w = worker(lesson)
    questions = w.reports[0]["questions"]
    seqs = [answer(w.store, q, float(i % 2)) for i, q in enumerate(questions[:6])]
    w.round(answers_of(w))
    assert len(w.agent.learned.comparisons) == 6 and w.reports[-1]["rounds"][-1]["labels"] == 6
    e = w.store.events()[0]
    w.store.append(**{k: e[k] for k in ("task", "annotator", "session", "kind", "pair", "first", "second")}, event="undo", undoes=seqs[0])
    w.round(answers_of(w))
    want = compare([a for a, _ in questions[1:6]], [b for _, b in questions[1:6]])
    np.testing.assert_array_equal(w.agent.learned.comparisons.obs, want.obs)
    assert len(w.reports[-1]["guesses"]) == len(w.reports[-1]["questions"]) and 0 <= min(w.reports[-1]["guesses"]) <= max(w.reports[-1]["guesses"]) <= 1


def test_a_new_worker_goes_on_where_the_old_one_was(lesson):
    w = worker(lesson)
    for i, q in enumerate(w.reports[0]["questions"][:6]):
        answer(w.store, q, float(i % 2))
    w.round(answers_of(w))
    again = worker(lesson)
    assert "as it was after 6 answers" in again.reports[0]["text"] and again.agent.rounds == w.agent.rounds
    for a, b in zip(w.agent.learned.policy.parameters(), again.agent.learned.policy.parameters()):
        assert torch.equal(a, b)
    w.round(answers_of(w)), again.round(answers_of(again))
    assert w.agent.rounds == again.agent.rounds  # the next round as well, bit for bit


def test_questions_are_about_the_newest_agent(lesson):
    w = worker(lesson)
    first = w.reports[0]["questions"]
    for i, q in enumerate(first[:6]):
        answer(w.store, q, float(i % 2))
    w.round(answers_of(w))
    newest = {c.obs.tobytes() for c in w.newest()}
    asked = w.reports[-1]["questions"]
    assert len(asked) == lesson.questions and all(newest & {a.obs.tobytes(), b.obs.tobytes()} for a, b in asked)
    assert not newest & {c.obs.tobytes() for q in first for c in q}


def test_an_agent_that_cannot_be_read_or_is_of_another_world_is_moved_aside_not_lost(lesson, tmp_path):
    w = worker(lesson)
    for i, q in enumerate(w.reports[0]["questions"][:6]):
        answer(w.store, q, float(i % 2))
    w.round(answers_of(w))
    whole = (tmp_path / "agent.pt").read_bytes()
    other = Task(**vars(lesson) | dict(world=Drive(horizon=60)))
    agent, text = load_agent(other)
    assert "another world" in text and not agent.rounds
    (aside,) = tmp_path.glob("*.aside")
    assert aside.read_bytes() == whole
    (tmp_path / "agent.pt").write_bytes(whole[:1000])
    assert "cannot be used" in load_agent(lesson)[1] and len(list(tmp_path.glob("*.aside"))) == 2


def test_a_full_disk_does_not_stop_the_lesson(lesson, monkeypatch):
    w = worker(lesson)
    for i, q in enumerate(w.reports[0]["questions"][:6]):
        answer(w.store, q, float(i % 2))

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(w.agent, "save", full)
    w.round(answers_of(w))
    assert "cannot be saved" in w.reports[-1]["text"] and w.reports[-1]["rounds"]


def test_it_waits_for_enough_answers_and_rests_when_it_has_practised_enough(lesson, monkeypatch):
    w = worker(lesson)
    monkeypatch.setattr("course_lib.preferences.live.ENOUGH", 2)

    class Soon:
        n = 0

        def is_set(self):
            return self.n >= 3

        def wait(self, seconds):
            self.n += 1

    for q in w.reports[0]["questions"][:LEAST - 1]:
        answer(w.store, q, 1.0)
    w.stopped = Soon()
    w.run()
    assert not w.agent.rounds
    answer(w.store, w.reports[0]["questions"][LEAST], 0.0)
    w.stopped = Soon()
    w.run()
    assert len(w.agent.rounds) == 3 and w.stopped.n == 3 and w.reports[-1]["rests"]  # one round for the news, two more, and rest


def test_other_questions_come_also_when_nothing_is_learned(lesson):
    """Skips and ties teach nothing, but somebody who gives them must not run out of questions."""
    w = worker(lesson)
    for q in w.reports[0]["questions"]:
        ids = w.store.keep(q, "Pendulum")
        w.store.append(event="skip", task="t", annotator="me", session="s", kind="human", pair="-".join(ids), first=ids[0], second=ids[1])
    w.turn()
    pairs = lambda r: {(a.obs.tobytes(), b.obs.tobytes()) for a, b in r["questions"]}
    assert len(w.reports) == 2 and not pairs(w.reports[0]) & pairs(w.reports[1]) and not w.agent.rounds
    w.turn()
    assert len(w.reports) == 2  # and only then


def test_a_store_that_does_not_answer_is_waited_for(lesson, monkeypatch):
    w = worker(lesson)
    monkeypatch.setattr(w.store, "last", lambda **where: (_ for _ in ()).throw(StoreError("the server restarts")))

    class Once(Never):
        n = 0

        def is_set(self):
            self.n += 1
            return self.n > 2

    w.stopped = Once()
    w.run()
    assert [r["type"] for r in w.reports] == ["round", "trouble", "trouble"] and "the server restarts" in w.reports[-1]["text"]


def test_answers_about_clips_of_another_length_are_left_out(lesson):
    w = worker(Task(**vars(lesson) | dict(options=QUICK | dict(clip_length=10))))
    for i, q in enumerate(w.reports[0]["questions"][:6]):
        answer(w.store, q, float(i % 2))
    changed = worker(lesson)
    assert len(answers_of(w)) == 6 and answers_of(changed) == []
    changed.turn()  # and nothing breaks


def test_options_that_nobody_knows_are_refused_at_once(tmp_path):
    with pytest.raises(TypeError, match="clip_lenght: no such option.*clip_length"):
        Live(Pendulum(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="live", folder=tmp_path, clip_lenght=10)


# ---- with processes -----------------------------------------------------------------------------------------------------

def until(true, seconds=40):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_session_from_the_first_answer_to_a_killed_worker_and_back(tmp_path):
    live = Live(Pendulum(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="simulated", folder=tmp_path / "agents", **SWING)
    assert live.state() == "stopped" and live.process is None
    live.simulate(somebody(), answers=14, pace=0.1)
    assert live.rounds and live.state() == "training"
    assert psutil.Process(live.process.pid).nice() == 10
    os.kill(live.process.pid, signal.SIGKILL)
    until(lambda: live.watch.now["state"] == "failed")
    assert "Every answer of yours is saved" in live.watch.now["text"] and len(live.store.answers()) == 14
    live.labeler.simulate(somebody(), 1)  # labels go on meanwhile
    rounds = len(live.rounds)
    live._press("start")
    until(lambda: len(live.rounds) > rounds)
    assert live.rounds[-1]["labels"] >= 15 and live.watch.now["state"] == "training"
    live._press("pause")
    time.sleep(5)
    rounds = len(live.rounds)
    time.sleep(1.5)
    assert len(live.rounds) == rounds and live.watch.now["state"] == "paused"
    live.labeler.simulate(somebody(), 1)  # and so they do now
    time.sleep(1)
    assert len(live.rounds) == rounds
    live._press("go on")
    until(lambda: live.rounds[-1]["labels"] == 16)
    live.stop()
    live.stop()  # twice is once
    assert not live.process.is_alive() and live.watch.now["state"] == "stopped"
    assert live.agent().labels[-1] == 16 and len(live.comparisons()) == 16
    curves = live.watch.now["curves"]
    assert len(curves) == 3 and all(len(c["x"]) == len(c["y"]) for c in curves.values())


def test_a_cell_that_is_run_again_replaces_its_worker(tmp_path):
    make = lambda: Live(Pendulum(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="live", folder=tmp_path / "agents", **SWING)
    first = make()
    until(lambda: first.process.is_alive())
    again = make()
    assert not first.process.is_alive() and again.process.is_alive()
    until(lambda: again.watch.now["state"] == "waiting")
    again.stop()


def test_two_who_teach_the_same_agent_are_told(tmp_path):
    from filelock import FileLock

    live = Live(Pendulum(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="simulated", folder=tmp_path / "agents", **SWING)
    os.makedirs(os.path.dirname(live.task.checkpoint))
    with FileLock(live.task.checkpoint + ".lock"):
        live.start()
        until(lambda: live.watch.now["state"] == "failed")
    assert "being taught in another window" in live.watch.now["text"]


def test_a_killed_kernel_leaves_no_worker_behind(tmp_path):
    code = f"""
import time
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Pendulum
from course_lib.widgets import Live
if __name__ == "__main__":
    live = Live(Pendulum(), LabelStore({str(tmp_path / "l.sqlite")!r}), task="t", mode="live", folder={str(tmp_path)!r})
    while not live._shown or live._shown["state"] != "waiting": time.sleep(0.1)
    print(live.process.pid, flush=True)
    time.sleep(60)
"""
    (tmp_path / "kernel.py").write_text(code)
    kernel = subprocess.Popen([sys.executable, tmp_path / "kernel.py"], stdout=subprocess.PIPE, text=True)
    pid = int(kernel.stdout.readline())
    assert psutil.pid_exists(pid)
    kernel.kill()
    kernel.wait()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 10)


def test_recorded_answers_teach_an_agent_again(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    first = Live(Pendulum(), store, task="t", mode="simulated", folder=tmp_path / "a", **SWING)
    first.labeler.simulate(somebody(), 8)
    again = Live(Pendulum(), store, task="t2", mode="replay", folder=tmp_path / "b", **SWING)
    again.replay(store.answers(kind="simulated"))
    again.stop()
    assert again.rounds[-1]["labels"] == 8 and {e["kind"] for e in store.events(task="t2")} == {"replay"}
    assert (again.comparisons().choice == first.comparisons().choice).all()
