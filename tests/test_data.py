"""Evidence: refused clearly when it is broken, and never lost when it is not."""

import os
import sqlite3
import subprocess
import sys
import threading

import gymnasium as gym
import numpy as np
import pytest

from course_lib.data import Comparisons, Demonstrations, Trajectory, clips, compare, split
from course_lib.data.store import LabelStore, StoreError, clip_id
from course_lib.envs import Drive
from course_lib.rl.rollouts import expert, rollout


def drives(n=3, T=20, seed=0):
    world = Drive(horizon=T)
    return rollout(world, expert(world), n, np.random.default_rng(seed)).demonstrations()


# ---- trajectories ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("change, message", [
    (dict(acts=np.zeros((0, 1))), "empty"), (dict(obs=np.zeros((5, 3))), "obs has length 5; with 5 actions it must have 6"),
    (dict(rews=np.zeros(4)), "rews has length 4"), (dict(obs=np.full((6, 3), np.nan)), "obs is NaN or infinite at step 0"),
    (dict(acts=np.array([[0], [0], [np.inf], [0], [0]])), "acts is NaN or infinite at step 2")])
def test_a_broken_trajectory_is_refused(change, message):
    good = dict(obs=np.zeros((6, 3)), acts=np.zeros((5, 1)), rews=np.zeros(5))
    Trajectory(**good)
    with pytest.raises(ValueError, match=message):
        Trajectory(**good | change)


def test_demonstrations_of_another_world_are_refused():
    demos = drives()
    demos.check(Drive().observation_space, Drive().action_space)
    pole = gym.make("CartPole-v1")
    with pytest.raises(ValueError, match="recorded in another environment"):
        demos.check(pole.observation_space, pole.action_space)
    with pytest.raises(ValueError, match="integers from 0 to 4"):
        discrete = Demonstrations([Trajectory(t.obs, np.full(len(t), 7), t.rews) for t in demos])
        discrete.check(Drive(levels=5).observation_space, Drive(levels=5).action_space)
    with pytest.raises(ValueError, match="no trajectories"):
        Demonstrations([])


def test_flat_pairs_each_action_with_the_observation_before_it():
    demos = drives(2, 4)
    obs, acts, drive = demos.flat()
    assert obs.shape == (8, 3) and acts.shape == (8, 1) and drive.tolist() == [0] * 4 + [1] * 4
    np.testing.assert_array_equal(obs[4], demos[1].obs[0])


def test_split_holds_out_whole_groups():
    groups = np.repeat(np.arange(10), 7)
    out = split(groups, 0.3, np.random.default_rng(0))
    assert out.sum() == 21 and all(out[groups == g].all() or not out[groups == g].any() for g in range(10))
    assert split(np.array([0, 1]), 0.01, np.random.default_rng(0)).sum() == 1
    with pytest.raises(ValueError, match="nothing can be held out"):
        split(np.zeros(5), 0.2, np.random.default_rng(0))


def test_clips_keep_their_states_and_refuse_what_does_not_fit():
    (c,) = clips(drives(1, 20), 8, np.random.default_rng(0))
    assert len(c) == 8 and len(c.states) == 9
    np.testing.assert_allclose(c.obs, c.states[:, 6:9], atol=1e-6)
    with pytest.raises(ValueError, match="does not fit"):
        clips(drives(1, 5), 8, np.random.default_rng(0))
    with pytest.raises(ValueError, match="same number of steps"):
        compare([drives(1, 5)[0]], [drives(1, 6)[0]])
    with pytest.raises(ValueError, match="choice must be"):
        Comparisons(np.zeros((1, 2, 3, 1)), np.zeros((1, 2, 3, 1)), np.array([0.7]))


# ---- Minari --------------------------------------------------------------------------------------------------

