"""The play widget's protocol, without a browser: who drove when, what is stored, and what is learned from it."""

import sqlite3

import numpy as np
import pytest

from course_lib.data.store import LabelStore
from course_lib.envs import Drive, Pendulum
from course_lib.humans import Supervisor
from course_lib.rl.rollouts import expert, rollout
from course_lib.widgets import Play
from course_lib.widgets.play import GRACE

WORLD = Drive(horizon=60)
SHOWN = rollout(WORLD, expert(WORLD), 3, np.random.default_rng(0)).demonstrations()
FAST = dict(task="t", epochs=30, lr=3e-3, validate=20)


def make(path, mode="live", world=WORLD, **more):
    made = Play(world, SHOWN, LabelStore(path), mode=mode, **FAST | more)
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append(content)
    return made


@pytest.fixture
def play(tmp_path):
    return make(tmp_path / "l.sqlite")


def step(play, held="", times=1):
    for _ in range(times):
        play._on_message(play, {"type": "step", "drive": play.drive, "k": play.k, "held": held}, [])


def say(play, kind):
    play._on_message(play, {"type": kind, "drive": play.drive}, [])


def last(play, kind):
    return [m for m in play.sent if m["type"] == kind][-1]


def test_a_held_key_is_a_label_and_letting_go_a_correction(play):
    step(play, times=4)
    start = play.state[0].copy()
    step(play, "left", 3)
    assert last(play, "frame")["yours"] and not play.store.events()
    step(play, "", GRACE)  # the wheel is still the person's, but nobody decides anything
    assert last(play, "frame")["yours"]
    step(play)
    assert not last(play, "frame")["yours"] and last(play, "frame")["labels"] == 3
    (event,) = play.store.corrections(kind="human")
    assert event["event"] == "correction" and event["pair"].endswith("/0/4") and event["model_version"] == 0
    np.testing.assert_allclose(event["clip"].acts[:, 0], np.clip(start[4] + 0.25 * np.arange(1, 4), -1, 1), atol=1e-6)
    np.testing.assert_array_equal(event["clip"].states[0], start)
    again = start[None]
    for action, want in zip(event["clip"].acts, event["clip"].states[1:]):  # the states follow from the actions
        again, _, _ = WORLD.step(again, action[None], np.random.default_rng(0))
        np.testing.assert_allclose(again[0, [0, 1, 4, 5]], want[[0, 1, 4, 5]], atol=1e-6)


@pytest.mark.parametrize("ending", ["rest", "end", "horizon", "pause", "learner"])
def test_a_correction_is_a_piece_of_the_drive_as_it_was(play, ending):
    """Observation, action and reward belong to the same step, however the correction ends."""
    someone = Supervisor(WORLD, lambda s: abs(s[0]), worried=-1, calm=-1)  # always at the wheel
    step(play, "left", 3)  # so that the wheel is not straight when it begins
    say(play, "undo")
    step(play, times=2)
    while play.k < (WORLD.horizon if ending == "horizon" else 12) and not play.learned:
        step(play, someone(play.state[0]))
    if ending in ("rest", "learner"):
        step(play, "", GRACE + 1 if ending == "rest" else WORLD.horizon)
    elif ending != "horizon":
        say(play, ending)
    (clip,) = play.corrections()
    assert len(clip) == (WORLD.horizon - 5 if ending == "horizon" else 7) and clip.states[0, 4] != 0
    np.testing.assert_array_equal(clip.obs, WORLD.observe(clip.states))
    state = clip.states[:1].copy()
    for t, action in enumerate(clip.acts):
        np.testing.assert_allclose(action[0], WORLD.by_keys(clip.states[t:t + 1], someone(clip.states[t]))[0, 0])
        state[:, [2, 3]] = clip.states[t, [2, 3]]  # the bend is drawn at random; the rest follows
        state, reward, _ = WORLD.step(state, action[None], np.random.default_rng(0))
        np.testing.assert_allclose(state[0, [0, 1, 4, 5]], clip.states[t + 1, [0, 1, 4, 5]], atol=1e-6)
        assert reward[0] == clip.rews[t] == float(abs(clip.states[t + 1, 0]) <= 1)
    kept = play.store.corrections()[0]["clip"]
    np.testing.assert_array_equal(kept.states, clip.states)
    assert (kept.terminated, kept.truncated) == (False, True)


