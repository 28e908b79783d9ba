"""The text of the widgets' JavaScript: the drawers and the widget's own file as one ES module, nothing fetched."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def module(name: str) -> str:
    """The ES module of the widget ``name``: ``envs/draw.js``, ``widgets/common.js`` and ``widgets/<name>.js``, one after the other."""
    return "".join(path.read_text(encoding="utf8") for path in (HERE.parent / "envs" / "draw.js", HERE / "common.js", HERE / f"{name}.js"))


def style() -> str:
    return (HERE / "style.css").read_text(encoding="utf8")
