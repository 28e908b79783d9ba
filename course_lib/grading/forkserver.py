"""Inside the sandbox: a process that has imported everything once, and forks a pair of isolated processes for every trial.

Started by ``sandbox.py`` under bubblewrap, where there is no network, nothing writable and nothing secret. Each child then gets
namespaces of its own (user, mount, process, IPC, network), an empty writable folder, its limits, and no way back: it sees neither
this server nor the other half of its pair, and when it is killed everything it started dies with it, because it is the first
process of its process namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import resource
import select
import signal
import socket
import struct
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
NOSUID, NODEV, REC, PRIVATE = 2, 4, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 38, 22, 24


def isolate(box_bytes: int) -> None:
    """Put this (single-threaded) process and what it forks next into new namespaces, with tmpfs over every place that can be written."""
    libc = ctypes.CDLL(None, use_errno=True)

    def must(result, what):
        if result:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

    uid, gid = os.getuid(), os.getgid()
    must(libc.unshare(NEWUSER | NEWNS | NEWPID | NEWIPC | NEWUTS | NEWNET), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    must(libc.mount(b"none", b"/", None, REC | PRIVATE, None), "mount")
    for place, size in ((b"/box", box_bytes), (b"/dev/shm", box_bytes), (b"/proc", 4096)):
        must(libc.mount(b"tmpfs", place, b"tmpfs", NOSUID | NODEV, f"size={size},mode=755".encode()), f"mount {place.decode()}")


def drop(limits: dict) -> None:
    """Limits, then every privilege gone for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capset(header, data)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    forbid(libc)
    mapped = limits["mapped"]
    for what, most in (
        (resource.RLIMIT_AS, limits["memory"] and mapped + limits["memory"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        if most is not None:
            resource.setrlimit(what, (most, most))


SYSCALLS = {  # what no answer needs and what reaches over a namespace's walls: keyrings, System V memory, tracing, mounts, namespaces
    "x86_64": (0xC000003E, 56, [248, 249, 250, 29, 64, 68, 101, 310, 311, 321, 323, 165, 166, 155, 161, 308, 272, 298]),
    "aarch64": (0xC00000B7, 220, [217, 218, 219, 194, 190, 186, 117, 270, 271, 280, 282, 40, 39, 41, 51, 268, 97, 241]),
}
EVERYWHERE = [425, 428, 429, 430, 432, 442]  # io_uring_setup, open_tree, move_mount, fsopen, fsmount, mount_setattr
CLONE3 = 435


def forbid(libc) -> None:
    """A seccomp filter: the system calls above are refused, ``clone`` makes no user namespace, ``clone3`` does not exist."""
    if os.uname().machine not in SYSCALLS:
        return
    arch, clone, refused = SYSCALLS[os.uname().machine]
    LOAD, EQUAL, ABOVE, BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF instructions
    ALLOW, NO, NONE = 0x7FFF0000, 0x00050001, 0x00050026  # 1: EPERM, 38: ENOSYS
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, arch), (RETURN, 0, 0, NO), (LOAD, 0, 0, 0), (ABOVE, 0, 1, 0x40000000), (RETURN, 0, 0, NO)]
    for number in refused + EVERYWHERE:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NO)]
    program += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, NONE)]
    program += [(EQUAL, 0, 3, clone), (LOAD, 0, 0, 16), (BITS, 0, 1, NEWUSER), (RETURN, 0, 0, NO), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    if libc.prctl(PR_SET_SECCOMP, 2, struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def child(work, keep: list[int], limits: dict) -> int:
    """Fork a process that does ``work()`` in isolation; the number of the process that holds it (kill that, and all is gone)."""
    limits = limits | {"mapped": mapped_bytes()}
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        first = 3
        for fd in sorted(keep):
            os.closerange(first, fd)
            first = fd + 1
        os.closerange(first, 4096)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.setsid()
        isolate(limits["box"])
        inner = os.fork()
        if inner:  # outside: wait for the first process of the new process namespace, and take it along
            for fd in keep:
                os.close(fd)
            os.waitpid(inner, 0)
            os._exit(0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.chdir("/box")
        os.environ.update(HOME="/box", TMPDIR="/box")
        worker = os.fork()
        if worker:  # the first process reaps orphans; a second does the work, so that signals to itself have their usual effect
            for fd in keep:
                os.close(fd)
            while True:
                try:
                    done, _ = os.wait()
                except ChildProcessError:
                    os._exit(0)
                if done == worker:
                    os._exit(0)  # and the kernel kills whatever is left
        drop(limits)
        work()
    finally:
        os._exit(0)
    return 0


def family(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def memory(processes: list[psutil.Process]) -> int:
    """Bytes that these processes have to themselves."""
    total = 0
    for p in processes:
        try:
            lines = Path(f"/proc/{p.pid}/status").read_text().splitlines()
            sizes = dict(line.split(":") for line in lines if line.startswith(("RssAnon", "RssShmem")))
            total += 1024 * sum(int(size.split()[0]) for size in sizes.values())
        except (OSError, ValueError):
            continue
    return total


def watch(group: list[psutil.Process], base: int, limits: dict) -> None:
    """Kill a group of processes that has become too many, or too large together."""
    if len(group) > limits["processes"] + 3 or memory(group) - base * len(group) > (limits["memory"] or math.inf):
        for p in group[1:]:
            with contextlib.suppress(psutil.Error):
                p.kill()


def end(pid: int) -> None:
    for p in reversed(family(pid)):
        try:
            p.kill()
        except psutil.Error:
            continue
    os.waitpid(pid, 0)


def main() -> None:
    """Serve: every message comes with one descriptor, the tests' line to the grader, and is answered by one byte when the pair is gone."""
    line = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(line.recv(2**20))  # not among the arguments, which answers could read
    limits = settings["limits"]
    from . import preload, trial  # noqa: F401

    for statement in settings["imports"]:
        try:
            exec(statement, {})
        except Exception as error:
            print(f"while preparing ({statement}): {error}", file=sys.stderr)
    base = memory([psutil.Process()])
    line.send(b"r")
    while True:
        message, fds, _, _ = socket.recv_fds(line, 1, 1)
        if not message:
            return
        control = fds[0]
        theirs, ours = (s.detach() for s in socket.socketpair())
        student = child(lambda: trial.student_side(Connection(theirs)), [theirs], limits)
        tests = child(lambda: trial.test_main(Connection(ours), Connection(control)), [ours, control], limits | {"cpu_s": None})
        for fd in (theirs, ours, control):
            os.close(fd)
        while not select.select([line], [], [], 0.05)[0]:  # until the grader says stop, or ends
            for pid in (student, tests):
                watch(family(pid), base, limits)
        stop = line.recv(1)
        end(student), end(tests)
        if not stop:
            return
        line.send(b"d")


if __name__ == "__main__":
    main()