def test_whoever_goes_away_has_let_go_and_it_is_saved(tmp_path, play):
    step(play, "left", 4)
    say(play, "pause")
    assert len(play.store.corrections()[0]["clip"]) == 4 and "This drive so far: 4 steps" in last(play, "frame")["words"]
    assert len(make(tmp_path / "l.sqlite").given) == 1  # the kernel dies while it is paused


def test_a_short_pause_between_two_keys_is_one_correction(play):
    step(play, "left", 2)
    step(play, "", GRACE)
    step(play, "right", 2)
    step(play, "", GRACE + 1)
    (event,) = play.store.corrections()
    assert len(event["clip"]) == 4 + GRACE


def test_a_round_learns_from_the_corrections_and_the_road_changes(play):
    before = play.progress.scores[0]
    someone = Supervisor(WORLD, lambda s: abs(s[0]), worried=0.3, calm=0.1)
    first = play.state.copy()
    while not play.learned:
        step(play, someone(play.state[0]))
    assert len(play.progress.scores) == 2 and play.progress.labels[1] == play.progress.labels[0] + sum(map(len, play.corrections()))
    assert f"{before:.0f} → {play.progress.scores[1]:.0f} of 60" in last(play, "round")["text"] and last(play, "busy")
    assert play.k == 0 and not np.array_equal(first, play.state)


def test_nobody_takes_over(play):
    step(play, times=WORLD.horizon)
    assert "did not take over" in last(play, "round")["text"] and len(play.progress.policies) == 1 and play.drive == 1 and play.k == 0


def test_stale_and_unknown_messages_change_nothing(play):
    step(play, times=3)
    for message in ({"drive": 0, "k": 2}, {"drive": 5, "k": 3}, {}):
        play._on_message(play, {"type": "step", "held": "left", **message}, [])
        assert play.k == 3 and last(play, "frame")["k"] == 3 and not play._stretch
    with pytest.raises(ValueError, match="unknown key"):
        step(play, "up")


def test_take_back(play):
    step(play, "left", 3)
    say(play, "undo")  # while it is being made: nothing was stored
    assert not play._stretch and not play.store.events()
    step(play, "left", 3)
    step(play, "", GRACE + 1)
    say(play, "undo")
    assert [e["event"] for e in play.store.events()] == ["correction", "undo"] and not play.store.corrections() and not play.given
    say(play, "undo")
    assert "Nothing to take back" in last(play, "round")["text"] and len(play.store.events()) == 2
    step(play, "right", 3)
    say(play, "end")  # what is open is closed, and learned
    say(play, "undo")
    assert "Nothing to take back" in last(play, "round")["text"] and play.learned == len(play.store.corrections()) == 1


def test_what_was_corrected_is_taken_up_by_the_next_kernel(tmp_path, play):
    for key in ("left", "right"):
        step(play, key, 5)
        say(play, "end")
    step(play, "left", 4)
    step(play, "", GRACE + 1)  # on disk, not yet learned: the kernel dies here
    again = make(tmp_path / "l.sqlite")
    assert again.progress.scores[:3] == play.progress.scores and len(again.progress.scores) == 4  # the last drive's correction is learned now
    assert again.progress.labels[-1] == SHOWN.flat()[0].shape[0] + 14 and "Taken up: 3 corrections" in again.text and again.drive == 3
    assert len(make(tmp_path / "l.sqlite", annotator="somebody else").given) == 0


def test_a_store_that_fails_stops_the_drive_and_loses_nothing(play, tmp_path):
    step(play, "left", 3)
    step(play, "", GRACE)
    with sqlite3.connect(tmp_path / "l.sqlite") as db:
        db.execute("create trigger full before insert on event begin select raise(abort, 'disk full'); end")
    step(play, times=3)
    assert "Not saved" in last(play, "sorry")["text"] and play.k == 3 + GRACE and len(play._stretch) == 3 + GRACE
    with sqlite3.connect(tmp_path / "l.sqlite") as db:
        db.execute("drop trigger full")
    step(play)
    assert play.k == 4 + GRACE and len(play.store.corrections()[0]["clip"]) == 3


