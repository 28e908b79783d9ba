"""The label store: what was acknowledged is there, whatever happens, in SQLite and in PostgreSQL."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading

import numpy as np
import pytest
import sqlalchemy as sa

from course_lib.data import exchange
from course_lib.data.agreement import agreement, cohens, fleiss
from course_lib.data.items import Text, clip_id
from course_lib.data.layout import LAYOUT, META
from course_lib.data.migrations import settings
from course_lib.data.store import LabelStore, StoreError

from . import postgres
from .test_data import drives


@pytest.fixture(scope="module")
def base():
    if postgres.program("postgres") is None:
        pytest.skip("PostgreSQL is not installed here")
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """A place for labels that holds nothing yet."""
    if request.param == "sqlite":
        yield tmp_path / "l.sqlite"
        return
    url, name = request.getfixturevalue("base"), f"l{os.urandom(6).hex()}"
    admin = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        db.exec_driver_sql(f"create database {name}")
    yield url.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def store(where):
    made = LabelStore(where)
    yield made
    made.engine.dispose()


def event(**change):
    return dict(event="label", task="t", annotator="a", session="s", kind="human", pair="p0", first="x", second="y", choice=1.0) | change


def test_events_are_only_ever_added(store, where):
    a = store.append(**event())
    b = store.append(**event(pair="p1", event="tie", choice=0.5))
    store.append(**event(pair="p2", event="skip", choice=None))
    store.append(**event(event="undo", choice=None, undoes=a))
    assert [e["event"] for e in store.events()] == ["label", "tie", "skip", "undo"]
    assert [e["seq"] for e in store.answers()] == [b]
    assert LabelStore(where).answers() == store.answers()  # another day, the same place
    assert store.answers(task="other") == []
    with pytest.raises(ValueError, match="event must be one of"):
        store.append(**event(event="delete"))


def test_labels_come_back_with_their_clips_and_texts(store):
    a, b, c = drives().trajectories
    ids = store.keep([a, b, c], "Drive")
    assert ids == [clip_id(a), clip_id(b), clip_id(c)] and store.keep([a], "Drive") == ids[:1]
    assert store.comparisons() is None
    store.append(**event(first=ids[0], second=ids[1], choice=0.0))
    got = store.comparisons()
    np.testing.assert_array_equal(got.obs[0, 1], b.obs[:-1])
    assert got.choice.tolist() == [0.0]
    said = Text("What is a cat?", "Ein Tier. Ein “süßes” <b>Tier</b>.\n'; drop table event; --")
    assert store.clip(store.keep([said])[0]) == said and len(store.events()) == 1
    with pytest.raises(KeyError, match="no clip"):
        store.clip("nothing")


def test_an_event_that_is_sent_twice_is_stored_once(store):
    assert store.append(**event(uid="u1")) == store.append(**event(uid="u1")) and len(store.events()) == 1
    assert store.append(**event(uid="u2")) != store.append(**event()) and len({e["uid"] for e in store.events()}) == 3


def test_what_stands_is_the_last_word_and_no_filter_brings_back_what_was_undone(store):
    a = store.append(**event(session="one"))
    store.append(**event(session="two", choice=0.0))  # the same pair in a second window
    assert [e["choice"] for e in store.answers()] == [0.0]
    store.append(**event(session="three", event="undo", choice=None, undoes=a))
    assert store.answers() == store.answers(session="one") == store.answers(event="label") == []
    store.append(**event(annotator="another"))
    store.append(**event(kind="simulated"))
    assert len(store.answers()) == 2 and len(store.answers(kind="human")) == 1 == len(store.answers(annotator="another"))


def test_many_threads_lose_nothing_and_keep_each_clip_once(store, where):
    clip = drives(1).trajectories
    stores = [store, store, LabelStore(where), LabelStore(where)]

    def work(k):
        for i in range(10):
            stores[k].keep(clip, "Drive")
            stores[k].append(**event(pair=f"{k}-{i}"))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len({e["pair"] for e in store.events()}) == len(store.events()) == 40


def test_a_person_takes_their_labels_away_and_nobody_elses(store):
    a, b, c = ids = store.keep(drives().trajectories, "Drive")
    t = store.keep([Text("p", "mine")])
    first = store.append(**event(first=a, second=b))
    store.append(**event(event="undo", choice=None, undoes=first))
    store.append(**event(event="rank", pair="r", first="", ranking=f"{b}-{t[0]}"))
    store.append(**event(annotator="other", first=b, second=c))
    assert store.forget("a") == 3 and store.forget("nobody") == 0
    assert [e["annotator"] for e in store.events()] == ["other"]
    for id, there in zip([*ids, *t], (False, True, True, False)):
        try:
            store.clip(id)
            assert there
        except KeyError:
            assert not there


# ---- places where labels cannot be kept ---------------------------------------------------------------------------

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


def test_an_unwritable_place_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        LabelStore(tmp_path / "no" / "such" / "folder" / "l.sqlite")
    path = LabelStore(tmp_path / "l.sqlite").path
    store = LabelStore(path)
    store.engine.dispose()
    uri = f"file:{path}?mode=ro"
    store.engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False))
    with pytest.raises(StoreError, match="cannot be written"):
        store.append(**event())
    assert LabelStore(path).events() == []
    with pytest.raises(StoreError, match="does not answer"):
        LabelStore("postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(StoreError, match="in a file .* or in PostgreSQL"):
        LabelStore("mysql://me@host/base")


def test_a_password_is_not_shown(monkeypatch):
    with pytest.raises(StoreError) as error:
        LabelStore("postgresql://me:secret@127.0.0.1:9/nothing")
    assert "secret" not in str(error.value)


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


def test_a_server_that_restarts_costs_nothing(base, tmp_path):
    with postgres.server() as url:
        store = LabelStore(url)
        store.append(**event(pair="before"))
        with store.engine.connect() as db:  # what a restart does to every connection that is open
            other = sa.create_engine(store.engine.url, isolation_level="AUTOCOMMIT")
            with other.connect() as admin:
                admin.exec_driver_sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'")
            db.invalidate()
        store.append(**event(pair="after"))
        assert [e["pair"] for e in store.events()] == ["before", "after"]
        other.dispose(), store.engine.dispose()
    with pytest.raises(StoreError, match="does not answer"):
        store.append(**event(pair="gone"))


# ---- layouts --------------------------------------------------------------------------------------------------------

OLD = """create table event (seq integer not null primary key autoincrement, at varchar not null, task varchar not null, annotator varchar not null,
 session varchar not null, kind varchar not null, event varchar not null, pair varchar not null, first varchar not null, second varchar not null,
 choice float, "left" varchar, response_ms float, model_version integer, undoes integer references event (seq));
