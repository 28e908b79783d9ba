"""``course doctor``: is this machine ready for the course, and if not, what to do."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    what: str
    found: str
    ok: bool
    remedy: str = ""


def findings(top: Path) -> list[Finding]:
    return [*_python(), *_torch(), _disk(top), _browser(), _sandbox(), *_versions(top)]


def own_environment() -> bool:
    """Whether this Python is a virtual or conda environment, which the course may write settings into."""
    return sys.prefix != sys.base_prefix or (Path(sys.prefix) / "conda-meta").exists()


def _python():
    v = sys.version_info
    yield Finding("Python", f"{v.major}.{v.minor}.{v.micro}", v >= (3, 11), "install Python 3.11 or newer")
    inside = own_environment()
    yield Finding("environment", sys.prefix, inside, "use the course's own: `make lab`, or conda with environment.yml")


def _torch():
    try:
        import torch

        from course_lib.machine import scale
    except ImportError as error:
        yield Finding("torch", str(error), False, "run `make lab` again")
        return
    yield Finding("torch", torch.__version__, True)
    s = scale()
    torch.set_num_threads(1)
    x = torch.randn(1024, 1024, device=s.device)
    x @ x
    begin = time.perf_counter()
    for _ in range(10):
        y = x @ x
    y.sum().item()  # waits for the device
    speed = 10 * 2 * 1024**3 / (time.perf_counter() - begin) / 1e9
    yield Finding("device", f"{s.device} ({s.name}), {s.memory_gb:.0f} GB, {speed:.0f} GFLOP/s a thread", speed > 5,
                  "very slow: close other programs, or use a machine with a faster CPU")


def _disk(top: Path) -> Finding:
    free = shutil.disk_usage(top).free / 2**30
    return Finding("disk", f"{free:.1f} GB free", free > 1, "free at least 1 GB where the course lies")


def browser() -> str | None:
    """A Chromium for the browser tests, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((p for n in names if (p := shutil.which(n))), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as p:
        path = p.chromium.executable_path
    return path if Path(path).exists() else None


def _browser() -> Finding:
    path = browser()
    return Finding("Chromium (for tests only)", path or "none", True, "" if path else "`make test` installs one")


def _sandbox() -> Finding:
    from course_lib.grading.sandbox import why_not

    why = why_not()
    return Finding("sandbox (for grading others)", "none" if why else "bubblewrap works", True, why)


def _versions(top: Path):
    pins = top / "constraints.txt"
    if not pins.exists():
        yield Finding("versions", "no constraints.txt", False, "restore it: git checkout constraints.txt")
        return
    wrong = []
    for line in pins.read_text().splitlines():
        if match := re.match(r"([\w.-]+)==([\w.+!-]+)", line):
            name, pin = match.groups()
            try:
                have = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue  # belongs to an extra that is not installed
            if have.split("+")[0] != pin.split("+")[0]:
                wrong.append(f"{name} {have} instead of {pin}")
    yield Finding("versions", "as in constraints.txt" if not wrong else "; ".join(wrong[:5]), not wrong,
                  "make clean, then make lab")
