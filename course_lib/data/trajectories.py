"""Evidence that people leave: trajectories (what they did) and comparisons (which of two clips they chose).

Arrays, not tensors; time comes first. A trajectory of T steps has T + 1 observations, and keeps apart the two ways in
which it can end: ``terminated`` (the world ended it, nothing follows) and ``truncated`` (the clock did).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from gymnasium import Space


@dataclass(frozen=True)
class Trajectory:
    """``obs`` (T+1, ...), ``acts`` (T, ...), ``rews`` (T,), and ``states`` (T+1, S) where the world can be redrawn.

    Raises ``ValueError`` naming the array and the step if it is empty, of unequal length, or holds NaN or infinity.
    """

    obs: np.ndarray
    acts: np.ndarray
    rews: np.ndarray
    terminated: bool = False
    truncated: bool = True
    states: np.ndarray | None = None

    def __post_init__(self):
        for name in ("obs", "acts", "rews", "states"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name)))
        T = len(self.acts)
        if T == 0:
            raise ValueError("this trajectory is empty (no actions): leave it out, or record it again")
        for name, want in (("obs", T + 1), ("rews", T), ("states", T + 1)):
            x = getattr(self, name)
            if x is not None and len(x) != want:
                raise ValueError(f"{name} has length {len(x)}; with {T} actions it must have {want} "
                                 "(observations include the one after the last action)")
        for name in ("obs", "acts", "rews", "states"):
            x = getattr(self, name)
            if x is not None and x.dtype.kind == "f" and not np.isfinite(x).all():
                t = int(np.argwhere(~np.isfinite(x))[0][0])
                raise ValueError(f"{name} is NaN or infinite at step {t}: drop this trajectory or record it again")

    def __len__(self) -> int:
        return len(self.acts)

    @property
    def total(self) -> float:
        """Undiscounted return."""
        return float(self.rews.sum())


@dataclass(frozen=True)
class Demonstrations(Sequence):
    """A list of trajectories by one demonstrator."""

    trajectories: tuple[Trajectory, ...]

    def __post_init__(self):
        object.__setattr__(self, "trajectories", tuple(self.trajectories))
        if not self.trajectories:
            raise ValueError("no trajectories: a demonstrator who shows nothing teaches nothing")

    def __len__(self):
        return len(self.trajectories)

    def __getitem__(self, i):
        return Demonstrations(self.trajectories[i]) if isinstance(i, slice) else self.trajectories[i]

    def flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every state-action pair: ``obs`` (N, ...), ``acts`` (N, ...), and the trajectory (N,) each came from."""
        obs = np.concatenate([t.obs[:-1] for t in self.trajectories])
        acts = np.concatenate([t.acts for t in self.trajectories])
        return obs, acts, np.repeat(np.arange(len(self)), [len(t) for t in self.trajectories])

    def check(self, observation_space: Space, action_space: Space) -> Demonstrations:
        """Itself, or ``ValueError`` that says which array does not belong to the spaces and what to do."""
        for i, t in enumerate(self.trajectories):
            for name, x, space in (("observation", t.obs, observation_space), ("action", t.acts, action_space)):
                want = () if space.shape is None else space.shape
                if x.shape[1:] != want:
                    raise ValueError(
                        f"trajectory {i}: {name}s have shape {x.shape[1:]}, this environment's have {want} ({space}). "
                        "These demonstrations were recorded in another environment: load them with that one, or "
                        "record new ones here.")
                if hasattr(space, "n") and (x.dtype.kind not in "iu" or x.min() < space.start
                                            or x.max() >= space.start + space.n):
                    raise ValueError(f"trajectory {i}: {name}s must be integers from {space.start} to "
                                     f"{space.start + space.n - 1}, found {x.dtype} in [{x.min()}, {x.max()}]. "
                                     "Was it recorded with continuous actions?")
        return self


def split(groups: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which rows are held out, (N,) bool: about ``share`` of the *groups*, and always whole ones.

    Steps of one trajectory resemble each other, so a split by step lets the answers leak into the question sheet.
    Pass ``np.arange(N)`` as groups to split by row. At least one group is held out and at least one is kept.
    """
    names = np.unique(groups)
    if len(names) < 2:
        raise ValueError("one group only: nothing can be held out. Record a second trajectory, or pass held_out=0")
    k = int(np.clip(round(share * len(names)), 1, len(names) - 1))
    return np.isin(groups, rng.choice(names, k, replace=False))


@dataclass(frozen=True)
class Comparisons:
    """N questions "which of these two clips?": clips of L steps, and the answers.

    ``obs`` (N, 2, L, d), ``acts`` (N, 2, L, k) or (N, 2, L), ``choice`` (N,): the probability the person gave to the
    first clip: 1.0, 0.0, or 0.5 for "the same". ``choice`` is None for a question not yet asked.
    """

    obs: np.ndarray
    acts: np.ndarray
    choice: np.ndarray | None = None

    def __post_init__(self):
        if self.obs.shape[:3] != self.acts.shape[:3] or self.obs.shape[1] != 2:
            raise ValueError(f"obs must be (N, 2, L, d) and acts (N, 2, L, ...) with the same N and L, "
                             f"got {self.obs.shape} and {self.acts.shape}")
        if self.choice is not None and (len(self.choice) != len(self.obs) or not np.isin(self.choice, [0, .5, 1]).all()):
            raise ValueError("choice must be one of 1 (first), 0 (second), 0.5 (the same) for every question")

    def __len__(self):
        return len(self.obs)

    def __getitem__(self, rows) -> Comparisons:
        return Comparisons(self.obs[rows], self.acts[rows], None if self.choice is None else self.choice[rows])


def clips(trajectories: Iterable[Trajectory], length: int, rng: np.random.Generator, per: int = 1) -> list[Trajectory]:
    """``per`` random pieces of ``length`` steps from each trajectory. Each keeps its states, so it can be redrawn."""
    out = []
    for t in trajectories:
        if len(t) < length:
            raise ValueError(f"a clip of {length} steps does not fit in a trajectory of {len(t)}")
        for start in rng.integers(0, len(t) - length + 1, per):
            piece, ends = slice(start, start + length), start + length == len(t)
            states = None if t.states is None else t.states[start:start + length + 1]
            out.append(Trajectory(t.obs[start:start + length + 1], t.acts[piece], t.rews[piece],
                                  t.terminated and ends, t.truncated or not ends, states))
    return out


def compare(first: Sequence[Trajectory], second: Sequence[Trajectory], choice=None) -> Comparisons:
    """Clips paired one to one, as arrays. All must have the same length."""
    if len({len(c) for c in (*first, *second)}) != 1:
        raise ValueError("all clips of a comparison must have the same number of steps: cut them with clips()")
    stack = lambda get: np.stack([[get(a), get(b)] for a, b in zip(first, second, strict=True)])
    return Comparisons(stack(lambda c: c.obs[:-1]), stack(lambda c: c.acts),
                       None if choice is None else np.asarray(choice, float))
