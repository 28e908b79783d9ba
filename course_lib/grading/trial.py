"""One trial: the tests of a problem set in one process, a student's cells in another, and between them a ``boundary``.

The tests' side runs the *source* notebook from top to bottom. A solution cell is run over there, with the student's text; the
names that the reference defines in it are then stand-ins here. A test cell runs here and calls them. Nothing the student's
process does to its own torch, IPython or builtins changes what is compared here, and nothing it reads holds a test.

A test cell is cut into named checks by comments ``# check: name`` (``checks.py``). Every check is tried, also after one that
failed.
"""

from __future__ import annotations

import ast
import contextlib
import io
import random
import re
import signal
import threading
import time
import traceback

import msgpack
import numpy as np
import torch

from .boundary import Gone, Peer, Remote, StudentError
from .checks import Check, checks

PRINTED = 10_000  # characters of a cell's own output that are kept


class Printed(io.TextIOBase):
    """Keeps the first characters that are written to it, and only those."""

    def __init__(self):
        self.text, self.more = "", False

    def write(self, s):
        room = PRINTED - len(self.text)
        self.text += s[:room]
        self.more |= len(s) > room
        return len(s)

    def get(self) -> str:
        return self.text + ("\n… (more was printed)\n" if self.more else "")


class NoNotebook:
    """What ``get_ipython()`` gives while marking: magics and shell commands do nothing."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def plain_python(text: str) -> str:
    """A cell with its magics turned into calls; what is only measured or captured by one is run."""
    text = re.sub(r"\A\s*%%(time|timeit|capture|prun)\b[^\n]*\n", "", text)
    text = re.sub(r"^([ \t]*)%(?:time|prun)[ \t]+(?=\S)", r"\1", text, flags=re.M)
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(text)


def seed() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


# -- the student's side


def student_side(conn) -> None:
    """Run what is asked for, until the other side ends."""
    space: dict = {"__name__": "__main__", "display": lambda *a, **k: None, "get_ipython": NoNotebook}

    def run(name, text):
        printed = Printed()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                exec(compile(plain_python(text), f"<{name}>", "exec", dont_inherit=True), space)
                error = ("", "")
            except BaseException as e:  # SystemExit and KeyboardInterrupt too: a cell may do anything
                error = explain(e, peer.where(e))
        return *error, printed.get()

    def names(wanted):
        """For each name: 'missing', 'function' (or anything that is called), or 'data'."""
        return [["missing" if n not in space else "function" if callable(space[n]) else "data" for n in wanted]]

    def value(name):
        return [peer._pack(space[name])[0]]

    def fresh():
        peer.forget()
        seed()
        return []

    class Student(Peer):
        def where(self, error):
            """The line of the student's own cell that was being run."""
            last = [f for f in traceback.extract_tb(error.__traceback__) if re.match(r"<\w", f.filename)]
            return f"line {last[-1].lineno} of {last[-1].filename[1:-1]}" if last else ""

    peer = Student(conn, space, open=True, wait=lambda: None, extra=dict(run=run, names=names, value=value, fresh=fresh))
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(Printed()), contextlib.redirect_stderr(Printed()):
        peer.serve()


# -- the tests' side


