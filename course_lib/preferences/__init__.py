"""Learning what people want from what they choose."""

from .desk import Desk, Unhurried
from .queries import disagreement, information_gain, pair_up
from .reward_model import Committee
from .rlhp import Learned, learn_from_preferences, practise_anew

__all__ = ["Committee", "Desk", "Learned", "Unhurried", "disagreement", "information_gain", "learn_from_preferences", "pair_up",
           "practise_anew"]
