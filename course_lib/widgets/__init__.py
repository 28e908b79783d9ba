"""What a person touches."""

from .explorables import Lessons, OffTheData, RatingsExplorer, TightropeExplorer
from .pair_labeler import PairLabeler
from .play import Play

__all__ = ["Lessons", "OffTheData", "PairLabeler", "Play", "RatingsExplorer", "TightropeExplorer"]
