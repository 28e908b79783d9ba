"""Evidence and where it is kept. ``store`` and ``minari`` are imported by name: they bring their own libraries."""

from .trajectories import Comparisons, Demonstrations, Trajectory, clips, compare, split

__all__ = ["Comparisons", "Demonstrations", "Trajectory", "clips", "compare", "split"]
