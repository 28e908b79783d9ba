"""What every widget is made of: its JavaScript as one ES module, nothing fetched, and messages that are answered at once."""

from __future__ import annotations

from pathlib import Path

import anywidget

HERE = Path(__file__).parent


def module(name: str) -> str:
    """The ES module of the widget ``name``: ``envs/draw.js`` followed by ``widgets/<name>.js``."""
    drawers = (HERE.parent / "envs" / "draw.js").read_text(encoding="utf8")
    return drawers + (HERE / f"{name}.js").read_text(encoding="utf8")


def style() -> str:
    return (HERE / "style.css").read_text(encoding="utf8")


class Answering(anywidget.AnyWidget):
    """A widget that answers while a cell is running.

    JupyterLab sends a widget's messages to a subshell of the kernel, which is free while the main one runs a cell. ipykernel (7.4) sends
    them instead to whichever shell published last on the widget's comm, and a new widget was published by the cell that made it: its
    messages would wait until every cell is done. So what ipykernel remembers is forgotten after each publication.
    """

    def open(self):
        super().open()
        self._forget_who_published()

    def _send(self, msg, buffers=None):
        super()._send(msg, buffers)
        self._forget_who_published()

    def _forget_who_published(self):
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)
