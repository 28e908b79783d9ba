"""The studio's server: who gets in, whose labels are whose, and what happens when something is not there."""

import json
import subprocess
import sys
import threading
import time

import pytest

from course_lib.data.store import LabelStore
from course_lib.widgets import Live
from course_lib.widgets.studio import LESSONS, Lesson, with_texts
from course_lib.widgets.studio.lessons import read_texts

from .studio_server import Running
from .test_store import base, event, where  # noqa: F401 fixtures

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture
def running(tmp_path):
    made = Running(tmp_path, suggestion="", workers=1)
    yield made
    made.close()


def answer(line, side="left"):
    line.say(type="ready")
    now, _ = line.read("current")
    line.say(type="answer", pair=now["pair"], side=side, ms=700)
    after, _ = line.read("current")
    while after["done"] == now["done"]:
        after, _ = line.read("current")
    return now, after


def test_only_who_has_the_link_gets_in(running):
    stranger = running.visitor(token=False)
    for path in ("/", "/mine", "/agree", "/teach/clips", "/mine.jsonl", "/alive", "/widget/pair_labeler.js"):
        code, page = stranger.get(path)
        assert code == 403 and "course label" in page and running.studio.token not in page, path
    assert stranger.get("/?token=wrong")[0] == 403
    with pytest.raises(Exception, match="403"):
        stranger.open("clips")
    known = running.visitor()
    assert known.get("/")[0] == 200 and known.get("/mine.jsonl")[1].count("Welcome")  # but not before there is an alias
    with pytest.raises(Exception, match="403"):
        known.open("clips")
    ann = running.visitor("ann")
    assert ann.get("/mine")[0] == 200 and "default-src 'self'" in ann.headers["Content-Security-Policy"] and ann.get("/nowhere")[0] == 404
    with pytest.raises(Exception, match="403"):
        ann.open("clips", Origin="http://elsewhere.example")
    assert ann.post("/mine", xsrf=False, sure="ann")[0] == 403  # a form on another site cannot delete


def test_what_is_stored_is_said_before_an_alias_is_chosen(running):
    page = running.visitor().get("/")[1]
    for word in ("alias", "time", "how long it took", "labels.sqlite", "delete"):
        assert word in page


def test_an_alias_belongs_to_whoever_chose_it(running):
    ann = running.visitor("ann")
    assert "What would you like" in ann.said
    thief = running.visitor("ann")
    assert "Somebody has labelled as" in thief.said and thief.get("/mine.jsonl")[1].count("Welcome")
    for bad in ("", "a" * 41, "<script>", "../etc", "-x"):
        assert "An alias has 1 to 40" in running.visitor(bad).said, bad
    key = next(c.value for c in ann.jar if c.name == "secret")
    assert "What would you like" in running.visitor("ann", key=key).said  # herself, in another browser
    assert "Somebody has" in running.visitor("ann", key=key + "x").said


def test_labels_of_a_notebook_are_not_for_whoever_comes_first(tmp_path):
    store = LabelStore(tmp_path / "labels.sqlite")
    store.append(**event(annotator="me"))
    made = Running(tmp_path, store=store)
    assert "Somebody has labelled" in made.visitor("me").said
    made.close()
    made = Running(tmp_path, store=store, suggestion="me")  # course label --alias me
    other = made.visitor("me")  # has the link that others have
    assert 'value="me"' not in made.visitor().get("/")[1] and "Somebody has labelled" in other.said
    me = made.visitor()
    me.get(made.studio.home.removeprefix(made.url))
    assert 'value="me"' in me.get("/")[1]
    me.said = me.post("/", alias="me", key="")[1]
    assert "What would you like" in me.said and me.get("/mine.jsonl")[1].count('"record": "event"') == 1
    made.close()


