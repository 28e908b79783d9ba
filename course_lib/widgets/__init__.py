"""What a person touches."""

from .explorables import OffTheData, TightropeExplorer
from .pair_labeler import PairLabeler
from .play import Play

__all__ = ["OffTheData", "PairLabeler", "Play", "TightropeExplorer"]
