"""The labeler's protocol, without a browser: what is stored is what was answered, whatever arrives in between."""

import numpy as np
import pytest

from course_lib.data import Comparisons, clips
from course_lib.data.store import LabelStore
from course_lib.envs import Drive
from course_lib.humans import PartialReturn
from course_lib.rl.networks import LinearReward
from course_lib.rl.rollouts import expert, rollout, uniform
from course_lib.widgets import PairLabeler

WORLD = Drive(horizon=30)


def pairs(n=6):
    rng = np.random.default_rng(0)
    good = clips(rollout(WORLD, expert(WORLD), n, rng).demonstrations(), 10, rng)
    bad = clips(rollout(WORLD, uniform(WORLD), n, rng).demonstrations(), 10, rng)
    return list(zip(good, bad))


def likes_small_heading():
    import torch

    reward = LinearReward(lambda obs, acts: obs[..., 1:2] ** 2, 1)
    with torch.no_grad():
        reward.w.fill_(-1e4)
    return PartialReturn(reward)


@pytest.fixture
def labeler(tmp_path):
    made = PairLabeler(WORLD, pairs(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="live")
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append((content, buffers))
    return made


def say(labeler, side, index=None):
    labeler._on_message(labeler, {"type": "answer", "pair": labeler.ids[len(labeler.given) if index is None else index], "side": side, "ms": 5}, [])


def test_answers_undo_and_what_is_left(labeler):
    for side in ("left", "right", "tie", "skip"):
        say(labeler, side)
    labeler._on_message(labeler, {"type": "undo"}, [])  # takes back the skip
    labeler._on_message(labeler, {"type": "undo"}, [])  # takes back the tie
    events = labeler.store.events()
    assert [e["event"] for e in events] == ["label", "label", "tie", "skip", "undo", "undo"]
    assert [e["undoes"] for e in events[-2:]] == [events[3]["seq"], events[2]["seq"]]
    assert all(e["kind"] == "human" and e["left"] in ("first", "second") and e["response_ms"] == 5 for e in events[:3])
    c = labeler.comparisons()
    assert isinstance(c, Comparisons) and len(c) == 2
    for i, (side, event) in enumerate(zip(("left", "right"), events)):
        assert c.choice[i] == event["choice"] == float((side == "left") == (event["left"] == "first"))
    assert [e["pair"] for e in labeler.store.answers()] == labeler.ids[:2]


def test_an_answer_to_another_pair_is_refused(labeler):
    say(labeler, "left")
    say(labeler, "left", index=0)  # a mashed key: the same pair again
    say(labeler, "left", index=4)
    assert len(labeler.store.events()) == 1
    assert labeler.sent[-1][0]["pair"] == labeler.ids[1]  # and the view is set right
    for _ in range(9):
        labeler._on_message(labeler, {"type": "answer", "pair": labeler.ids[min(len(labeler.given), 5)], "side": "tie"}, [])
    assert len(labeler.store.events()) == 6 and labeler.sent[-1][0]["finished"]


def test_the_next_pair_is_sent_only_after_the_answer_is_on_disk(labeler):
    order = []
    append, labeler.send = labeler.store.append, lambda content, buffers=None: order.append(content["type"])

    def slow(**row):
        order.append("disk")
        return append(**row)

    labeler.store.append = slow
    say(labeler, "left")
    assert order == ["disk", "current"]


def test_a_full_disk_keeps_the_pair_and_says_so(labeler, monkeypatch):
    from course_lib.data.store import StoreError

    def full(**row):
        raise StoreError("no space left")

    monkeypatch.setattr(labeler.store, "append", full)
    say(labeler, "left")
    assert labeler.sent[-1][0]["type"] == "sorry" and "no space left" in labeler.sent[-1][0]["text"]
    assert labeler.comparisons() is None
    monkeypatch.undo()
    say(labeler, "left")
    assert len(labeler.comparisons()) == 1


def test_a_new_kernel_takes_up_where_the_old_one_stopped(labeler):
    for side in ("left", "tie", "right"):
        say(labeler, side)
    labeler._on_message(labeler, {"type": "undo"}, [])
    again = PairLabeler(WORLD, pairs(), LabelStore(labeler.store.path), task="t", mode="live", learn=lambda data: likes_small_heading())
    sent = []
    again.send = lambda content, buffers=None: sent.append(content)
    again._on_message(again, {"type": "ready"}, [])
    assert "learned from 2 answers you gave before" in sent[0]["verdict"]
    assert len(again.given) == 2 and (again.comparisons().choice == labeler.comparisons().choice).all()
    assert again.session != labeler.session and len(again.store.events()) == 4
    stranger = PairLabeler(WORLD, pairs(), LabelStore(labeler.store.path), task="t", mode="live", annotator="somebody else")
    assert stranger.comparisons() is None


def test_simulated_and_replayed_answers_are_stored_as_such(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    simulated = PairLabeler(WORLD, pairs(), store, task="t", mode="simulated")
    simulated.simulate(likes_small_heading())
    assert {e["kind"] for e in store.events()} == {"simulated"} and (simulated.comparisons().choice == 1).all()  # the expert, always
    replayed = PairLabeler(WORLD, pairs(), store, task="t", mode="replay", seed=9)  # other sides
    replayed.replay(store.answers(kind="simulated"))
    assert (replayed.comparisons().choice == 1).all() and {e["kind"] for e in store.events(session=replayed.session)} == {"replay"}
    assert PairLabeler(WORLD, pairs(), store, task="t", mode="live").comparisons() is None  # neither passes for a human


def test_replay_skips_what_was_skipped(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    first = PairLabeler(WORLD, pairs(), store, task="t", mode="live")
    first.send = lambda content, buffers=None: None
    for side in ("left", "skip", "right"):
        say(first, side)
    again = PairLabeler(WORLD, pairs(), store, task="t", mode="replay")
    again.replay(store.answers(kind="human"))
    assert len(again.given) == 3 and (again.comparisons().choice == first.comparisons().choice).all()


def test_a_person_is_not_simulated_by_accident(labeler):
    with pytest.raises(ValueError, match='mode="simulated"'):
        labeler.simulate(likes_small_heading())
    with pytest.raises(ValueError, match='mode="replay"'):
        labeler.replay([])
    assert labeler.store.events() == []


def test_a_model_that_cannot_be_fitted_does_not_stand_in_the_way(labeler):
    def learn(data):
        raise FloatingPointError("the loss became nan")

    labeler.learn = learn
    say(labeler, "left")
    say(labeler, "right")
    assert "could not be fitted" in labeler.sent[-1][0]["verdict"] and len(labeler.store.answers()) == 2
    again = PairLabeler(WORLD, pairs(), LabelStore(labeler.store.path), task="t", mode="live", learn=learn)
    assert len(again.comparisons()) == 2


def test_guesses_are_made_before_the_click(tmp_path):
    made = PairLabeler(WORLD, pairs(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="simulated", learn=lambda data: likes_small_heading())
    made.simulate(likes_small_heading())
    assert made.guesses == [None] + [True] * 5
    assert [e["model_version"] for e in made.store.events()] == list(range(6))


def test_nobody_is_waited_for(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PEOPLE", "simulated")
    assert PairLabeler(WORLD, pairs(), LabelStore(tmp_path / "l.sqlite"), task="t").mode == "simulated"
    with pytest.raises(ValueError, match='"live", "simulated" or "replay"'):
        PairLabeler(WORLD, pairs(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="alive")


def test_where_nobody_is_asked_nothing_that_is_pressed_is_stored(tmp_path):
    for mode in ("simulated", "replay"):
        made = PairLabeler(WORLD, pairs(), LabelStore(tmp_path / "l.sqlite"), task="t", mode=mode)
        say(made, "left")
        made._on_message(made, {"type": "undo"}, [])
        assert not made.given and not made.store.events()