def test_answers_reach_the_store_and_their_owner_alone(running):
    ann, bob = running.visitor("ann"), running.visitor("bob")
    line = ann.open("clips")
    assert [w["module"] for w in line.first["widgets"]] == ["pair_labeler"] and "ann" in line.first["widgets"][0]["state"]["stored"]
    now, after = answer(line)
    assert after["done"] == 1
    line.say(type="need", clip=now["shown"][0])
    content, (data,) = line.read("clip")
    assert len(data) == 4 * content["shape"][0] * content["shape"][1]
    (e,) = running.store.events()
    assert (e["annotator"], e["kind"], e["event"], e["response_ms"]) == ("ann", "human", "label", 700)
    exported = [json.loads(x) for x in ann.get("/mine.jsonl")[1].splitlines()]
    assert [x["record"] for x in exported] == ["clip", "clip", "event"] and bob.get("/mine.jsonl")[1] == ""
    assert "left one" in ann.get("/mine")[1] and "not said anything" in bob.get("/mine")[1]
    assert bob.post("/mine", sure="ann")[0] == 400 and len(running.store.events()) == 1
    code, page = ann.post("/mine", sure="ann")
    assert code == 200 and "1 events" in page and running.store.events() == [] and ann.get("/alive")[0] == 401


def test_two_pages_of_one_person_stay_together_and_two_people_apart(running):
    ann, bob = running.visitor("ann"), running.visitor("bob")
    one, two, other = ann.open("texts"), ann.open("texts"), bob.open("texts")
    other.say(type="ready")
    theirs, _ = other.read("current")
    _, after = answer(one)
    while two.read("current")[0]["done"] < 1:  # what the one page did is told to the other
        pass
    assert after["done"] == 1 and theirs["done"] == 0
    other.say(type="ready")
    assert other.read("current")[0]["done"] == 0
    one.say(type="answer", pair="of another page", side="left")
    one.say(type="nonsense")
    one.say(_widget=7, type="ready")
    assert answer(one)[1]["done"] == 2  # and the line still works


def test_a_message_from_a_page_cannot_be_stored_as_anything_else(running):
    line = running.visitor("ann").open("clips")
    line.say(type="ready")
    now, _ = line.read("current")
    line.say(type="answer", pair=now["pair"], side="left", ms=1, annotator="bob", kind="simulated", task="x")
    line.read("current")
    (e,) = running.store.events()
    assert (e["annotator"], e["kind"], e["task"]) == ("ann", "human", "studio/clips")


def test_deleting_takes_the_agents_along_and_leaves_other_peoples(running):
    ann, bob = running.visitor("ann"), running.visitor("bob")
    for v in (ann, bob):
        answer(v.open("clips"))
        home = Live.home(running.studio.folder, "ann" if v is ann else "bob", running.store)
        home.mkdir(parents=True)
        (home / "agent.pt").write_bytes(b"x")
    assert "1 files of agents" in ann.post("/mine", sure="ann")[1]
    assert [e["annotator"] for e in running.store.events()] == ["bob"] and len(list(running.studio.folder.rglob("*.pt"))) == 1


def test_no_more_workers_than_the_machine_has_cores_for(running):
    ann, bob = running.visitor("ann"), running.visitor("bob")
    line = ann.open("pendulum")
    assert [w["module"] for w in line.first["widgets"]] == ["pair_labeler", "watch"]
    assert "being trained here already" in bob.open("pendulum").first["sorry"]
    line.close()
    time.sleep(0.5)
    again = bob.open("pendulum")  # nobody looks at ann's any more
    assert "widgets" in again.first and ("ann", "pendulum") not in running.studio.rooms


def test_a_lesson_that_cannot_begin_says_why(tmp_path):
    def broken(store, folder, **who):
        raise RuntimeError("no such robot")

    made = Running(tmp_path, lessons=[Lesson("broken", "Broken", "x", "1 minute", broken)])
    ann = made.visitor("ann")
    assert "no such robot" in ann.open("broken").first["sorry"] and ann.get("/teach/other")[0] == 404
    made.close()


def test_a_studio_that_starts_again_knows_its_people(tmp_path):
    first = Running(tmp_path)
    ann = first.visitor("ann")
    answer(ann.open("clips"))
    first.close()
    second = Running(tmp_path)
    cookies = {c.name: c.value for c in ann.jar}
    again = second.visitor()
    for c in ann.jar:
        if c.name in ("alias", "secret"):
            again.jar.set_cookie(c)
    assert "answered 1" in again.get("/")[1] and cookies["alias"] == "ann"
    line = again.open("clips")
    line.say(type="ready")
    assert line.read("current")[0]["done"] == 1  # and where they were
    second.close()


