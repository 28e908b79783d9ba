"""Calling functions across a process boundary, by data alone: tests on one side, a student's code on the other.

What can be written down crosses (``wire.py``). Anything else stays where it is, and a ``Remote`` stands for it.
Two things make a call look like a call in one process: a gradient goes back through it (a ``torch.autograd.Function`` asks
the other side for the vector-Jacobian product, of any order), and what was raised there is raised here, as a built-in exception of the same
kind. Two things do not happen, on purpose: arguments are copies, so nobody can change a test's numbers after it has made them; and a
``Remote`` does not compare or add on the other side, so an object that claims to equal everything equals nothing here.
"""

from __future__ import annotations

import builtins

import msgpack
import torch

from .wire import pack, unpack

LARGEST = 512 * 2**20  # bytes of one message



class StudentError(Exception):
    """Raised by a student's code, and of a kind that has no counterpart here. ``args``: (name of the kind, message)."""

    def __str__(self):
        return f"{self.args[0]}: {self.args[1]}" if len(self.args) == 2 else super().__str__()


class Gone(BaseException):
    """The other side has ended, or says nothing any more. No ``except Exception`` of a test catches it."""


class Remote:
    """Something that lives on the other side. It can be called, looked into and gone through; what comes back is data, or
    another ``Remote``."""

    def __init__(self, peer: Peer, number, name: str = "object"):
        self.__dict__.update(_peer=peer, _number=number, __name__=name)

    def crosses_back_as(self) -> int:
        return self._number

    def __call__(self, *args, **kwargs):
        return self._peer.call(self._number, None, args, kwargs)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._peer.call(self._number, ".", (name,), {})

    def __getitem__(self, key):
        return self._peer.call(self._number, "[]", (key,), {})

    def __len__(self):
        return int(self._peer.call(self._number, "len", (), {}))

    def __iter__(self):
        return iter(self._peer.call(self._number, "list", (), {}))

    def __repr__(self):
        return f"<{self.__name__} of the answer>"


class _Through(torch.autograd.Function):
    """The results of a call on the other side, as a function of the tensors it was given."""

    @staticmethod
    def forward(ctx, peer, number, outputs, *inputs):
        ctx.peer, ctx.number = peer, number
        ctx.save_for_backward(*inputs)
        return tuple(outputs)

    @staticmethod
    def backward(ctx, *slopes):
        return None, None, None, *ctx.peer.vjp(ctx.number, ctx.saved_tensors, slopes)


