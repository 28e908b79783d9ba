"""Learning to act from people who act."""

from .bc import behavior_cloning
from .dagger import DAgger, dagger
from .smile import Smile, smile

__all__ = ["DAgger", "Smile", "behavior_cloning", "dagger", "smile"]
