"""Calling functions across a process boundary, by data alone: tests on one side, a student's code on the other.

What crosses is numbers, strings, containers, NumPy arrays, tensors, random generators and the course's own dataclasses, written by
msgpack and never by pickle: to read a message runs nobody's code. Anything else stays where it is, and a ``Remote`` stands for it.
Two things make a call look like a call in one process: a gradient goes back through it (a ``torch.autograd.Function`` asks
the other side for the vector-Jacobian product, of any order), and what was raised there is raised here, as a built-in exception of the same
kind. Two things do not happen, on purpose: arguments are copies, so nobody can change a test's numbers after it has made them; and a
``Remote`` does not compare or add on the other side, so an object that claims to equal everything equals nothing here.
"""

from __future__ import annotations

import builtins
import dataclasses
import importlib
import re

import msgpack
import numpy as np
import torch

LARGEST = 512 * 2**20  # bytes of one message

(
    TUPLE,
    SET,
    ARRAY,
    SCALAR,
    TENSOR,
    COMPLEX,
    BIG,
    SLICE,
    RANGE,
    DTYPE,
    SIZE,
    DEVICE,
    NUMPY_DTYPE,
    GENERATOR,
    TORCH_GENERATOR,
    MINE,
    YOURS,
    DATACLASS,
) = range(18)


class StudentError(Exception):
    """Raised by a student's code, and of a kind that has no counterpart here. ``args``: (name of the kind, message)."""

    def __str__(self):
        return f"{self.args[0]}: {self.args[1]}" if len(self.args) == 2 else super().__str__()


class Gone(BaseException):
    """The other side has ended, or says nothing any more. No ``except Exception`` of a test catches it."""


def pack(value, own=None, yours=None) -> tuple[bytes, list[torch.Tensor]]:
    """(bytes, the tensors in it that require a gradient, in order). ``own(object)`` numbers what cannot cross, or raises ``TypeError``."""
    wants: list[torch.Tensor] = []

    def other(x):
        if isinstance(x, torch.Tensor):
            if x.layout is not torch.strided or x.is_quantized:
                raise TypeError(f"a {x.layout} tensor cannot cross; use .to_dense()")
            number = -1
            if x.requires_grad:
                number = len(wants)
                wants.append(x)
            raw = None if x.device.type == "meta" else _bytes(x)
            return ext(TENSOR, [str(x.dtype).removeprefix("torch."), list(x.shape), raw, str(x.device), number])
        if isinstance(x, np.ndarray):
            if x.dtype.hasobject or x.dtype.fields:
                raise TypeError(f"an array of dtype {x.dtype} cannot cross; use numbers or strings")
            return ext(ARRAY, [x.dtype.str, list(x.shape), x.tobytes()])
        if isinstance(x, np.generic) and not x.dtype.hasobject and not x.dtype.fields:
            return ext(SCALAR, [x.dtype.str, x.tobytes()])
        if isinstance(x, torch.Size):
            return ext(SIZE, list(x))
        if isinstance(x, (set, frozenset)):
            return ext(SET, [isinstance(x, frozenset), sorted(x, key=repr)])
        if isinstance(x, tuple):
            return ext(TUPLE, list(x))
        for kind in (bool, int, float, str, bytes, list, dict):  # subclasses cross as what they are underneath
            if isinstance(x, kind):
                return ext(BIG, str(int(x))) if kind is int and not -(2**63) <= int(x) < 2**64 else kind(x)
        if isinstance(x, complex):
            return ext(COMPLEX, [x.real, x.imag])
        if isinstance(x, slice):
            return ext(SLICE, [x.start, x.stop, x.step])
        if isinstance(x, range):
            return ext(RANGE, [x.start, x.stop, x.step])
        if isinstance(x, torch.dtype):
            return ext(DTYPE, str(x).removeprefix("torch."))
        if isinstance(x, torch.device):
            return ext(DEVICE, str(x))
        if isinstance(x, np.dtype):
            return ext(NUMPY_DTYPE, x.str)
        if isinstance(x, np.random.Generator):
            state = x.bit_generator.state
            return ext(GENERATOR, [state["bit_generator"], state])
        if isinstance(x, torch.Generator):
            return ext(TORCH_GENERATOR, [str(x.device), x.get_state().numpy().tobytes()])
        if isinstance(x, Remote):
            return ext(YOURS, x._number)
        if dataclasses.is_dataclass(x) and not isinstance(x, type) and type(x).__module__.startswith("course_lib."):
            return ext(
                DATACLASS, [type(x).__module__, type(x).__qualname__, [getattr(x, f.name) for f in dataclasses.fields(x) if f.init]]
            )
        if own is None:
            raise TypeError(f"a {type(x).__name__} cannot cross; use numbers, strings, lists, dicts, arrays or tensors")
        return ext(MINE, own(x))

    def ext(code, inner):
        return msgpack.ExtType(code, msgpack.packb(inner, default=other, strict_types=True))

    return msgpack.packb(value, default=other, strict_types=True), wants


