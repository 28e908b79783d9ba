"""Where a trial runs: in a bubblewrap sandbox, or, if one has consented, in plain processes.

A ``Sandbox`` is one long-lived bubblewrap: no network, the system read-only, no home, no course but ``course_lib``, and inside it
``forkserver.py``. ``launch()`` gives a line to the tests' process of a fresh pair; when the ``with`` ends, the pair is killed. What comes
back is a few short messages, each with a cap on its bytes.
"""

from __future__ import annotations

import contextlib
import functools
import json
import multiprocessing as mp
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import course_lib

HOW = (
    "Debian, Ubuntu: sudo apt install bubblewrap. Fedora: sudo dnf install bubblewrap. It needs Linux and user namespaces "
    "(Ubuntu 24.04 and newer: an AppArmor profile that allows them to /usr/bin/bwrap)."
)


@dataclass(frozen=True)
class Limits:
    """What one student's process may use. Bytes; seconds of CPU time."""

    memory: int = 4 * 2**30
    processes: int = 64
    file: int = 32 * 2**20
    box: int = 64 * 2**20
    cpu_s: int = 900


@functools.lru_cache(1)
def why_not() -> str:
    """Why there is no sandbox on this machine; "" if there is one."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap runs on Linux only. Grade on a Linux machine, or in a Linux virtual machine"
    if not shutil.which("bwrap"):
        return f"bubblewrap (the program bwrap) is not installed. {HOW}"
    probe = "from course_lib.grading.forkserver import isolate; isolate(2**20)"
    done = subprocess.run([*command(), "-c", probe], capture_output=True, text=True, timeout=60)
    said = (done.stderr.strip() or f"exit status {done.returncode}").rpartition("\n")[2]
    return "" if done.returncode == 0 else f"bubblewrap does not work on this machine: {said}. {HOW}"


def command(gpu: bool = False) -> list[str]:
    """The bubblewrap that the fork server runs in, up to Python's own arguments."""
    library, share = Path(course_lib.__file__).parent, "--unshare-all --unshare-user --uid 1000 --gid 1000"
    bwrap = ["bwrap", *share.split(), *"--die-with-parent --new-session --cap-drop ALL --proc /proc --dev /dev".split()]
    bwrap += "--tmpfs /tmp --tmpfs /box".split()  # before what is bound below them
    places = [Path(p) for p in "/usr /bin /sbin /lib /lib64 /etc/ld.so.cache /etc/alternatives /etc/fonts".split()]
    for place in dict.fromkeys([*places, Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("purelib")), library]):
        if place.is_symlink():
            bwrap += ["--symlink", str(place.readlink()), str(place)]
        elif place.exists():
            bwrap += ["--ro-bind", str(place), str(place)]
    for device in sorted(Path("/dev").glob("nvidia*")) if gpu else []:
        bwrap += ["--dev-bind", str(device), str(device)]
    settings = {"PATH": "/usr/bin:/bin", "HOME": "/box", "TMPDIR": "/box", "MPLCONFIGDIR": "/box", "MPLBACKEND": "Agg", "LANG": "C.UTF-8",
                "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1", "PYTHONPATH": str(library.parent)}
    bwrap += "--remount-ro /tmp --remount-ro /dev --remount-ro / --chdir / --clearenv".split()
    for name, value in settings.items():
        bwrap += ["--setenv", name, value]
    return [*bwrap, "--", sys.executable, "-P", "-s", "-B"]


class Sandbox:
    """A fork server under bubblewrap. ``imports``: import statements that are done once, before the first trial."""

    def __init__(self, limits: Limits = Limits(), imports: tuple[str, ...] = (), gpu: bool = False):
        self.line, theirs = socket.socketpair()
        self.errors = tempfile.TemporaryFile()
        settings = json.dumps({"limits": asdict(limits) | ({"memory": None} if gpu else {}), "imports": list(imports)})
        try:
            program = [*command(gpu), "-m", "course_lib.grading.forkserver", str(theirs.fileno())]
            quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors)
            self.process = subprocess.Popen(program, pass_fds=[theirs.fileno()], **quiet)
            self.line.send(settings.encode())
        finally:
            theirs.close()
        self._expect(b"r", 120)

    def _expect(self, word: bytes, seconds: float) -> None:
        self.line.settimeout(seconds)
        try:
            got = self.line.recv(1)
        except OSError:
            got = b""
        if got != word:
            self.close()
            self.errors.seek(0)
            raise RuntimeError(
                self.errors.read()[-500:].decode(errors="replace").strip().rpartition("\n")[2] or "it does not start"
            )

    @contextlib.contextmanager
    def launch(self):
        """A fresh pair of processes; yields the ``Connection`` to the tests' side."""
        ours, theirs = socket.socketpair()
        socket.send_fds(self.line, [b"p"], [theirs.fileno()])
        theirs.close()
        line = Connection(ours.detach())
        try:
            yield line
        finally:
            line.close()
            with contextlib.suppress(OSError, RuntimeError):  # a server that is gone is noticed by the next trial
                self.line.send(b"s")
                self._expect(b"d", 30)

    def close(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Plain:
    """The same pair as ordinary processes, with the rights of whoever runs them: for one's own code."""

    @contextlib.contextmanager
    def launch(self):
        from . import trial

        method = "forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn"
        context = mp.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(["course_lib.grading.preload"])
        line, control = context.Pipe()
        ours, theirs = context.Pipe()
        pair = [
            context.Process(target=trial.student_side, args=(theirs,), daemon=True),
            context.Process(target=trial.test_main, args=(ours, control), daemon=True),
        ]
        for process in pair:
            process.start()
        for end in (ours, theirs, control):
            end.close()
        try:
            yield line
        finally:
            line.close()
            for process in pair:
                process.kill()
                process.join()

    def close(self) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass
