"""The tables of a label store, column by column. How an older store gets them stands in ``migrations/``."""

from __future__ import annotations

import sqlalchemy as sa

EVENTS = ("label", "tie", "skip", "rank", "feedback", "correction", "undo")
KINDS = ("human", "simulated", "replay")
LAYOUT = "v2"  # the newest of migrations/versions
STORED = ("alias, task, session and time; what was shown and on which side; the answer, and how long it took; what a model guessed, and "
          "how much it had learned by then")

META = sa.MetaData()
EVENT = sa.Table(
    "event", META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),  # UTC, ISO 8601
    sa.Column("task", sa.String, nullable=False),  # what is being taught, such as "00/drive"
    sa.Column("annotator", sa.String, nullable=False),  # an alias the person chose
    sa.Column("session", sa.String, nullable=False),  # one run of one widget
    sa.Column("kind", sa.String, nullable=False),  # human, simulated or replay
    sa.Column("event", sa.String, nullable=False),  # one of EVENTS
    sa.Column("pair", sa.String, nullable=False),  # the question: ids joined by "-", or for a correction or feedback its drive and step
    sa.Column("first", sa.String, nullable=False),  # ids of clips or texts; the first alone for a correction or feedback
    sa.Column("second", sa.String, nullable=False),
    sa.Column("choice", sa.Float),  # 1 first, 0 second, 0.5 the same; null for the other events
    sa.Column("left", sa.String),  # which stood on the left: "first" or "second"; for a rank the ids as they were laid out
    sa.Column("response_ms", sa.Float),  # from the question being drawn to the answer
    sa.Column("model_version", sa.Integer),  # how many labels the model had learned from when it was asked
    sa.Column("undoes", sa.Integer, sa.ForeignKey("event.seq")),
    sa.Column("ranking", sa.String),  # ids, best first, joined by "-"
    sa.Column("value", sa.Float),  # what was said as feedback: 1 good, −1 bad
    sa.Column("step", sa.Integer),  # the step that was on the screen then
    sa.Column("credits", sa.String),  # the share of it that fell to each step of the clip, joined by " "
    sa.Column("guess", sa.Float),  # P(first) as the model saw it before the answer
    sa.Column("uid", sa.String, nullable=False, unique=True),  # an event that is sent twice is stored once
    sa.Index("event_by_person", "task", "annotator", "kind"),
    sqlite_autoincrement=True,
)
CLIP = sa.Table(
    "clip", META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("world", sa.String, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),  # an .npz of obs, acts, rews, states
)
TEXT = sa.Table(
    "text", META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("prompt", sa.String, nullable=False),
    sa.Column("completion", sa.String, nullable=False),
)
PERSON = sa.Table(
    "person", META,
    sa.Column("alias", sa.String, primary_key=True),
    sa.Column("key", sa.String, nullable=False),  # SHA-256 of the secret by which the studio knows this person again
)
IDENTITY = ("task", "annotator", "kind", "pair")  # whose word on what: a later one replaces an earlier one