def test_side(conn, report, cells: list[dict], answers: dict[str, str], only: str | None, limit_s: float) -> None:
    """Every code cell of the source up to the last test; ``report(dict)`` after each solution and each test cell.

    ``cells``: kind, text, meta of the source notebook; for a solution, instead of its text, the names it defines. ``conn``: to
    the student's process. An answer that is too slow, or that ends its process, is reported as
    ``{"stuck": exercise, "why": …}``, and nothing after it.
    """
    torch.set_num_threads(1)
    space: dict = {"__name__": "__main__", "display": lambda *a, **k: None, "get_ipython": NoNotebook}
    until = [0.0]
    peer = Peer(conn, space, open=False, wait=lambda: until[0] - time.monotonic())
    broken: dict[str, tuple[str, str]] = {}
    last = max(i for i, cell in enumerate(cells) if cell["meta"].get("grade") and cell["kind"] == "code")
    for cell in cells[: last + 1]:  # what comes after the last test is for looking at
        if cell["kind"] != "code":
            continue
        meta, text = cell["meta"], cell["text"]
        name = meta.get("grade_id", "")
        ex, is_test = name.removesuffix("-test"), bool(meta.get("grade"))
        until[0] = time.monotonic() + limit_s
        try:
            alarm(limit_s + 1)
            if meta.get("solution"):
                answer = answers.get(name, 'raise NotImplementedError("this exercise\'s cell is missing from your notebook")')
                kind, said, printed = texts(peer.ask("run", name, answer))
                if kind:
                    broken[name] = kind, said
                bind(peer, space, cell["names"])
                alarm(0)
                report({"solution": name, "kind": kind, "said": said, "printed": printed})
            elif not is_test:
                execute(plain_python(text), "setup", space)
                texts(peer.ask("run", "setup", text))
            elif only in (None, ex):
                found = []
                for check in checks(text):
                    peer.ask("fresh")
                    seed()
                    kind, said = attempt(check, space)
                    if kind and ex in broken:  # what stopped the answer comes before what its test then met
                        kind, said = broken[ex]
                    found.append({"name": check.name, "hidden": check.hidden, "kind": kind, "said": said})
                alarm(0)
                report({"test": ex, "checks": found})
                if only == ex:
                    return
        except Gone as gone:
            alarm(0)
            why = {
                "slow": f"took more than {limit_s:g} s: is there an endless loop?",
                "garbled": "its process sent something that is no answer",
            }.get(str(gone), "your code ended the whole process (os._exit, a crash, or more memory than there is)")
            return report({"stuck": ex, "why": why})
        except Exception as error:  # a reply that is none: the other exercises are tried without this one
            alarm(0)
            return report({"stuck": ex, "why": f"its process sent something that is no answer ({type(error).__name__})"})


def texts(reply: list) -> tuple[str, str, str]:
    """Kind of error, message and output of a cell, from a process that may say anything."""
    if len(reply) != 3 or not all(isinstance(x, str) for x in reply):
        raise Gone("garbled")
    return reply[0][:200], reply[1][:2500], reply[2][: PRINTED + 100]


def alarm(seconds: float) -> None:
    """Raise ``Gone`` in this process by then, whatever it waits for: half a message, or an answer that never stops coming. 0: do not."""

    def late(*_):
        raise Gone("slow")

    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1)


def bind(peer: Peer, space: dict, names: list[str]) -> None:
    """Stand-ins for what the student's cell has defined."""
    for name, kind in zip(names, peer.ask("names", names)[0]):
        space.pop(name, None)
        if kind == "function":
            space[name] = Remote(peer, name, name)  # by name: the newest of that name is called
        elif kind == "data":
            space[name] = peer._unpack(peer.ask("value", name)[0])[0]


def attempt(check: Check, space: dict) -> tuple[str, str]:
    """("", "") if every statement of a check goes through, else the kind of error and what it says."""
    return execute(ast.Module(list(check.statements), []), check.name, space)


def execute(text, name: str, space: dict) -> tuple[str, str]:
    printed = Printed()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            exec(compile(text, f"<{name}>", "exec", dont_inherit=True), space)
        return "", ""
    except Gone:
        raise
    except BaseException as error:
        return explain(error, getattr(error, "where", ""))


def explain(error: BaseException, where: str) -> tuple[str, str]:
    """The kind of an error, and what went wrong in words meant for the person who wrote the code."""
    kind = error.args[0] if isinstance(error, StudentError) and len(error.args) == 2 else type(error).__name__
    kind = kind if isinstance(kind, str) and kind.isidentifier() else "Error"  # a class may have any name, and "" means that all is well
    message = str(error.args[1] if isinstance(error, StudentError) and len(error.args) == 2 else error)[:2000]
    if isinstance(error, AssertionError):
        return kind, message or "an assertion failed"
    if isinstance(error, NotImplementedError):
        return kind, message or "not answered yet"
    return kind, f"{kind}: {message}" + (f" ({where})" if where else "")


def test_main(conn, control) -> None:
    """In the tests' process: the job comes by ``control``, and reports go back the same way."""
    job = msgpack.unpackb(control.recv_bytes())
    test_side(conn, lambda report: control.send_bytes(msgpack.packb(report)), **job)
    control.close()
