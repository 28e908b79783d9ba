"""Where a person's answers are kept: an append-only list of events in SQLite.

Nothing is ever changed or deleted by labeling: undo is an event that names the event it takes back. What a person said, with
undone answers left out, is *derived* (:meth:`LabelStore.answers`). Every clip that was shown is kept beside the answers, so
that labels outlive the kernel that asked for them.

One ordinary file in rollback-journal mode with full synchronisation: an acknowledged label has reached the disk, and the
file may be copied, and may lie on a network home (which write-ahead logging does not allow).
"""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from .trajectories import Comparisons, Trajectory, compare

EVENTS = ("label", "tie", "skip", "correction", "undo")
KINDS = ("human", "simulated", "replay")

_meta = sa.MetaData()
EVENT = sa.Table(
    "event", _meta,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),  # UTC, ISO 8601
    sa.Column("task", sa.String, nullable=False),  # what is being taught, such as "00/drive"
    sa.Column("annotator", sa.String, nullable=False),  # an alias the person chose
    sa.Column("session", sa.String, nullable=False),  # one run of one labeler
    sa.Column("kind", sa.String, nullable=False),  # human, simulated or replay
    sa.Column("event", sa.String, nullable=False),  # one of EVENTS
    sa.Column("pair", sa.String, nullable=False),  # the question: two clip ids, or for a correction its drive and step
    sa.Column("first", sa.String, nullable=False),  # clip ids; the first alone for a correction
    sa.Column("second", sa.String, nullable=False),
    sa.Column("choice", sa.Float),  # 1 first, 0 second, 0.5 the same; null for the other events
    sa.Column("left", sa.String),  # which clip stood on the left: "first" or "second"
    sa.Column("response_ms", sa.Float),  # from the pair being drawn to the answer
    sa.Column("model_version", sa.Integer),  # how many labels the model had learned from when it was asked
    sa.Column("undoes", sa.Integer, sa.ForeignKey("event.seq")),
    sqlite_autoincrement=True,
)
CLIP = sa.Table(
    "clip", _meta,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("world", sa.String, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),  # an .npz of obs, acts, rews, states
)


class StoreError(RuntimeError):
    """The label file cannot be used; the message says why and what to do. Nothing was changed."""


def clip_id(clip: Trajectory) -> str:
    """A clip's name is its content: the same clip has the same id in every session."""
    digest = hashlib.sha256()
    for x in (clip.obs, clip.acts, clip.states):
        digest.update(b"" if x is None else np.ascontiguousarray(x).tobytes())
    return digest.hexdigest()[:16]


def _pack(clip: Trajectory) -> bytes:
    out = io.BytesIO()
    arrays = dict(obs=clip.obs, acts=clip.acts, rews=clip.rews, terminated=clip.terminated, truncated=clip.truncated)
    np.savez_compressed(out, **arrays, **({} if clip.states is None else {"states": clip.states}))
    return out.getvalue()


