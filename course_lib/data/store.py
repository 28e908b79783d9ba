"""Where people's answers are kept: an append-only list of events, in SQLite or PostgreSQL.

Labeling never changes or deletes anything: undo is an event that names the event it takes back. What a person said, with
undone answers left out, is *derived* (:meth:`LabelStore.standing`). Everything that was shown, clip or text, is kept beside the answers,
so that labels outlive the kernel that asked for them. Only the person who gave them may have them deleted (:meth:`LabelStore.forget`).

By default one ordinary file in rollback-journal mode with full synchronisation: an acknowledged label has reached the disk, and the
file may be copied, and may lie on a network home (which write-ahead logging does not allow). A class that labels together gives the URL
of one PostgreSQL database. Older layouts are brought up to date when they are opened (``migrations/``).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from .items import Text, clip_id, pack, unpack
from .layout import CLIP, EVENT, EVENTS, IDENTITY, KINDS, LAYOUT, PERSON, TEXT
from .trajectories import Comparisons, Trajectory, compare


class StoreError(RuntimeError):
    """The labels cannot be read or written; the message says why and what to do. Nothing was changed."""


class LabelStore:
    """``LabelStore("labels.sqlite")`` opens or makes the file; ``LabelStore("postgresql://user@host/base")`` the tables of that database.
    Safe to use from several threads. ``name``: the path or URL, without its password.

    Raises :class:`StoreError` if it cannot be written or is not a label store; it is then left as it was.
    """

    def __init__(self, where: str | Path = "labels.sqlite"):
        self.where = str(where) if "://" in str(where) else str(Path(where).expanduser().resolve())  # for another process to open
        if "://" in self.where:
            url = sa.make_url(self.where)
            self.path, self.name = None, url.render_as_string(hide_password=True)
            url = url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url
            if not url.drivername.startswith("postgresql"):
                raise StoreError(f"{self.name}: labels are kept in a file (SQLite) or in PostgreSQL (postgresql://user@host/database)")
            self.engine = sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        else:
            self.path = Path(self.where)
            self.name = str(self.path)
            self.engine = sa.create_engine(f"sqlite:///{self.path}", connect_args={"timeout": 30})
        try:
            there, have, layout = self._look()  # before changing anything: the file or database may be somebody else's
            ours = have is not None and {"seq", "pair", "choice", "undoes"} <= have
            if not ours and (have is not None or (there and self.path)):
                raise StoreError(f"{self.name} is a database of another kind (tables {sorted(there)}); it has been left untouched. "
                                 "Give the labels a file of their own")
            self.engine.dispose()
            if self.path:
                sa.event.listen(self.engine, "connect", self._settings)
            if layout != LAYOUT:
                from .migrations import upgrade

                upgrade(self.engine)
            if self.path:
                with self.engine.connect() as db:
                    db.exec_driver_sql("begin immediate")  # asks for the right to write, and changes nothing
                    db.rollback()
        except sa.exc.DBAPIError as error:
            raise StoreError(self._explain(error)) from error
        except LookupError as error:
            raise StoreError(f"{self.name}: {error}") from error

    def _look(self) -> tuple[list[str], set[str] | None, str | None]:
        """The tables, the columns of ``event`` if there is one, and the layout that its last writer left."""
        with self.engine.connect() as db:
            inspector = sa.inspect(db)
            there = inspector.get_table_names()
            have = {c["name"] for c in inspector.get_columns("event")} if "event" in there else None
            layout = db.exec_driver_sql("select version_num from alembic_version").scalar() if "alembic_version" in there else None
        return there, have, layout

    @staticmethod
    def _settings(connection, _):
        connection.execute("pragma journal_mode = truncate")
        connection.execute("pragma synchronous = full")

    @contextmanager
    def _explained(self):
        """The database's errors as a :class:`StoreError` that says what to do."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise StoreError(self._explain(error)) from error

    def _explain(self, error: Exception) -> str:
        text = str(error.orig if hasattr(error, "orig") else error).strip()
        if self.path is None:
            return f"{self.name} does not answer, or refuses ({text}). Check the URL, and that the server runs and lets you in."
        if "not a database" in text or "malformed" in text:
            return (f"{self.name} is damaged or is not a label file ({text}). It has been left untouched. Move it aside "
                    f"(mv '{self.path.name}' '{self.path.name}.damaged') and run this again to start a new one; "
                    "sqlite3's .recover command may save what is in the old one.")
        if "readonly" in text or "unable to open" in text:
            return (f"{self.name} cannot be written ({text}). Check that its folder exists and is yours, or choose another "
                    "path: LabelStore('~/labels.sqlite').")
        if "full" in text or "disk I/O" in text:
            return f"no space left for {self.name}, or the disk fails ({text}): nothing more can be saved until that is mended."
        if "locked" in text:
            return f"{self.name} is held by another program, perhaps a long import: wait for it to end, or stop it, and try again."
        return f"{self.name}: {text}"

    # ---- writing -------------------------------------------------------------------------------------------------

    def append(self, *, event: str, task: str, annotator: str, session: str, kind: str, pair: str, first: str, second: str = "",
               uid: str | None = None, items: Sequence[Trajectory | Text] = (), world: str = "", **more) -> int:
        """Add one event, with the ``items`` it is about (clips of ``world``, or texts), both or neither, and return its ``seq`` once it
        is on disk. Sent again with the same ``uid``, it is not stored again."""
        if event not in EVENTS or kind not in KINDS:
            raise ValueError(f"event must be one of {EVENTS} and kind one of {KINDS}, got {event!r} and {kind!r}")
        row = dict(at=datetime.now(UTC).isoformat(timespec="milliseconds"), event=event, task=task, annotator=annotator,
                   session=session, kind=kind, pair=pair, first=first, second=second, uid=uid or uuid.uuid4().hex, **more)

        def add():
            with self.engine.begin() as db:
                self._add_items(db, items, world)
                return db.execute(EVENT.insert().values(row)).inserted_primary_key[0]

        with self._explained():
            try:
                try:
                    return add()
                except sa.exc.DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
                    return add()  # the server went away while it was told: perhaps it had stored this, perhaps not
            except sa.exc.IntegrityError:
                with self.engine.connect() as db:
                    seq = db.scalar(sa.select(EVENT.c.seq).where(EVENT.c.uid == row["uid"]))
                if seq is None:
                    raise
                return seq

    def keep(self, items: Sequence[Trajectory | Text], world: str = "") -> list[str]:
        """Store the clips (of ``world``) or texts that are not there yet; the ids of all."""
        with self._explained(), self.engine.begin() as db:
            return self._add_items(db, items, world)

    def _add_items(self, db, items: Sequence[Trajectory | Text], world: str) -> list[str]:
        ids = [clip_id(x) for x in items]
        named = dict(sorted(zip(ids, items), key=lambda pair: pair[0]))  # in one order, or two writers might wait for each other
        self._add_new(db, CLIP, [dict(id=i, world=world, data=pack(x)) for i, x in named.items() if isinstance(x, Trajectory)])
        self._add_new(db, TEXT, [dict(id=i, prompt=x.prompt, completion=x.completion) for i, x in named.items() if isinstance(x, Text)])
        return ids

    def _add_new(self, db, table: sa.Table, rows: list[dict]) -> int:
        """Insert those rows whose key is not there yet, also if somebody else is inserting the same; how many were new."""
        from sqlalchemy.dialects import postgresql, sqlite

        insert = (sqlite if self.path else postgresql).insert(table).on_conflict_do_nothing()
        return sum(db.execute(insert, row).rowcount for row in rows)

    def claim(self, alias: str, secret: str, adopt: bool = False) -> bool:
        """Is this alias free, or this person's already? ``secret`` is a long random string that their browser keeps. An alias under which
        somebody has labelled elsewhere, as in a notebook, is free only for whoever may ``adopt`` it."""
        key = hashlib.sha256(secret.encode()).hexdigest()
        with self._explained(), self.engine.begin() as db:
            known = db.scalar(sa.select(PERSON.c.key).where(PERSON.c.alias == alias))
            if known is None:
                if not adopt and db.scalar(sa.select(EVENT.c.seq).where(EVENT.c.annotator == alias).limit(1)) is not None:
                    return False
                self._add_new(db, PERSON, [dict(alias=alias, key=key)])
                known = db.scalar(sa.select(PERSON.c.key).where(PERSON.c.alias == alias))
            return known == key

    def forget(self, annotator: str) -> int:
        """Delete every event of this annotator, and what was shown to nobody else; how many events there were. It cannot be undone.

        Models that have learned from them are not changed: delete those as well, or let them learn again.
        """
        with self._explained(), self.engine.begin() as db:
            if self.path is None:  # or somebody else's answer might come in about a clip that is being deleted
                db.exec_driver_sql("lock table event in share row exclusive mode")
            mine = db.execute(sa.select(EVENT.c.first, EVENT.c.second, EVENT.c.ranking).where(EVENT.c.annotator == annotator)).all()
            db.execute(EVENT.update().where(EVENT.c.annotator == annotator).values(undoes=None))
            gone = db.execute(EVENT.delete().where(EVENT.c.annotator == annotator)).rowcount
            db.execute(PERSON.delete().where(PERSON.c.alias == annotator))
            shown = lambda rows: {i for f, s, r in rows for i in (f, s, *(r or "").split("-")) if i}
            unseen = shown(mine) - shown(db.execute(sa.select(EVENT.c.first, EVENT.c.second, EVENT.c.ranking)))
            for table in (CLIP, TEXT):
                for some in np.array_split(sorted(unseen), len(unseen) // 500 + 1):
                    db.execute(table.delete().where(table.c.id.in_(some.tolist())))
        return gone

    # ---- reading -------------------------------------------------------------------------------------------------

    def clip(self, id: str) -> Trajectory | Text:
        """The clip or text of this id. ``KeyError`` if there is none."""
        with self._explained(), self.engine.connect() as db:
            data = db.scalar(sa.select(CLIP.c.data).where(CLIP.c.id == id))
            if data is not None:
                return unpack(data)
            text = db.execute(sa.select(TEXT.c.prompt, TEXT.c.completion).where(TEXT.c.id == id)).one_or_none()
        if text is None:
            raise KeyError(f"no clip {id} in {self.name}")
        return Text(*text)

    def events(self, **where) -> list[dict]:
        """All events, oldest first; ``where`` filters by column, e.g. ``task="00/drive", kind="human"``."""
        query = sa.select(EVENT).order_by(EVENT.c.seq)
        for column, value in where.items():
            query = query.where(EVENT.c[column] == value)
        with self._explained(), self.engine.connect() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def last(self, **where) -> int:
        """The ``seq`` of the newest event that fits, 0 if there is none: has anything been said since?"""
        query = sa.select(sa.func.max(EVENT.c.seq)).where(*(EVENT.c[column] == value for column, value in where.items()))
        with self._explained(), self.engine.connect() as db:
            return db.scalar(query) or 0

    def standing(self, **where) -> list[dict]:
        """The last word of each annotator on each question (one that was not undone), oldest first.

        Said twice, as from two open windows, the later answer stands; an undo leaves none. ``where`` filters the result, so that
        it cannot bring an undone answer back.
        """
        last = {}
        said = self.events(**{column: where[column] for column in IDENTITY if column in where})
        for e in sorted(said, key=lambda e: (e["at"], e["seq"])):  # by the clock: events that were imported have later numbers
            last.pop(key := tuple(e[column] for column in IDENTITY), None)
            if e["event"] != "undo":
                last[key] = e
        return [e for e in last.values() if all(e[column] == value for column, value in where.items())]

    def answers(self, **where) -> list[dict]:
        """The labels and ties that stand, oldest first: undone ones and skips are left out."""
        return [e for e in self.standing(**where) if e["event"] in ("label", "tie")]

    def corrections(self, **where) -> list[dict]:
        """The corrections that stand, oldest first, each with its piece of a drive as ``clip`` (states, and what the person did in them)
        and the name of the ``world`` it was driven in."""
        with self._explained(), self.engine.connect() as db:
            world = dict(db.execute(sa.select(CLIP.c.id, CLIP.c.world)).all())
        rows = [e for e in self.standing(**where) if e["event"] == "correction"]
        return [e | {"clip": self.clip(e["first"]), "world": world[e["first"]]} for e in rows]

    def comparisons(self, **where) -> Comparisons | None:
        """The standing answers with their clips, ready for ``fit``; None if there are none yet."""
        rows = self.answers(**where)
        if not rows:
            return None
        return compare([self.clip(r["first"]) for r in rows], [self.clip(r["second"]) for r in rows],
                       [r["choice"] for r in rows])
