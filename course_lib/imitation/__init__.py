"""Learning to act from people who act."""

from .bc import behavior_cloning

__all__ = ["behavior_cloning"]
