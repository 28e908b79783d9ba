"""What a person touches."""

from .explorables import OffTheData, TightropeExplorer
from .pair_labeler import PairLabeler

__all__ = ["OffTheData", "PairLabeler", "TightropeExplorer"]
