"""The text of the widgets' JavaScript: the drawers and the widget's own file as one ES module, nothing fetched."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def module(name: str) -> str:
    """The ES module of the widget ``name``: ``envs/draw.js`` followed by ``widgets/<name>.js``."""
    drawers = (HERE.parent / "envs" / "draw.js").read_text(encoding="utf8")
    return drawers + (HERE / f"{name}.js").read_text(encoding="utf8")


def style() -> str:
    return (HERE / "style.css").read_text(encoding="utf8")
