"""The course's one figure style: Okabe–Ito colours, and dash and marker vary with them.

Figures are drawn on paper of their own (a light card), so that they read the same in a dark theme, and at a size at
which the labels are still legible when the figure is shown at half its width.
"""

from __future__ import annotations

from itertools import cycle

import matplotlib as mpl
import numpy as np
from cycler import cycler

OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
PAPER, INK = "#FBFAF7", "#222222"

STYLE = {
    "figure.facecolor": PAPER, "axes.facecolor": PAPER, "savefig.facecolor": PAPER,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "figure.figsize": (6.4, 3.6), "figure.constrained_layout.use": True,
    "font.size": 12, "axes.titlesize": 12, "axes.labelsize": 12, "legend.fontsize": 11,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#DDD9D0",
    "grid.linewidth": 0.8, "lines.linewidth": 2.0, "lines.markersize": 6, "legend.frameon": False,
    "svg.fonttype": "path", "svg.hashsalt": "course",
    "axes.prop_cycle": cycler(color=OKABE_ITO) + cycler(linestyle=DASHES),
}


def use_style() -> None:
    """Make the style matplotlib's default for this process."""
    mpl.rcParams.update(STYLE)


def marks():
    """Endless (colour, dash, marker) triples in the style's order."""
    return cycle(zip(OKABE_ITO, DASHES, MARKERS))


def band(ax, x, mean, low, high, label: str, mark) -> None:
    """A line with markers and its interval. ``mark`` is a triple from :func:`marks`."""
    colour, dash, marker = mark
    ax.plot(x, mean, color=colour, ls=dash, marker=marker, label=label)
    ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)


def power_guide(ax, x, through, exponent: float, label: str) -> None:
    """A thin line c·x^exponent through the point ``through``, to compare slopes with on log-log axes."""
    x = np.asarray(x, float)
    ax.plot(x, through[1] * (x / through[0]) ** exponent, color="0.55", lw=1, ls=":")
    ax.annotate(label, (x[-1], through[1] * (x[-1] / through[0]) ** exponent), color="0.4", fontsize=10,
                xytext=(3, 0), textcoords="offset points", va="center")
