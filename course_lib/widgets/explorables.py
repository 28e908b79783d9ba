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
