"""What people are asked about, as it is kept: a clip of a trajectory, or a text. Each is named by its content."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass

import numpy as np

from .trajectories import Trajectory


@dataclass(frozen=True)
class Text:
    """A completion of a prompt: what a person compares where there is nothing to see move."""

    prompt: str
    completion: str


def clip_id(clip: Trajectory | Text) -> str:
    """The name of a clip or text is its content: the same one has the same id in every session."""
    digest = hashlib.sha256()
    if isinstance(clip, Text):
        digest.update(json.dumps([clip.prompt, clip.completion]).encode())
    else:
        for x in (clip.obs, clip.acts, clip.states):
            digest.update(b"" if x is None else np.ascontiguousarray(x).tobytes())
    return digest.hexdigest()[:16]


def pack(clip: Trajectory) -> bytes:
    """The clip as the store keeps it. That costs a millisecond, so the newest are remembered: whoever asks packs what they show."""
    if (id := clip_id(clip)) not in _packed:
        if len(_packed) >= 64:
            _packed.pop(next(iter(_packed)), None)
        _packed[id] = _pack(clip)
    return _packed[id]


_packed: dict[str, bytes] = {}


def _pack(clip: Trajectory) -> bytes:
    out = io.BytesIO()
    arrays = dict(obs=clip.obs, acts=clip.acts, rews=clip.rews, terminated=clip.terminated, truncated=clip.truncated)
    np.savez_compressed(out, **arrays, **({} if clip.states is None else {"states": clip.states}))
    return out.getvalue()


def unpack(data: bytes) -> Trajectory:
    arrays = dict(np.load(io.BytesIO(data)))
    return Trajectory(**arrays | {k: bool(arrays[k]) for k in ("terminated", "truncated") if k in arrays})  # older files lack the two