def test_a_store_that_fails_at_the_end_of_a_drive_does_not_let_it_run_on(play, tmp_path):
    step(play, times=50)
    step(play, "left", 9)
    with sqlite3.connect(tmp_path / "l.sqlite") as db:
        db.execute("create trigger full before insert on event begin select raise(abort, 'disk full'); end")
    step(play, "left", 5)
    assert "Not saved" in last(play, "sorry")["text"] and play.k == 60 and play.drive == 0
    with sqlite3.connect(tmp_path / "l.sqlite") as db:
        db.execute("drop trigger full")
    step(play, "left")
    assert play.drive == 1 and play.k == 0 and [len(c) for c in play.corrections()] == [10] and play.learned == 1


def test_corrections_of_another_world_do_not_stand_in_the_way(tmp_path, play):
    step(play, "left", 4)
    say(play, "end")
    other = Drive(horizon=60, levels=5)
    shown = rollout(other, expert(other), 3, np.random.default_rng(0)).demonstrations()
    changed = Play(other, shown, LabelStore(tmp_path / "l.sqlite"), mode="live", **FAST)
    assert "1 stored corrections of this task are of another world" in changed.text and not changed.given
    changed.send = lambda content, buffers=None: None
    step(changed, "left", 4)
    say(changed, "end")
    assert len(changed.progress.policies) == 2


def test_a_failure_of_any_kind_is_told_to_the_page(play, monkeypatch):
    monkeypatch.setattr(type(play.world), "step", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        step(play)
    assert "This step failed (ZeroDivisionError" in last(play, "sorry")["text"]


def test_where_nobody_is_asked_nothing_that_is_pressed_is_stored(tmp_path):
    for mode in ("simulated", "replay"):
        play = make(tmp_path / "l.sqlite", mode)
        step(play, "left", 3)
        say(play, "end")
        assert play.k == 0 and play.drive == 0 and not play.store.events() and "Nobody is asked" in last(play, "round")["text"]


def test_a_fit_that_fails_keeps_the_corrections_for_the_next_round(play):
    options, play._options = play._options, play._options | dict(lr=float("nan"))
    step(play, "left", 5)
    say(play, "end")
    assert "could not be trained" in last(play, "round")["text"] and len(play.progress.policies) == 1 and len(play.given) == 1
    play._options = options
    step(play, "left", 5)
    say(play, "end")
    assert len(play.progress.policies) == 2 and play.learned == 2


def test_headless_a_scripted_person_takes_over_and_it_helps(tmp_path):
    play = make(tmp_path / "l.sqlite", "simulated")
    play.simulate(Supervisor(WORLD, lambda s: abs(s[0]), worried=0.5), drives=3)
    assert play.progress.scores[-1] > play.progress.scores[0] + 5 and {e["kind"] for e in play.store.events()} == {"simulated"}
    replayed = make(tmp_path / "l.sqlite", "replay")
    replayed.replay(play.store.corrections(kind="simulated"))
    assert replayed.progress.scores == play.progress.scores and len(play.store.corrections(kind="replay")) == len(play.given)
    with pytest.raises(ValueError, match="replayed already"):
        replayed.replay(play.store.corrections(kind="simulated"))
    for wrong in (lambda: play.replay([]), lambda: replayed.simulate(lambda s: ""), lambda: make(tmp_path / "l.sqlite").simulate(lambda s: "")):
        with pytest.raises(ValueError, match="must not be stored as a person's"):
            wrong()


def test_what_cannot_be_driven_or_is_no_mode_is_refused(tmp_path):
    with pytest.raises(TypeError, match="what the arrow keys do"):
        make(tmp_path / "l.sqlite", world=Pendulum())
    with pytest.raises(ValueError, match='must be "live"'):
        make(tmp_path / "l.sqlite", mode="alive")
    with pytest.raises(ValueError, match="other|shape"):  # demonstrations of another world
        make(tmp_path / "l.sqlite", world=Drive(horizon=60, show_previous=True))


def test_a_supervisor_takes_over_when_worried_and_lets_go_when_calm():
    someone = Supervisor(WORLD, lambda s: abs(s[0]), worried=0.7, calm=0.2)
    drive = [someone(state) != "" for state in WORLD.placed(np.array([0.0, 0.6, 0.8, 0.5, 0.3, 0.1, 0.5, -0.9]))]
    assert drive == [False, False, True, True, True, False, False, True]
    left, right = (Supervisor(WORLD, lambda s: 1.0)(WORLD.placed(np.array([offset]))[0]) for offset in (-0.9, 0.9))
    assert (left, right) == ("left", "right")  # towards the middle: an offset is positive to the left
