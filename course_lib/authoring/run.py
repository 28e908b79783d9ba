"""Running a notebook from start to end, as a reader would, and reading what it claimed."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_lib.claims import MIME

USAGE = "application/vnd.course.usage+json"
_MEASURE = f"""
try:
    import resource, sys
    _peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
except ImportError:
    import psutil
    _peak = psutil.Process().memory_info().peak_wset / 2**20
from IPython.display import display
display({{"{USAGE}": {{"peak_mb": _peak}}}}, raw=True)
"""


@dataclass
class Run:
    """What came of one notebook. ``claims`` are rows as in ``course claims --json``; ``error`` is "" if it ran to its end."""

    notebook: str
    seconds: float
    peak_mb: float
    executed: nbformat.NotebookNode
    error: str = ""
    claims: list[dict] = field(default_factory=list)


def run(path: Path, timeout: int = 600) -> Run:
    """Execute in a fresh kernel and a folder of its own, with simulated people (nobody is there to click)."""
    nb = nbformat.read(path, as_version=4)
    nb.cells.append(nbformat.v4.new_code_cell(_MEASURE, id="usage"))
    error, start = "", time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(nb, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": folder}})
        try:
            client.execute(env=os.environ | {"COURSE_PEOPLE": "simulated"})
        except CellExecutionError as failed:
            error = f"{failed.ename}: {failed.evalue}"
        except (TimeoutError, RuntimeError) as failed:
            error = f"{type(failed).__name__}: {failed}"
    seconds = time.perf_counter() - start
    data = [o.data for c in nb.cells if c.cell_type == "code" for o in c.outputs if "data" in o]
    peak = next((d[USAGE]["peak_mb"] for d in data if USAGE in d), 0.0)
    rows = [row | {"seconds": round(seconds, 1), "peak_mb": round(peak)} for d in data for row in d.get(MIME, [])]
    nb.cells.pop()
    return Run(path.stem, seconds, peak, nb, error, rows)