def test_minari_round_trip(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    from course_lib.data import minari

    demos, env = drives(), gym.make("course/Drive-v0")
    minari.save(demos, "course/drive-v0", env)
    back = minari.load("course/drive-v0", env)
    for a, b in zip(demos, back):
        np.testing.assert_allclose(a.obs, b.obs)
        np.testing.assert_allclose(a.acts, b.acts)
        assert (a.terminated, a.truncated) == (b.terminated, b.truncated)
    with pytest.raises(FileExistsError, match="next version"):
        minari.save(demos, "course/drive-v0", env)
    with pytest.raises(FileNotFoundError, match="no local dataset"):
        minari.load("course/nothing-v0")
    with pytest.raises(ValueError, match="another environment"):
        minari.load("course/drive-v0", gym.make("CartPole-v1"))


# ---- the label store -------------------------------------------------------------------------------------------

def event(**change):
    return dict(event="label", task="t", annotator="a", session="s", kind="human", pair="p0", first="x", second="y", choice=1.0) | change


def test_events_are_only_ever_added(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    a = store.append(**event())
    b = store.append(**event(pair="p1", event="tie", choice=0.5))
    store.append(**event(pair="p2", event="skip", choice=None))
    store.append(**event(event="undo", choice=None, undoes=a))
    assert [e["event"] for e in store.events()] == ["label", "tie", "skip", "undo"]
    assert [e["seq"] for e in store.answers()] == [b]
    assert LabelStore(store.path).answers() == store.answers()  # another day, the same file
    assert store.answers(task="other") == []
    with pytest.raises(ValueError, match="event must be one of"):
        store.append(**event(event="delete"))


def test_labels_come_back_with_their_clips(tmp_path):
    store, (a, b, c) = LabelStore(tmp_path / "l.sqlite"), drives().trajectories
    ids = store.keep([a, b, c], "Drive")
    assert ids == [clip_id(a), clip_id(b), clip_id(c)] and store.keep([a], "Drive") == ids[:1]
    store.append(**event(first=ids[0], second=ids[1], choice=0.0))
    got = store.comparisons()
    np.testing.assert_array_equal(got.obs[0, 1], b.obs[:-1])
    assert got.choice.tolist() == [0.0] and LabelStore(tmp_path / "new.sqlite").comparisons() is None


def test_a_damaged_file_is_named_and_left_alone(tmp_path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"these are not labels" * 200)
    with pytest.raises(StoreError, match="left untouched.*Move it aside"):
        LabelStore(path)
    assert path.read_bytes() == b"these are not labels" * 200
    for i, table in enumerate(("event (x)", "_writable (y)")):
        other = tmp_path / f"other{i}.sqlite"
        sqlite3.connect(other).execute(f"create table {table}").connection.commit()
        before = other.read_bytes()
        with pytest.raises(StoreError, match="file of their own"):
            LabelStore(other)
        assert other.read_bytes() == before


def test_what_stands_is_the_last_word_and_no_filter_brings_back_what_was_undone(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    a = store.append(**event(session="one"))
    store.append(**event(session="two", choice=0.0))  # the same pair in a second window
    assert [e["choice"] for e in store.answers()] == [0.0]
    store.append(**event(session="three", event="undo", choice=None, undoes=a))
    assert store.answers() == store.answers(session="one") == store.answers(event="label") == []
    store.append(**event(annotator="another"))
    store.append(**event(kind="simulated"))
    assert len(store.answers()) == 2 and len(store.answers(kind="human")) == 1


def test_an_unwritable_place_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        LabelStore(tmp_path / "no" / "such" / "folder" / "l.sqlite")
    path = LabelStore(tmp_path / "l.sqlite").path
    store = LabelStore(path)
    store.engine.dispose()
    uri = f"file:{path}?mode=ro"
    import sqlalchemy as sa
    store.engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False))
    with pytest.raises(StoreError, match="cannot be written"):
        store.append(**event())
    assert LabelStore(path).events() == []


def test_many_threads_lose_nothing(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    work = [threading.Thread(target=lambda k=k: [store.append(**event(pair=f"{k}-{i}")) for i in range(10)]) for k in range(6)]
    [t.start() for t in work]
    [t.join() for t in work]
    assert len({e["pair"] for e in store.events()}) == 60


def test_an_acknowledged_label_survives_a_kill(tmp_path):
    """The writer reports each label after append returns, and kills itself in the middle of the next."""
    code = ("import os, signal, sys, threading; from course_lib.data.store import LabelStore; s = LabelStore(sys.argv[1])\n"
            "threading.Timer(0.25, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
            "for i in range(10**6):\n"
            "    s.append(event='label', task='t', annotator='a', session='s', kind='human', pair=str(i), first='x', second='y', choice=1.)\n"
            "    print(i, flush=True)\n")
    for n in range(3):
        path = tmp_path / f"{n}.sqlite"
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, env=os.environ)
        said = {line for line in done.stdout.split()}
        assert said and said <= {e["pair"] for e in LabelStore(path).events()}
