"""The library behind the course *Learning from Humans*: reference implementations, one algorithm a file.

Importing it imports nothing heavy; each room (``course_lib.rl``, ``course_lib.humans``, …) imports what it needs.
"""

__version__ = "0.1.0"
