"""The studio: the course's widgets in a browser, without a notebook. ``course label`` starts it."""

from .lessons import LESSONS, Lesson, with_texts
from .server import Studio

__all__ = ["LESSONS", "Lesson", "Studio", "with_texts"]
