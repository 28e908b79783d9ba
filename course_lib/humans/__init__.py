"""Models of the person: each explains evidence (``log_prob``) and simulates it (``label``, ``demonstrate``)."""

from .fit import History, fit
from .partial_return import PartialReturn, bradley_terry_log_prob
from .policy import ActsByPolicy

__all__ = ["ActsByPolicy", "History", "PartialReturn", "bradley_terry_log_prob", "fit"]
