"""What a person touches."""

from .explorables import Lessons, OffTheData, RatingsExplorer, TightropeExplorer
from .live import Live
from .pair_labeler import PairLabeler
from .play import Play
from .ranker import Ranker
from .two_buttons import TwoButtons

__all__ = ["Lessons", "Live", "OffTheData", "PairLabeler", "Play", "Ranker", "RatingsExplorer", "TightropeExplorer",
           "TwoButtons"]
