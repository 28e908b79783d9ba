"""What this machine has, and how large an experiment should therefore be.

One thread by default: the course's networks are so small that a second torch thread costs more in waiting than it
computes, and on a shared two-core machine it can be twenty times slower.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """``device`` is "cpu", "cuda" or "mps"; ``memory_gb`` is that of the device."""

    device: str
    name: str
    cores: int
    memory_gb: float

    @property
    def gpu(self) -> bool:
        return self.device != "cpu"


def scale() -> Scale:
    """Read the machine. CUDA, else MPS, else the CPU; ``COURSE_DEVICE=cpu`` overrides."""
    import psutil
    import torch

    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total / 2**30
    wanted = os.environ.get("COURSE_DEVICE", "")
    if wanted not in ("", "cpu", "cuda", "mps"):
        raise ValueError(f"COURSE_DEVICE must be cpu, cuda or mps, not {wanted!r}")
    if wanted in ("", "cuda") and torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        return Scale("cuda", card.name, cores, card.total_memory / 2**30)
    if wanted in ("", "mps") and torch.backends.mps.is_available():
        return Scale("mps", "Apple GPU", cores, memory)
    if wanted in ("cuda", "mps"):
        raise RuntimeError(f"COURSE_DEVICE={wanted}, but torch finds no such device here; unset it to use the CPU")
    return Scale("cpu", f"{cores} CPU cores", cores, memory)


def settle(threads: int = 1) -> None:
    """Call once at the top of a notebook: one torch thread, the course's figure style."""
    import torch

    from course_lib import plots

    torch.set_num_threads(threads)
    plots.use_style()


def course_root() -> Path:
    """The course's own folder: where ``source/`` and ``nbgrader_config.py`` lie."""
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        if (folder / "nbgrader_config.py").exists() and (folder / "source").is_dir():
            return folder
    raise FileNotFoundError("the course's folder was not found: run this inside the cloned repository")
