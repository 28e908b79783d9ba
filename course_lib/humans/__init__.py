"""Models of the person: each explains evidence (``log_prob``) and simulates it (``label``, ``demonstrate``)."""

from .fit import History, fit
from .partial_return import PartialReturn, bradley_terry_log_prob
from .policy import ActsByPolicy
from .rater import Raters, Ratings
from .supervisor import Supervisor
from .teacher import Teacher
from .trainers import Trainer

__all__ = ["ActsByPolicy", "History", "PartialReturn", "Raters", "Ratings", "Supervisor", "Teacher", "Trainer",
           "bradley_terry_log_prob", "fit"]