class Peer:
    """One end of a connection. ``open``: may the other side call and look into everything (a student's process), or only call
    what it was handed (the tests')?"""

    def __init__(self, conn, space: dict, open: bool, wait=lambda: None, extra=None):
        self.conn, self.space, self.open, self.extra = conn, space, open, extra or {}
        self.wait = wait  # seconds that may be waited for a reply (None: for ever)
        self.objects: dict[int, object] = {}
        self.graphs: dict[int, tuple[list, list]] = {}
        self.count = 0

    # -- what this side asks
    def ask(self, *message):
        """Send a request and answer what the other side asks meanwhile; its reply."""
        self._send(["ask", *message])
        while True:
            wait = self.wait()
            try:
                if wait is not None and (wait < 0 or not self.conn.poll(wait)):
                    raise Gone("slow")
                kind, *rest = msgpack.unpackb(self.conn.recv_bytes(LARGEST))
            except (EOFError, OSError, ValueError, msgpack.UnpackException) as error:
                raise Gone("ended" if isinstance(error, (EOFError, ConnectionError)) else "garbled") from None
            if kind == "ask":
                self._answer(*rest)
            elif kind == "ok":
                return rest
            else:
                raise self._raised(*rest)

    def call(self, target, how, args, kwargs):
        raw, inputs = self._pack((args, kwargs))
        number, raw = self.ask("call", target, how, raw, bool(inputs) and torch.is_grad_enabled())
        value, outputs = self._unpack(raw)
        if not outputs or not inputs or not torch.is_grad_enabled():
            return value
        linked = iter(_Through.apply(self, number, [x.detach() for x in outputs], *inputs))
        return _replace(value, {id(x): y for x, y in zip(outputs, linked)})

    def vjp(self, number, inputs, slopes):
        """Gradients with respect to the inputs of call ``number``, differentiable in their turn if they are asked for so."""
        again = torch.is_grad_enabled()
        raw, _ = self._pack([s.detach() for s in slopes])
        following, raw = self.ask("vjp", number, raw, again)
        grads = self._unpack(raw)[0]
        if again:
            there = [i for i, g in enumerate(grads) if g is not None]
            linked = _Through.apply(self, following, [grads[i].detach() for i in there], *inputs, *slopes)
            grads = [dict(zip(there, linked)).get(i) for i in range(len(grads))]
        return grads

    # -- what this side answers
    def serve(self):
        """Answer until the other side ends."""
        while True:
            try:
                kind, *rest = msgpack.unpackb(self.conn.recv_bytes(LARGEST))
            except (EOFError, OSError):
                return
            self._answer(*rest)

    def _answer(self, what, *rest):
        try:
            reply = ["ok", *getattr(self, f"_on_{what}", self.extra.get(what))(*rest)]
        except Gone:
            raise
        except BaseException as error:  # a student may raise anything
            reply = ["error", [k.__name__ for k in type(error).__mro__], str(error)[:5000], self.where(error)]
        self._send(reply)

    def where(self, error) -> str:
        return ""

    def _on_call(self, target, how, raw, grad):
        (args, kwargs), inputs = self._unpack(raw)
        thing = self.objects[target] if isinstance(target, int) else self.space[target] if self.open else None
        if not self.open and how is not None:
            raise TypeError("a function that the tests pass in can be called, and nothing else")
        with torch.set_grad_enabled(grad or self.open and not inputs):
            value = (
                thing(*args, **kwargs)
                if how is None
                else getattr(thing, args[0])
                if how == "."
                else thing[args[0]]
                if how == "[]"
                else len(thing)
                if how == "len"
                else list(thing)
            )
        reply, outputs = self._pack(value)
        self.count += 1
        if grad:
            self.graphs[self.count] = inputs, outputs
        return self.count, reply

    def _on_vjp(self, number, raw, again):
        inputs, outputs = self.graphs[number]
        slopes = [s.requires_grad_() if again else s for s in unpack(raw)[0]]
        grads = torch.autograd.grad(outputs, inputs, slopes, allow_unused=True, create_graph=again, retain_graph=True)
        self.count += 1
        if again:
            self.graphs[self.count] = [*inputs, *slopes], [g for g in grads if g is not None and g.requires_grad]
        return self.count, pack(list(grads))[0]

    def forget(self):
        """Let go of the graphs of earlier calls."""
        self.graphs.clear()

    def _send(self, message):
        try:
            self.conn.send_bytes(msgpack.packb(message))
        except (OSError, ValueError):
            raise Gone("ended") from None

    def _own(self, x):
        if not self.open and not callable(x):
            raise TypeError(
                f"a {type(x).__name__} cannot be handed to an answer; use numbers, arrays, tensors, a dataclass of the course or a function"
            )
        number = id(x)
        self.objects[number] = x
        return number

    def _pack(self, value):
        return pack(value, self._own)

    def _unpack(self, raw):
        return unpack(raw, lambda n: Remote(self, n), self.objects.__getitem__)

    def _raised(self, names, message, where):
        for name in names:
            kind = getattr(builtins, name, None)
            if (
                isinstance(kind, type)
                and issubclass(kind, Exception)
                and kind is not Exception
                and not issubclass(kind, (UnicodeError, StopIteration, StopAsyncIteration))
            ):
                break
        else:
            kind = None
        try:
            error = (
                kind(message)
                if kind and names[0] == kind.__name__
                else StudentError(names[0], message)
                if kind is None
                else type(names[0], (kind,), {})(message)
            )
        except Exception:
            error = StudentError(names[0], message)
        error.where = where
        return error


def _replace(value, new: dict):
    """The same containers with some tensors exchanged."""
    if isinstance(value, torch.Tensor):
        return new.get(id(value), value)
    if type(value) in (list, tuple):
        return type(value)(_replace(x, new) for x in value)
    if type(value) is dict:
        return {k: _replace(x, new) for k, x in value.items()}
    return value
