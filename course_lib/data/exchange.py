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

from .store import CLIP, EVENT, TEXT, LabelStore, StoreError, Text, _unpack

TABLES = {"clip": CLIP, "text": TEXT, "event": EVENT}


def records(store: LabelStore, **where) -> Iterator[dict]:
    """Every event that fits ``where`` (oldest first), after the clips and texts that these events are about."""
    events = store.events(**where)
    uid = {e["seq"]: e["uid"] for e in events}
    ids = sorted({i for e in events for i in (e["first"], e["second"], *(e["ranking"] or "").split("-")) if i})
    with store.engine.connect() as db:
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
    path, seqs, new = Path(path), {}, 0
    try:
        with store.engine.begin() as db:
            for number, row in enumerate(_read(path), 1):
                try:
                    values = _checked(row, seqs, db)
                    new += store._add_new(db, TABLES[row["record"]], [values]) * (row["record"] == "event")
                except StoreError:
                    raise
                except Exception as error:  # whatever a line that somebody else wrote may hold
                    raise StoreError(f"record {number} of {path.name} cannot be read ({type(error).__name__}: {error}): "
                                     "nothing was imported. Was the file cut off, or written by something else?") from error
    except sa.exc.DBAPIError as error:
        raise StoreError(store._explain(error)) from error
    return new


def _read(path: Path) -> Iterator[dict]:
    if path.suffix == ".parquet":
        from pyarrow import ArrowInvalid, parquet

        try:
            yield from parquet.read_table(path).to_pylist()
        except ArrowInvalid as error:
            raise StoreError(f"{path.name} is not a Parquet file ({error}): nothing was imported") from error
    else:
        for number, text in enumerate(path.read_text(encoding="utf8").splitlines(), 1):
            try:
                row = json.loads(text)
            except ValueError as error:
                raise StoreError(f"line {number} of {path.name} is not JSON ({error}): nothing was imported") from error
            if isinstance(row.get("data"), str):
                row["data"] = base64.b64decode(row["data"])
            yield row


def _checked(row: dict, seqs: dict, db) -> dict:
    """The values of a record for its table; an undo finds the event it takes back by its uid."""
    table = TABLES[row["record"]]
    values = {k: v for k, v in row.items() if k in table.columns and k != "seq"}
    if missing := [c.name for c in table.columns if not c.nullable and c.name != "seq" and values.get(c.name) is None]:
        raise ValueError(f"{', '.join(missing)} missing")
    if row["record"] == "clip":
        _unpack(values["data"])  # a clip that cannot be drawn is refused here, not by whoever looks at it
    if row["record"] == "event" and values.get("undoes") is not None:
        values["undoes"] = db.scalar(sa.select(EVENT.c.seq).where(EVENT.c.uid == values["undoes"]))
    return values


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
        first, second = store.keep([Text(row["prompt"], row["chosen"]), Text(row["prompt"], row["rejected"])])
        store.append(event="label", task=task, annotator=annotator, session="import", kind=kind, pair=f"{first}-{second}", first=first,
                     second=second, choice=1.0, uid=uuid.uuid5(uuid.NAMESPACE_OID, f"{task}/{annotator}/{kind}/{first}/{second}").hex)
    return len(store.events(task=task, annotator=annotator)) - new
