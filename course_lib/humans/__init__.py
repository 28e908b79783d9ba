"""Models of the person: each explains evidence (``log_prob``) and simulates it (``label``, ``demonstrate``)."""

from .fit import History, fit
from .partial_return import PartialReturn, bradley_terry_log_prob
from .policy import ActsByPolicy
from .supervisor import Supervisor

__all__ = ["ActsByPolicy", "History", "PartialReturn", "Supervisor", "bradley_terry_log_prob", "fit"]