create table clip (id varchar not null primary key, world varchar not null, data blob not null);
insert into event (at, task, annotator, session, kind, event, pair, first, second, choice) values ('2026', 't', 'a', 's', 'human', 'label', 'x-y', 'x', 'y', 1.0);
insert into event (at, task, annotator, session, kind, event, pair, first, second, undoes) values ('2026', 't', 'a', 's', 'human', 'undo', 'x-y', 'x', 'y', 1);
insert into event (at, task, annotator, session, kind, event, pair, first, second, choice) values ('2026', 't', 'a', 's', 'human', 'tie', 'x-z', 'x', 'z', 0.5);"""


def test_a_file_of_the_first_notebook_is_brought_up_to_date(tmp_path):
    path = tmp_path / "l.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(OLD)
    shutil.copy(path, tmp_path / "copy.sqlite")
    store, copy = LabelStore(path), LabelStore(tmp_path / "copy.sqlite")
    assert [e["choice"] for e in store.answers()] == [0.5] and [e["undoes"] for e in store.events()] == [None, 1, None]
    assert store.append(**event(event="rank", pair="r", ranking="x-y-z")) == 4
    assert [e["uid"] for e in copy.events()] == [e["uid"] for e in store.events()][:3]  # so that the two can be put together again


def test_the_migrated_layout_is_the_one_in_the_code(store):
    """Column by column: what the steps make is what ``store.py`` declares."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with store.engine.connect() as db:
        found = compare_metadata(MigrationContext.configure(db), META)
    assert not [d for d in found if "alembic_version" not in str(d)], found
    assert ScriptDirectory.from_config(settings()).get_current_head() == LAYOUT


def test_a_store_from_the_future_is_left_alone(store, where):
    with store.engine.begin() as db:
        db.exec_driver_sql("update alembic_version set version_num = 'v99'")
    with pytest.raises(StoreError, match="newer version of the course"):
        LabelStore(where)


# ---- taking labels along -----------------------------------------------------------------------------------------------

