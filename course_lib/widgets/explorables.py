"""Figures to play with. All their logic is in JavaScript, so that they stay alive on a page without a kernel."""

from __future__ import annotations

import anywidget
import numpy as np
import traitlets

from .files import module, style


class TightropeExplorer(anywidget.AnyWidget):
    """Regret on the tightrope as a function of ε and T; drag the point or the sliders."""

    _esm = module("tightrope")
    _css = style()
    epsilon = traitlets.Float(0.01).tag(sync=True)
    horizon = traitlets.Int(30).tag(sync=True)


class OffTheData(anywidget.AnyWidget):
    """Put the car where the expert never was, and watch two drivers take it from there.

    ``offsets`` (K,): starting offsets; ``paths``: for each driver, states (K, T+1, S) of its drive from each offset.
    ``seen``: the offsets between which the expert's demonstrations lie.
    """

    _esm = module("off_the_data")
    _css = style()
    offsets = traitlets.List().tag(sync=True)
    drivers = traitlets.List().tag(sync=True)
    shape = traitlets.List().tag(sync=True)
    states = traitlets.Bytes().tag(sync=True)
    seen = traitlets.List().tag(sync=True)

    def __init__(self, offsets: np.ndarray, paths: dict[str, np.ndarray], seen: tuple[float, float]):
        states = np.stack(list(paths.values())).astype(np.float32)  # (drivers, K, T+1, S)
        if states.shape[1] != len(offsets):
            raise ValueError(f"{len(offsets)} offsets but paths of {states.shape[1]} starts")
        super().__init__(offsets=[float(x) for x in offsets], drivers=list(paths), shape=list(states.shape),
                         states=states.tobytes(), seen=[float(x) for x in seen])


class Lessons(anywidget.AnyWidget):
    """How a walker on a grid walks after lessons by each teacher, for each way of taking what was said.

    ``walks``: {(teacher, learner): states (C, N+1)}, a walk after each of ``after`` (C,) words; then the grid, goals and pits as states.
    """

    _esm = module("lessons")
    _css = style()
    teachers, learners, after = (traitlets.List().tag(sync=True) for _ in range(3))
    rows, columns = (traitlets.Int().tag(sync=True) for _ in range(2))
    goals, pits, shape = (traitlets.List().tag(sync=True) for _ in range(3))
    paths = traitlets.Bytes().tag(sync=True)

    def __init__(self, walks: dict[tuple[str, str], np.ndarray], after, rows: int, columns: int, goals, pits):
        teachers, learners = (list(dict.fromkeys(pair[i] for pair in walks)) for i in range(2))
        paths = np.array([[walks[t, l] for l in learners] for t in teachers], np.uint16)  # (teachers, learners, C, N+1)
        if paths.shape[2] != len(after):
            raise ValueError(f"{len(after)} moments but {paths.shape[2]} walks of each pair")
        super().__init__(teachers=teachers, learners=learners, after=[int(n) for n in after], rows=rows, columns=columns,
                         goals=[int(s) for s in goals], pits=[int(s) for s in pits], shape=list(paths.shape), paths=paths.tobytes())


class RatingsExplorer(anywidget.AnyWidget):
    """Two ratings, the chance that one is preferred, and what one comparison moves."""

    _esm = module("ratings")
    _css = style()
    a = traitlets.Float(1100.0).tag(sync=True)
    b = traitlets.Float(900.0).tag(sync=True)
