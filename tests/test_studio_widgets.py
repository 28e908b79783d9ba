"""Ranker, texts, two buttons: what is stored is what was said. Without a browser."""

import zlib

import numpy as np
import pytest

from course_lib.data.items import Text
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Drive
from course_lib.envs.gridworld import Grid, gridworld
from course_lib.rl.value_iteration import value_iteration
from course_lib.widgets import PairLabeler, Ranker, TwoButtons

from .test_labeler import pairs

GARDEN = gridworld(5, 6, goals=((0, 5),), pits=((1, 3), (2, 3)), start=(4, 0), slip=0.0)
V, Q = value_iteration(GARDEN)


def heard(widget):
    widget.sent = []
    widget.send = lambda content, buffers=None: widget.sent.append((content, buffers))
    return widget


def told(widget, **message):
    widget._on_message(widget, message, [])
    return widget.sent[-1][0]


def knows_the_way(s, a, rng):
    return 1.0 if Q[s, a] > V[s] - 1e-9 else -1.0


# ---- questions -----------------------------------------------------------------------------------------------

@pytest.fixture
def texts():
    return [tuple(Text(f"question {i}", f"answer {i} {j} <b>&</b>") for j in range(4)) for i in range(3)]


def test_pairs_of_texts(tmp_path, texts):
    made = heard(PairLabeler(None, [g[:2] for g in texts], LabelStore(tmp_path / "l.sqlite"), task="t", mode="live"))
    now = told(made, type="ready")
    sent = told(made, type="need", clip=now["shown"][0])
    assert sent["prompt"] == "question 0" and sent["completion"] in [x.completion for x in texts[0]]
    told(made, type="answer", pair=made.ids[0], side="left")
    (e,) = made.store.events()
    assert made.store.clip(now["shown"][0]) == made.store.clip(e["first"] if e["choice"] == 1 else e["second"])  # the left one was chosen


def test_rankings_are_stored_whole_and_taken_up(tmp_path, texts):
    store = LabelStore(tmp_path / "l.sqlite")
    made = heard(Ranker(None, texts, store, task="t", mode="live"))
    shown = told(made, type="ready")["shown"]
    told(made, type="answer", pair=made.ids[0], order=shown[::-1], ms=900)
    told(made, type="answer", pair=made.ids[0], order=shown)  # a key that was held: that question is over
    told(made, type="answer", pair=made.ids[1], order=None)
    with pytest.raises(ValueError, match="each of the 4 options once"):
        told(made, type="answer", pair=made.ids[2], order=made.order[2][:3])
    rank, skip = store.events()
    assert (rank["event"], rank["ranking"], rank["left"], rank["response_ms"]) == ("rank", "-".join(shown[::-1]), "-".join(shown), 900)
    assert skip["event"] == "skip" and [len(r) for r in made.rankings()] == [4]
    assert [store.clip(i) for i in shown[::-1]] == list(made.rankings()[0])
    again = heard(Ranker(None, texts, store, task="t", mode="live"))
    assert len(again.given) == 2 and again.rankings() == made.rankings()
    told(again, type="undo")
    told(again, type="undo")
    assert not again.rankings() and not store.standing() and len(store.events()) == 4


def test_a_simulated_ranker_follows_plackett_luce_and_can_be_replayed(tmp_path):
    """The better of two comes first as often as a logistic says."""
    many = [(Text(f"{i}", "good"), Text(f"{i}", "bad")) for i in range(400)]
    store = LabelStore(tmp_path / "l.sqlite")
    store.append = lambda append=store.append, **row: append(**row | dict(items=row["items"] if len(store_rows) < 3 else ())) or store_rows.append(1)
    store_rows = []
    made = Ranker(None, many, store, task="t", mode="simulated")
    made.simulate(lambda x: 1.0 if x.completion == "good" else 0.0)
    share = np.mean([r[0].completion == "good" for r in made.rankings()])
    assert abs(share - 1 / (1 + np.exp(-1))) < 3 * 0.022
    again = Ranker(None, many[:5], LabelStore(tmp_path / "m.sqlite"), task="t", mode="replay", seed=5)
    again.replay([e for e in store.events() if e["pair"] in again.ids])
    assert again.rankings() == made.rankings()[:5]