@pytest.fixture
def full(store):
    a, b, c = store.keep(drives().trajectories, "Drive")
    t = store.keep([Text("Say <hello>", f"hello {i} “é”") for i in range(3)])
    first = store.append(**event(first=a, second=b, pair=f"{a}-{b}", left="second", response_ms=812.5, model_version=3, guess=0.25))
    store.append(**event(event="undo", choice=None, undoes=first, first=a, second=b, pair=f"{a}-{b}"))
    store.append(**event(first=b, second=c, pair=f"{b}-{c}", choice=0.0))
    store.append(**event(event="rank", task="texts", choice=None, first="", second="", pair="-".join(t), ranking="-".join([t[2], t[0], t[1]])))
    store.append(**event(event="feedback", task="dog", first=a, second="", pair="s/0/1", choice=None, value=-1.0, step=1))
    store.append(**event(annotator="other", task="texts", first=t[0], second=t[1], pair="-".join(t[:2])))
    return store


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_what_was_exported_comes_back_as_it_was(full, tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    assert exchange.export(full, path) == 6
    back = LabelStore(tmp_path / "back.sqlite")
    back.append(**event(pair="was here before"))  # so that the numbers differ
    assert exchange.load(back, path) == 6 and exchange.load(back, path) == 0  # twice is once
    same = lambda e: {k: v for k, v in e.items() if k not in ("seq", "undoes")}
    assert [same(e) for e in back.events()[1:]] == [same(e) for e in full.events()]
    assert back.events()[2]["undoes"] == back.events()[1]["seq"]
    for e in full.events():
        for id in filter(None, (e["first"], e["second"])):
            a, b = full.clip(id), back.clip(id)
            assert clip_id(a) == clip_id(b)
    with pytest.raises(FileExistsError, match="another name"):
        exchange.export(full, path)
    assert exchange.export(full, tmp_path / f"other.{suffix}", annotator="other") == 1


def test_what_was_said_later_stands_wherever_it_was_said(tmp_path, monkeypatch):
    """Monday's answer and its undo, on the laptop, are imported after Tuesday's on the desktop."""
    import course_lib.data.store as module

    def on(day):
        class Clock(module.datetime):
            @classmethod
            def now(cls, tz):
                return module.datetime(2026, 11, day, tzinfo=tz)

        monkeypatch.setattr(module, "datetime", Clock)

    original = module.datetime
    laptop, desktop = LabelStore(tmp_path / "laptop.sqlite"), LabelStore(tmp_path / "desktop.sqlite")
    first, second = map(clip_id, drives().trajectories[:2])
    said = dict(first=first, second=second, items=drives().trajectories[:2], world="Drive")
    on(16)
    seq = laptop.append(**event(choice=0.0, **said))
    laptop.append(**event(event="undo", choice=None, undoes=seq, first=first, second=second))
    monkeypatch.setattr(module, "datetime", original)
    on(17)
    desktop.append(**event(choice=1.0, **said))
    exchange.export(laptop, tmp_path / "laptop.jsonl")
    exchange.load(desktop, tmp_path / "laptop.jsonl")
    assert [e["choice"] for e in desktop.answers()] == [1.0] and len(desktop.events()) == 3


def test_an_alias_is_its_owners(store):
    assert store.claim("ann", "secret") and store.claim("ann", "secret") and not store.claim("ann", "guess")
    store.append(**event(annotator="me"))
    assert not store.claim("me", "x") and store.claim("me", "x", adopt=True) and not store.claim("me", "y", adopt=True)
    store.forget("me")
    assert store.claim("me", "y")  # nothing is left that could be anybody's


def test_a_broken_file_imports_nothing(full, tmp_path):
    path = tmp_path / "mine.jsonl"
    exchange.export(full, path)
    lines, back = path.read_text().splitlines(), LabelStore(tmp_path / "back.sqlite")
    for broken, message in ((lines[:-1] + [lines[-1][:40]], "JSONDecodeError"), (lines + ['{"record": "event", "task": "t"}'], "missing"),
                            (lines + ['{"record": "grade"}'], "record"), (lines + ["[1]"], "cannot be read"),
                            ([x.replace('"kind": "human"', '"kind": "angel"') for x in lines], "no such event or kind"),
                            ([x.replace("hello 1", "hello 7") for x in lines], "not what its id says"),
                            ([x for x in lines if '"choice": 1.0' not in x], "takes back an event that is not here"), ([lines[0].replace('"data": "', '"data": "AAAA')], "cannot be read")):
        path.write_text("\n".join(broken))
        with pytest.raises(StoreError, match=message + ".*nothing was imported|" + message):
            exchange.load(back, path)
        assert back.events() == []
    (tmp_path / "x.parquet").write_bytes(b"not parquet")
    with pytest.raises(StoreError, match="not a Parquet file"):
        exchange.load(back, tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="must end in"):
        exchange.export(full, tmp_path / "mine.csv")


def test_preferences_have_the_columns_of_trl_and_come_back(full, tmp_path):
    data = exchange.dataset(full, task="texts")
    assert {"prompt", "chosen", "rejected"} <= set(data.column_names) and len(data) == 4  # a ranking of three, and one label
    ranked = [(r["chosen"][:7], r["rejected"][:7]) for r in data if r["annotator"] == "a"]
    assert ranked == [("hello 2", "hello 0"), ("hello 2", "hello 1"), ("hello 0", "hello 1")] and data[0]["prompt"] == "Say <hello>"
    back = LabelStore(tmp_path / "back.sqlite")
    assert exchange.from_dataset(back, data, task="again", annotator="crowd") == 3  # hello 0 over hello 1 was said twice
    assert exchange.from_dataset(back, data, task="again", annotator="crowd") == 0
    said = lambda rows: {(r["prompt"], r["chosen"], r["rejected"]) for r in rows}
    assert said(exchange.dataset(back)) == said(data)
    clips = exchange.dataset(full, task="t")
    b, c = drives().trajectories[1:]
    assert len(clips) == 1  # and what was undone is not in it
    np.testing.assert_allclose(clips[0]["chosen"]["obs"], c.obs[:-1], rtol=1e-6)
    np.testing.assert_allclose(clips[0]["rejected"]["acts"], b.acts, rtol=1e-6)
    with pytest.raises(ValueError, match="choose one task"):
        exchange.dataset(full)
    with pytest.raises(ValueError, match="nobody has preferred"):
        exchange.dataset(full, task="nothing")
    with pytest.raises(ValueError, match="no column rejected"):
        exchange.from_dataset(back, data.remove_columns("rejected"), task="x", annotator="y")


# ---- agreement -----------------------------------------------------------------------------------------------------------

def test_kappa_is_that_of_the_papers():
    """Cohen's and Fleiss' κ from their formulas, on answers drawn at random."""
    rng = np.random.default_rng(0)
    table = rng.choice([0.0, 0.5, 1.0], (40, 3), p=[0.5, 0.1, 0.4])
    table[:, 1] = np.where(rng.random(40) < 0.6, table[:, 0], table[:, 1])
    a, b = table.T[:2]
    chance = sum(np.mean(a == x) * np.mean(b == x) for x in (0, 0.5, 1))
    assert abs(cohens(a, b) - (np.mean(a == b) - chance) / (1 - chance)) < 1e-12
    counts = np.stack([(table == x).sum(1) for x in (0, 0.5, 1)], 1)
    observed, chance = ((counts**2).sum(1) - 3).mean() / 6, ((counts.sum(0) / 120) ** 2).sum()
    assert abs(fleiss(table) - (observed - chance) / (1 - chance)) < 1e-12
    assert np.isnan(cohens(np.ones(4), np.ones(4))) and np.isnan(cohens(np.ones(0), np.ones(0))) and np.isnan(fleiss(np.ones((3, 2))))


def test_agreement_is_about_the_same_question_in_either_order(store):
    rng = np.random.default_rng(1)
    truth = rng.integers(2, size=20)
    for who, wrong in (("ann", 0), ("bea", 2), ("cid", 20), ("new", 0)):
        for i in range(20 if who != "new" else 3):
            first, second, choice = f"c{i}", f"d{i}", float(truth[i] != (i < wrong))
            if who == "bea":  # shown the other way round
                first, second, choice = second, first, 1 - choice
            store.append(**event(annotator=who, first=first, second=second, pair=f"{first}-{second}", choice=choice))
    found = agreement(store, "t")
    assert found.annotators == ("ann", "bea", "cid") and found.questions == 20  # who answered three is not counted yet
    assert found.cohen["ann", "bea"][1] == 20 and 0.75 < found.cohen["ann", "bea"][0] < 0.9 and found.cohen["ann", "cid"][0] < -0.9
    assert found.fleiss < 0.2 and np.isnan(agreement(store, "other").fleiss)
