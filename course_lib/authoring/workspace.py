"""The learner's own copy of the course: laid out once, never overwritten.

If a newer version of a notebook comes with an update, and the learner has worked in theirs, the new one is laid beside it
under a name of its own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path


def lay_out(top: Path, workspace: Path) -> list[str]:
    """Copy notebooks and released problem sets into ``workspace``. Returns what happened, a line for each change."""
    workspace.mkdir(parents=True, exist_ok=True)
    record = workspace / ".course.json"  # the hash of the version each copy was made from
    try:
        origin = json.loads(record.read_text()) if record.exists() else {}
    except json.JSONDecodeError:
        origin = {}  # then every copy counts as worked in, and stays
    said = []
    sources = {p.name: p for p in sorted((top / "notebooks").glob("*.ipynb"))}
    sources |= {f"problem_sets/{p.name}": p for p in sorted((top / "assignments").glob("*/*.ipynb"))}
    for name, path in sources.items():
        copy, new = workspace / name, _hash(path)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            said.append(f"new: {name}")
        elif origin.get(name) != new and _hash(copy) != new:
            if _hash(copy) == origin.get(name):  # not touched since it was laid here
                shutil.copyfile(path, copy)
                said.append(f"updated: {name}")
            else:
                beside = copy.with_name(f"{copy.stem}.new-{new[:6]}.ipynb")
                if not beside.exists():
                    shutil.copyfile(path, beside)
                said.append(f"yours kept: {name}; the newer version is {beside.name}")
        origin[name] = new
    record.write_text(json.dumps(origin, indent=1))
    return said


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