def test_newer_questions_replace_those_that_nobody_has_seen(tmp_path):
    old, new = pairs(6), [(b, a) for a, b in pairs(6)]
    made = heard(PairLabeler(Drive(horizon=30), old, LabelStore(tmp_path / "l.sqlite"), task="t", mode="live"))
    told(made, type="answer", pair=made.ids[0], side="left")
    before = made.ids[:3]  # answered, shown, and fetched already
    made.ask(new, guesses=[0.9] * 6)
    assert made.ids[:3] == before and len(made.ids) == 9
    told(made, type="answer", pair=before[1], side="left")
    told(made, type="answer", pair=before[2], side="left")
    told(made, type="answer", pair=made.ids[3], side="left")
    events = made.store.events()
    assert [e["guess"] for e in events] == [None, None, None, 0.9] and made.guesses[3] == (events[3]["choice"] == 1)
    made.ask(new)  # the same again: nobody is asked twice
    assert len(set(made.ids)) == len(made.ids)


def test_guesses_outlive_the_kernel(tmp_path):
    store = LabelStore(tmp_path / "l.sqlite")
    made = heard(PairLabeler(Drive(horizon=30), pairs(), store, task="t", mode="live"))
    made.guess = {i: (0.8, 7) for i in made.ids}
    for i in range(4):
        told(made, type="answer", pair=made.ids[i], side="left")
    again = heard(PairLabeler(Drive(horizon=30), pairs(), store, task="t", mode="live"))
    assert again.guesses == made.guesses and "of your 4 choices" in told(again, type="ready")["verdict"]


def test_what_is_stored_is_said_before_the_first_label(tmp_path):
    made = PairLabeler(Drive(horizon=30), pairs(), LabelStore(tmp_path / "l.sqlite"), task="t", mode="live", annotator="ada")
    for word in ("l.sqlite", "ada", "time", "how long", "delete"):
        assert word in made.stored


def test_a_world_without_a_drawer_sends_its_own_pictures(tmp_path):
    class Plain(Drive):
        drawer = "none"

    made = heard(PairLabeler(Plain(horizon=30), pairs(1), LabelStore(tmp_path / "l.sqlite"), task="t", mode="live"))
    made._receive({"type": "need", "clip": made.order[0][0]})
    content, (data,) = made.sent[-1]
    L, h, w, _ = content["frames"]
    frames = np.frombuffer(zlib.decompress(data), np.uint8).reshape(content["frames"])
    assert L == 11 and h == w == 160 and len(np.unique(frames)) > 5 and (frames[0] != frames[-1]).any()


# ---- two buttons ------------------------------------------------------------------------------------------------

def dog(path, mode="live", **more):
    return heard(TwoButtons(Grid(mdp=GARDEN, columns=6, horizon=40), LabelStore(path), task="dog", mode=mode, **more))


def walk(d, n, ms=900):
    for _ in range(n):
        told(d, type="step", drive=d.drive, k=d.k, ms=ms)


def test_a_word_goes_to_the_step_that_was_on_the_screen(tmp_path):
    d = dog(tmp_path / "l.sqlite")
    walk(d, 3)
    told(d, type="say", value=1, drive=0, k=3, ms=500)
    told(d, type="say", value=-1, drive=0, k=2, ms=880)  # pressed just before step 3 came: it names the step it was said at
    told(d, type="say", value=-1, drive=0, k=3, ms=60)  # too quick to be about step 3
    events, steps = d.store.events(), d.steps
    assert [e["step"] for e in events] == [3, 2, 3] and [e["value"] for e in events] == [1, -1, -1] and events[0]["response_ms"] == 500
    for e, about in zip(events, (2, 1, 1)):
        clip = d.store.clip(e["first"])
        credits = np.array(e["credits"].split(), float)
        assert len(credits) == len(clip) and abs(credits.sum() - 1) < 1e-3 and credits.argmax() == about and credits.max() == 1
        assert clip.obs[about] == steps[about][0] and clip.acts[about] == steps[about][1]


