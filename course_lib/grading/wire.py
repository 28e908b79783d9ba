"""What crosses a process boundary, as bytes: numbers, strings, containers, NumPy arrays, tensors, generators, the course's dataclasses.

Written by msgpack and never by pickle: to read a message imports nothing new, makes nothing but data, and runs nobody's code.
"""

from __future__ import annotations

import dataclasses
import importlib
import re

import msgpack
import numpy as np
import torch

# the kinds of msgpack extension
TUPLE, SET, ARRAY, SCALAR, TENSOR, COMPLEX, BIG, SLICE, RANGE = range(9)
DTYPE, SIZE, DEVICE, NUMPY_DTYPE, GENERATOR, TORCH_GENERATOR, MINE, YOURS, DATACLASS = range(9, 18)
DEEPEST = 60  # containers in each other: reading is recursive
ROOMS = r"course_lib\.(envs|data|rl|humans|imitation|irl|preferences|theory_of_mind|language)(\.\w+)*"


def pack(value, own=None) -> tuple[bytes, list[torch.Tensor]]:
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
        if hasattr(type(x), "crosses_back_as"):  # a boundary.Remote: it is the other side's own
            return ext(YOURS, type(x).crosses_back_as(x))
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
            if depth[0] > DEEPEST:
                raise ValueError(f"more than {DEEPEST} containers in each other")
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
            kinds = (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
            generator = np.random.Generator({kind.__name__: kind for kind in kinds}[x[0]]())
            generator.bit_generator.state = x[1]
            return generator
        if code == TORCH_GENERATOR:
            generator = torch.Generator("cpu")
            generator.set_state(torch.frombuffer(bytearray(x[1]), dtype=torch.uint8))
            return generator
        if code == DATACLASS:
            known = re.fullmatch(ROOMS, x[0])
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