def test_a_class_on_one_store_sees_whether_it_agrees(tmp_path, where):  # noqa: F811
    made = Running(tmp_path, store=LabelStore(where))
    for alias, habit in (("ann", "left"), ("bob", "left"), ("cid", "right")):
        line = made.visitor(alias).open("clips")
        room = made.studio.rooms[alias, "clips"].widgets[0]
        for i in range(6):  # by content, not by side: the sides are drawn for each
            first_left = room.order[i][0] == room.ids[i].split("-")[0]
            likes = ("left" if (i % 2 == 0) == first_left else "right") if habit == "left" else ("right" if (i % 2 == 0) == first_left else "left")
            answer(line, likes)
    page = made.visitor("dan").get("/agree")[1]
    assert "of 3 people on 6 questions" in page and "<td>1.00 (6)" in page and "<td>-1.00 (6)" in page
    made.close()


def test_texts_of_ones_own(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "p", "completions": ["a\\u2028b", "c", "c"]}\n')
    assert [[t.completion for t in g] for g in read_texts(path)] == [["a\u2028b", "c"]]
    assert [x.task for x in with_texts(path) if x.name == "texts"] == ["studio/texts/mine"] and len(with_texts(path)) == len(LESSONS)
    for bad in ('{"prompt": "p"}', "not json", '{"prompt": "p", "completions": ["a", "a"]}', '{"prompt": 1, "completions": ["a", "b"]}',
                '{"prompt": "p", "completions": "abc"}'):
        path.write_text('{"prompt": "p", "completions": ["a", "b"]}\n' + bad)
        with pytest.raises(ValueError, match="line 2 of"):
            read_texts(path)


def test_a_hundred_annotators_at_once_on_postgresql(base):  # noqa: F811
    """Nothing lost, nothing twice. (``benchmarks/studio.py`` has the times.)"""
    store, begin = LabelStore(base), threading.Barrier(100)

    def work(who):
        own = LabelStore(base)
        begin.wait()
        for i in range(5):
            own.append(**event(task="hundred", annotator=f"a{who}", pair=f"p{i}", uid=f"hundred/{who}/{i}"))
        own.append(**event(task="hundred", annotator=f"a{who}", pair="p4", uid=f"hundred/{who}/4"))  # sent again
        own.engine.dispose()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(100)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    said = [(e["annotator"], e["pair"]) for e in store.events(task="hundred")]
    assert len(said) == 500 == len(set(said))


# ---- the commands ------------------------------------------------------------------------------------------------------

def labels(*arguments):
    from typer.testing import CliRunner

    from course_lib.cli import app

    done = CliRunner().invoke(app, ["labels", *map(str, arguments)], input="y\n")
    return done.exit_code, done.output


def test_course_labels_shows_exports_imports_and_deletes(tmp_path):
    path = tmp_path / "labels.sqlite"
    store = LabelStore(path)
    for who in ("ann", "ann", "bob"):
        store.append(**event(annotator=who))
    code, said = labels(path, "--json")
    assert code == 0 and [(r["annotator"], r["events"]) for r in json.loads(said)] == [("ann", 2), ("bob", 1)]
    assert "2 events written to" in labels(path, "--annotator", "ann", "--export", tmp_path / "ann.jsonl")[1]
    assert "2 new events" in labels(tmp_path / "new.sqlite", "--import", tmp_path / "ann.jsonl")[1]
    code, said = labels(path, "--annotator", "ann", "--delete")
    assert code == 0 and "for good?" in said and "2 events deleted" in said and [e["annotator"] for e in store.events()] == ["bob"]


def test_course_labels_says_what_is_wrong(tmp_path):
    (tmp_path / "other.sqlite").write_bytes(b"not labels" * 300)
    for arguments, words in (((tmp_path / "none.sqlite",), "nobody has labelled"), ((tmp_path / "other.sqlite",), "left untouched"),
                             (("postgresql://nobody@127.0.0.1:9/x",), "does not answer")):
        code, said = labels(*arguments)
        assert code == 1 and words in said.replace("\n", " "), said
    LabelStore(tmp_path / "l.sqlite")
    assert "whose labels" in labels(tmp_path / "l.sqlite", "--delete")[1]
    assert "must end in .jsonl or .parquet" in labels(tmp_path / "l.sqlite", "--export", tmp_path / "x.csv")[1]


def test_a_port_that_is_taken_is_named(running, tmp_path):
    command = [sys.executable, "-m", "course_lib.cli", "label", "--labels", tmp_path / "m.sqlite", "--port", str(running.studio.port), "--no-browser"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "--port 0 takes any that is free" in done.stderr.replace("\n", " ")