def test_words_about_what_is_not_shown_are_refused(tmp_path):
    d = dog(tmp_path / "l.sqlite")
    told(d, type="say", value=1, drive=0, k=0, ms=5)  # before its first step
    walk(d, 2)
    for message in (dict(drive=0, k=3), dict(drive=1, k=1), dict(drive=0, k=-1)):
        told(d, type="say", value=1, ms=5, **message)
    told(d, type="step", drive=0, k=0)  # a second tab that is behind
    assert d.store.events() == [] and d.k == 2
    with pytest.raises(ValueError, match="a number that is not 0"):
        told(d, type="say", value=0, drive=0, k=1, ms=5)


def test_undo_takes_the_word_out_of_the_dog(tmp_path):
    d = dog(tmp_path / "l.sqlite")
    walk(d, 2)
    told(d, type="say", value=1, drive=0, k=1, ms=400)
    H = d.H.copy()
    told(d, type="say", value=-1, drive=0, k=2, ms=400)
    assert (d.H != H).any()
    assert "bad" in told(d, type="undo")["text"] and (d.H == H).all() and len(d.scores) == 1
    told(d, type="undo")
    assert (d.H == 0).all() and "Nothing has been said" in told(d, type="undo")["text"]
    assert [e["event"] for e in d.store.events()] == ["feedback", "feedback", "undo", "undo"]


def test_thirty_good_or_bad_words_bring_the_dog_home_and_another_kernel_knows_them(tmp_path):
    d = dog(tmp_path / "l.sqlite", mode="simulated")
    d.simulate(knows_the_way, steps=80)
    assert d.scores[0] < 0.5 and d.scores[-1] == 1.0
    again = dog(tmp_path / "l.sqlite", mode="replay")
    again.replay(d.store.events())
    assert (again.H == d.H).all() and {e["kind"] for e in again.store.events(session=again.session)} == {"replay"}
    live = dog(tmp_path / "l.sqlite")
    assert not live.given  # simulated words do not pass for a person's
    walk(live, 1)
    told(live, type="say", value=1, drive=0, k=1, ms=400)
    after = dog(tmp_path / "l.sqlite")
    assert (after.H == live.H).all() and "1 words from before" in after.text


def test_a_word_that_cannot_be_saved_is_not_heard(tmp_path, monkeypatch):
    d = dog(tmp_path / "l.sqlite")
    walk(d, 1)

    def full(**row):
        raise StoreError("no space left")

    monkeypatch.setattr(d.store, "append", full)
    said = told(d, type="say", value=1, drive=0, k=1, ms=400)
    assert said["type"] == "sorry" and "no space left" in said["text"] and (d.H == 0).all() and not d.given


def test_where_nobody_is_asked_no_word_is_stored(tmp_path):
    d = dog(tmp_path / "l.sqlite", mode="simulated")
    d._receive({"type": "step", "drive": 0, "k": 0})
    assert "Nobody is asked" in told(d, type="say", value=1, drive=0, k=1, ms=400)["text"] and d.store.events() == []


def test_words_about_another_garden_are_left_out(tmp_path):
    first = dog(tmp_path / "l.sqlite")
    walk(first, 2)
    told(first, type="say", value=1, drive=0, k=2, ms=400)
    for other in (gridworld(3, 3, goals=((0, 2),), start=(2, 0), slip=0.0), gridworld(5, 6, goals=((0, 5),), pits=((3, 0), (4, 1)), start=(4, 0), slip=0.0)):
        made = TwoButtons(Grid(mdp=other, columns=3 if other.n_states == 9 else 6, horizon=40), LabelStore(tmp_path / "l.sqlite"), task="dog", mode="live")
        assert not made.given and "another garden" in made.text and (made.H == 0).all()
