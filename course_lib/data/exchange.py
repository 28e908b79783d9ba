"""Taking labels along: JSONL and Parquet hold a whole store, or one person's share of it; Hugging Face ``datasets`` holds preferences.

JSONL and Parquet come back exactly as they were, into SQLite or PostgreSQL: each event has a ``uid`` of its own, so that importing a file
twice, or two files that overlap, stores nothing twice. One record a line: ``{"record": "event" | "clip" | "text", ...}``; clips are
compressed NumPy archives, in JSONL as base64. A preference dataset has TRL's columns ``prompt, chosen, rejected``; where clips were
compared, chosen and rejected are what the agent saw and did in them.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from .items import Text, clip_id, unpack
from .layout import CLIP, EVENT, EVENTS, KINDS, TEXT
from .store import LabelStore, StoreError

TABLES = {"clip": CLIP, "text": TEXT, "event": EVENT}


def records(store: LabelStore, **where) -> Iterator[dict]:
    """Every event that fits ``where`` (oldest first), after the clips and texts that these events are about."""
    events = store.events(**where)
    uid = {e["seq"]: e["uid"] for e in events}
    ids = sorted({i for e in events for i in (e["first"], e["second"], *(e["ranking"] or "").split("-")) if i})
    with store._explained(), store.engine.connect() as db:
        for name, table in (("clip", CLIP), ("text", TEXT)):
            for some in np.array_split(ids, len(ids) // 500 + 1):
                for row in db.execute(sa.select(table).where(table.c.id.in_(some.tolist()))).mappings():
                    yield {"record": name, **row}
    for e in events:
        yield {"record": "event", **e, "undoes": uid.get(e["undoes"])}


def export(store: LabelStore, path: str | Path, **where) -> int:
    """Write a new ``.jsonl`` or ``.parquet`` file (chosen by its ending); the number of events in it. ``FileExistsError``: nothing is
    overwritten."""
    path = Path(path)
    if path.suffix not in (".jsonl", ".parquet"):
        raise ValueError(f"{path.name} must end in .jsonl or .parquet")
    if path.exists():
        raise FileExistsError(f"{path} is there already: choose another name")
    rows, part = list(records(store, **where)), path.with_name(path.name + ".part")
    try:
        if path.suffix == ".jsonl":
            with part.open("w", encoding="utf8") as out:
                for row in rows:
                    out.write(line(row) + "\n")
        else:
            import pyarrow as pa
            from pyarrow import parquet

            kinds = {sa.Integer: pa.int64(), sa.Float: pa.float64(), sa.LargeBinary: pa.binary()}
            columns = {c.name: kinds.get(type(c.type), pa.string()) for table in TABLES.values() for c in table.columns}
            schema = pa.schema([("record", pa.string()), *(columns | {"undoes": pa.string()}).items()])
            parquet.write_table(pa.Table.from_pylist(rows, schema), part, compression="zstd")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return sum(row["record"] == "event" for row in rows)


def line(row: dict) -> str:
    """One record as a line of JSON, without the columns that are empty."""
    return json.dumps({k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in row.items() if v is not None})


def load(store: LabelStore, path: str | Path) -> int:
    """Take the records of a file that :func:`export` wrote into ``store``: all, or none if one is broken (``StoreError`` names it).
    The number of events that were new."""
    path, new = Path(path), 0
    with store._explained(), store.engine.begin() as db:
        for number, row in enumerate(_read(path), 1):
            try:
                table, values = _checked(row, db)
            except sa.exc.DBAPIError:
                raise
            except Exception as error:  # whatever a line that somebody else wrote may hold
                raise StoreError(
                    f"record {number} of {path.name} cannot be read ({type(error).__name__}: {error}): "
                    "nothing was imported. Was the file cut off, or written by something else?"
                ) from error
            new += store._add_new(db, table, [values]) * (table is EVENT)
    return new


def _read(path: Path) -> Iterator[dict | str]:
    if path.suffix == ".parquet":
        from pyarrow import ArrowInvalid, parquet

        try:
            yield from parquet.read_table(path).to_pylist()
        except ArrowInvalid as error:
            raise StoreError(f"{path.name} is not a Parquet file ({error}): nothing was imported") from error
    else:
        with path.open(encoding="utf8") as lines:
            yield from lines


def _checked(row: dict | str, db) -> tuple[sa.Table, dict]:
    """The table that a record belongs to, and its values; an undo finds the event it takes back by its uid."""
    row = json.loads(row) if isinstance(row, str) else row
    table = TABLES[row["record"]]
    values = {k: v for k, v in row.items() if k in table.columns and k != "seq" and v is not None}
    if missing := [c.name for c in table.columns if not c.nullable and c.name not in values and c.name != "seq"]:
        raise ValueError(f"{', '.join(missing)} missing")
    if table is EVENT:
        if values["event"] not in EVENTS or values["kind"] not in KINDS:
            raise ValueError(f"no such event or kind: {values['event']!r}, {values['kind']!r}")
        if "undoes" in values:
            undone = db.scalar(sa.select(EVENT.c.seq).where(EVENT.c.uid == values["undoes"]))
            if undone is None:
                raise ValueError("it takes back an event that is not here")
            values["undoes"] = undone
    else:
        if isinstance(values.get("data"), str):
            values["data"] = base64.b64decode(values["data"], validate=True)
        item = unpack(values["data"]) if table is CLIP else Text(values["prompt"], values["completion"])
        if clip_id(item) != values["id"]:
            raise ValueError("it is not what its id says")
    return table, values


# ---- preferences ------------------------------------------------------------------------------------------------------


def preferences(store: LabelStore, **where) -> list[dict]:
    """What was preferred to what: ``prompt``, ``chosen``, ``rejected``, ``annotator``, ``kind``, ``question``. Ties and skips say nothing
    here. A ranking gives every comparison it holds, all with the same ``question``."""
    item, rows = {}, []
    for e in store.standing(**where):
        if e["event"] == "label":
            pairs = [(e["first"], e["second"]) if e["choice"] == 1 else (e["second"], e["first"])]
        else:
            pairs = list(combinations(e["ranking"].split("-"), 2)) if e["event"] == "rank" else []
        for pair in pairs:
            item |= {i: store.clip(i) for i in pair if i not in item}
            better, worse = (item[i] for i in pair)
            said = dict(annotator=e["annotator"], kind=e["kind"], question=e["pair"])
            if isinstance(better, Text):
                rows.append(dict(prompt=better.prompt, chosen=better.completion, rejected=worse.completion) | said)
            else:
                rows.append(dict(prompt="", chosen=_seen(better), rejected=_seen(worse)) | said)
    return rows


def _seen(clip) -> dict:
    return dict(obs=clip.obs[:-1].tolist(), acts=clip.acts.tolist())


def dataset(store: LabelStore, **where):
    """:func:`preferences` as a Hugging Face ``datasets.Dataset``. ``ValueError`` if there are none, or texts among clips."""
    from datasets import Dataset

    rows = preferences(store, **where)
    if not rows:
        raise ValueError("nobody has preferred anything to anything yet, so there is no dataset to make")
    if len({isinstance(r["chosen"], str) for r in rows}) > 1:
        raise ValueError("these labels are about texts and about clips: choose one task, as in dataset(store, task='06/pendulum')")
    return Dataset.from_list(rows)


def from_dataset(store: LabelStore, data, *, task: str, annotator: str, kind: str = "human") -> int:
    """Store a preference dataset with TRL's columns, as texts and labels of this annotator; the number of labels that were new.
    ``ValueError`` if a column is missing or holds conversations (apply your chat template first)."""
    if missing := {"prompt", "chosen", "rejected"} - set(data.column_names):
        raise ValueError(f"this dataset has no column {', '.join(sorted(missing))}, only {', '.join(data.column_names)}")
    new = len(store.events(task=task, annotator=annotator))
    for i, row in enumerate(data):
        if not all(isinstance(row[k], str) for k in ("prompt", "chosen", "rejected")):
            raise ValueError(f"row {i} is not plain text: apply the chat template of your model first (TRL: apply_chat_template)")
        items = [Text(row["prompt"], row[column]) for column in ("chosen", "rejected")]
        first, second = map(clip_id, items)
        store.append(
            event="label",
            task=task,
            annotator=annotator,
            session="import",
            kind=kind,
            pair=f"{first}-{second}",
            first=first,
            second=second,
            choice=1.0,
            items=items,
            uid=uuid.uuid5(uuid.NAMESPACE_OID, f"{task}/{annotator}/{kind}/{first}/{second}").hex,
        )
    return len(store.events(task=task, annotator=annotator)) - new
