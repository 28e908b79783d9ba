"""Learning to act from people who act."""

from .bc import behavior_cloning
from .dagger import DAgger, dagger

__all__ = ["DAgger", "behavior_cloning", "dagger"]
