"""What the agent has become while you label: its newest drive beside its first, three curves, and the buttons of the worker."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import traitlets

from course_lib.envs import Dynamics

from .asking import Answering
from .files import module, style
from .questions import packed


class Watch(Answering):
    """``press(word)`` is called for the buttons: "pause", "go on", "stop", "start". :meth:`tell` shows a state of affairs; the newest one
    is shown to every page that opens later."""

    _esm = module("watch")
    _css = style()
    drawer = traitlets.Unicode().tag(sync=True)
    drawing = traitlets.Dict().tag(sync=True)
    fps = traitlets.Int(15).tag(sync=True)

    def __init__(self, world: Dynamics, first: np.ndarray, press: Callable[[str], None]):
        super().__init__(drawer=world.drawer, drawing=world.drawing)
        self.world, self.press = world, press
        self.drives = {"first": first, "newest": first}
        self.now = dict(state="starting", text="", labels=0, rounds=0, curves={})
        self.on_msg(self._on_message)

    def _on_message(self, _, message: dict, buffers) -> None:
        if message.get("type") == "ready":
            self._send_drives("first", "newest")
            self.tell()
        elif message.get("type") == "press":
            self.press(message.get("word"))

    def tell(self, newest: np.ndarray | None = None, **now) -> None:
        """``state``: starting, training, resting, paused, stopped or failed. ``curves``: name → dict of x, y, low, high, what, level."""
        self.now |= now
        if newest is not None:
            self.drives["newest"] = newest
            self._send_drives("newest")
        self.send(dict(type="now", **self.now))

    def _send_drives(self, *names: str) -> None:
        for name in names:
            content, data = packed(self.world, self.drives[name])
            self.send(dict(type="drive", name=name, words=self.world.describe(self.drives[name])) | content, [data])