def unpack(raw: bytes, remote=None, mine=None, grad: bool = True) -> tuple[object, list[torch.Tensor]]:
    """(value, the tensors in it that require a gradient, in order). ``remote(number)`` stands for what stayed there;
    ``mine(number)`` is what stayed here."""
    wants: dict[int, torch.Tensor] = {}

    depth = [0]

    def read(code, inner):
        depth[0] += 1
        try:
            if depth[0] > 60:
                raise ValueError("more than 60 containers in each other")
            return _read(code, inner)
        finally:
            depth[0] -= 1

    def _read(code, inner):
        x = msgpack.unpackb(inner, ext_hook=read, strict_map_key=False)
        if code == TENSOR:
            dtype, shape, data, device, number = x
            dtype = getattr(torch, dtype)
            if data is None:
                tensor = torch.empty(shape, dtype=dtype, device="meta")
            else:
                tensor = (torch.frombuffer(bytearray(data), dtype=dtype) if data else torch.empty(0, dtype=dtype)).reshape(shape)
                if device.startswith("cuda") and torch.cuda.is_available():
                    tensor = tensor.to(device)
            if number >= 0 and grad:
                wants[number] = tensor.requires_grad_()
            return tensor
        if code == ARRAY:
            return np.frombuffer(bytearray(x[2]), np.dtype(x[0])).reshape(x[1])
        if code == SCALAR:
            return np.frombuffer(x[1], np.dtype(x[0]))[0]
        if code == GENERATOR:
            generator = np.random.Generator(
                {
                    "PCG64": np.random.PCG64,
                    "PCG64DXSM": np.random.PCG64DXSM,
                    "MT19937": np.random.MT19937,
                    "Philox": np.random.Philox,
                    "SFC64": np.random.SFC64,
                }[x[0]]()
            )
            generator.bit_generator.state = x[1]
            return generator
        if code == TORCH_GENERATOR:
            generator = torch.Generator("cpu")
            generator.set_state(torch.frombuffer(bytearray(x[1]), dtype=torch.uint8))
            return generator
        if code == DATACLASS:
            known = re.fullmatch(
                r"course_lib\.(envs|data|rl|humans|imitation|irl|preferences|theory_of_mind|language)(\.\w+)*", x[0]
            )
            kind = getattr(importlib.import_module(x[0]), x[1], None) if known else None
            if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
                raise TypeError(f"{x[0]}.{x[1]} is no dataclass of the course")
            return kind(**dict(zip([f.name for f in dataclasses.fields(kind) if f.init], x[2])))
        simple = {
            TUPLE: tuple,
            BIG: int,
            SIZE: torch.Size,
            NUMPY_DTYPE: np.dtype,
            DEVICE: torch.device,
            RANGE: lambda y: range(*y),
            SLICE: lambda y: slice(*y),
            COMPLEX: lambda y: complex(*y),
            SET: lambda y: (frozenset if y[0] else set)(y[1]),
            DTYPE: lambda y: next(d for d in [getattr(torch, y)] if isinstance(d, torch.dtype)),
            MINE: remote,
            YOURS: mine,
        }
        return simple[code](x)

    value = msgpack.unpackb(raw, ext_hook=read, strict_map_key=False)
    return value, [wants[i] for i in sorted(wants)]


def _bytes(x: torch.Tensor) -> bytes:
    flat = torch.empty(x.numel(), dtype=x.dtype)
    flat.copy_(x.detach().reshape(-1))  # whatever its strides, device and conjugation were
    return flat.view(torch.uint8).numpy().tobytes() if len(flat) else b""


class Remote:
    """Something that lives on the other side. It can be called, looked into and gone through; what comes back is data, or
    another ``Remote``."""

    def __init__(self, peer: Peer, number, name: str = "object"):
        self.__dict__.update(_peer=peer, _number=number, __name__=name)

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