class LabelStore:
    """``LabelStore("labels.sqlite")`` opens or makes the file. Safe to use from several threads.

    Raises :class:`StoreError` if the file cannot be written or is not a label store; it is then left as it was.
    """

    def __init__(self, path: str | Path = "labels.sqlite"):
        self.path = Path(path).expanduser().resolve()
        self.engine = sa.create_engine(f"sqlite:///{self.path}", connect_args={"timeout": 30})
        try:
            with self.engine.connect() as db:  # look before changing anything: the file may be somebody else's
                there = sa.inspect(db).get_table_names()
                have = {c["name"] for c in sa.inspect(db).get_columns("event")} if "event" in there else None
            if (have is None and there) or (have is not None and set(EVENT.columns.keys()) - have):
                raise StoreError(f"{self.path} is a database of another kind (tables {sorted(there)}); it has been left untouched. "
                                 "Give the labels a file of their own")
            self.engine.dispose()
            sa.event.listen(self.engine, "connect", self._settings)
            with self.engine.begin() as db:
                _meta.create_all(db)
            with self.engine.connect() as db:
                db.exec_driver_sql("begin immediate")  # asks for the right to write, and changes nothing
                db.rollback()
        except sa.exc.DBAPIError as error:
            raise StoreError(self._explain(error)) from error

    @staticmethod
    def _settings(connection, _):
        connection.execute("pragma journal_mode = truncate")
        connection.execute("pragma synchronous = full")

    def _explain(self, error: Exception) -> str:
        text = str(error.orig if hasattr(error, "orig") else error)
        if "not a database" in text or "malformed" in text:
            return (f"{self.path} is damaged or is not a label file ({text}). It has been left untouched. Move it aside "
                    f"(mv '{self.path.name}' '{self.path.name}.damaged') and run this again to start a new one; "
                    "sqlite3's .recover command may save what is in the old one.")
        if "readonly" in text or "unable to open" in text:
            return (f"{self.path} cannot be written ({text}). Check that its folder exists and is yours, or choose another "
                    "path: LabelStore('~/labels.sqlite').")
        if "full" in text:
            return f"no space left for {self.path}: nothing more can be saved until there is room."
        return f"{self.path}: {text}"

    def append(self, *, event: str, task: str, annotator: str, session: str, kind: str, pair: str, first: str,
               second: str, **more) -> int:
        """Add one event and return its ``seq`` once it is on disk."""
        if event not in EVENTS or kind not in KINDS:
            raise ValueError(f"event must be one of {EVENTS} and kind one of {KINDS}, got {event!r} and {kind!r}")
        row = dict(at=datetime.now(UTC).isoformat(timespec="milliseconds"), event=event, task=task, annotator=annotator,
                   session=session, kind=kind, pair=pair, first=first, second=second, **more)
        try:
            with self.engine.begin() as db:
                return db.execute(EVENT.insert().values(row)).inserted_primary_key[0]
        except sa.exc.DBAPIError as error:
            raise StoreError(self._explain(error)) from error

    def keep(self, clips: list[Trajectory], world: str) -> list[str]:
        """Store clips that are not there yet; their ids."""
        ids = [clip_id(c) for c in clips]
        try:
            with self.engine.begin() as db:
                have = set(db.scalars(sa.select(CLIP.c.id).where(CLIP.c.id.in_(ids))))
                new = {i: c for i, c in zip(ids, clips) if i not in have}
                if new:
                    db.execute(CLIP.insert(), [dict(id=i, world=world, data=_pack(c)) for i, c in new.items()])
        except sa.exc.DBAPIError as error:
            raise StoreError(self._explain(error)) from error
        return ids

    def clip(self, id: str) -> Trajectory:
        with self.engine.connect() as db:
            data = db.scalar(sa.select(CLIP.c.data).where(CLIP.c.id == id))
        if data is None:
            raise KeyError(f"no clip {id} in {self.path}")
        arrays = dict(np.load(io.BytesIO(data)))
        return Trajectory(**arrays | {k: bool(arrays[k]) for k in ("terminated", "truncated") if k in arrays})  # older files lack the two

    def events(self, **where) -> list[dict]:
        """All events, oldest first; ``where`` filters by column, e.g. ``task="00/drive", kind="human"``."""
        query = sa.select(EVENT).order_by(EVENT.c.seq)
        for column, value in where.items():
            query = query.where(EVENT.c[column] == value)
        with self.engine.connect() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def standing(self, **where) -> list[dict]:
        """The last word of each annotator on each pair (a label, tie or skip that was not undone), oldest first.

        Said twice, as from two open windows, the later answer stands; an undo leaves none. ``where`` filters the result, so that
        it cannot bring an undone answer back.
        """
        last = {}
        for e in self.events():
            last.pop(key := (e["task"], e["annotator"], e["kind"], e["pair"]), None)
            if e["event"] != "undo":
                last[key] = e
        return [e for e in last.values() if all(e[column] == value for column, value in where.items())]

    def answers(self, **where) -> list[dict]:
        """The labels and ties that stand, oldest first: undone ones and skips are left out."""
        return [e for e in self.standing(**where) if e["event"] in ("label", "tie")]

    def corrections(self, **where) -> list[dict]:
        """The corrections that stand, oldest first, each with its piece of a drive as ``clip`` (states, and what the person did in them)
        and the name of the ``world`` it was driven in."""
        with self.engine.connect() as db:
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
