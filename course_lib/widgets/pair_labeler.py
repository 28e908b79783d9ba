"""The pair labeler: two clips or two texts side by side, one key to say which is better.

Modes: ``live`` (a person), ``simulated`` (a model of a person answers through the same messages, stored as such),
``replay`` (recorded answers). Nothing ever waits for a person: what has been answered so far is in ``comparisons()``.
How a label is kept from getting lost or misplaced stands in ``questions.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from course_lib.data import Comparisons, compare
from course_lib.data.store import LabelStore
from course_lib.envs import Dynamics

from .files import module, style
from .questions import Questionnaire

SHOWN = 60  # marks of right and wrong guesses under the clips: the newest


class PairLabeler(Questionnaire):
    """``pairs``: the questions, in order, each two clips of ``world``, or two texts (``world`` None). ``learn(comparisons) → person``:
    refitted after every answer; the person's guess of each coming click is shown and counted."""

    _esm = module("pair_labeler")
    _css = style()

    def __init__(self, world: Dynamics | None, pairs: Sequence[tuple], store: LabelStore, *, task: str,
                 question: str = "Which clip do you prefer?", annotator: str = "me", mode: str | None = None,
                 learn: Callable[[Comparisons], object] | None = None, seed: int = 0):
        self.learn, self.person, self.trouble = learn, None, ""  # what has been learned so far, or why not
        super().__init__(world, pairs, store, task=task, question=question, annotator=annotator, mode=mode, seed=seed)
        self._changed()

    # ---- what a notebook asks -------------------------------------------------------------------------------

    def comparisons(self) -> Comparisons | None:
        """Every answered pair of clips with its answer (skips left out), or None if there is none yet."""
        if self.world is None:
            raise TypeError("texts were compared here: course_lib.data.exchange.preferences(store) has what was preferred to what")
        with self._lock:
            rows = [(self.item[e["first"]], self.item[e["second"]], e["choice"]) for e in self.given if e["choice"] is not None]
        return compare([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]) if rows else None

    @property
    def guesses(self) -> list[bool | None]:
        """Of each answer: was the model's guess of it right? None where it made none, or the answer was no choice."""
        return [None if e["guess"] is None or e["choice"] not in (0, 1) else bool((e["guess"] > 0.5) == e["choice"]) for e in self.given]

    def simulate(self, person, n: int | None = None, seed: int = 0) -> None:
        """Let a model of a person answer the next ``n`` pairs (all if None), as if they pressed the keys."""
        self._only_in("simulated")
        rng = np.random.default_rng(seed)
        for index in range(len(self.given), len(self.ids) if n is None else len(self.given) + n):
            self._say(index, person.label(compare(*([c] for c in self._items(index))), rng).choice[0])

    def replay(self, events: Sequence[dict]) -> None:
        """Give recorded answers (from ``store.answers``) again, each to the pair it was given to; others are skipped."""
        self._only_in("replay")
        recorded = {e["pair"]: e["choice"] for e in events if e["pair"] in self.ids}
        last = max((self.ids.index(pair) for pair in recorded), default=-1)
        for index in range(len(self.given), last + 1):
            self._say(index, recorded.get(self.ids[index]))

    # ---- an answer ------------------------------------------------------------------------------------------------

    def _say(self, index: int, choice: float | None) -> None:
        """Answer as a person would who presses keys."""
        side = {None: "skip", 0.5: "tie"}.get(choice, "left" if (choice == 1) == self._first_is_left(index) else "right")
        self._receive({"type": "answer", "pair": self.ids[index], "side": side, "ms": 0.0})

    def _first_is_left(self, index: int) -> bool:
        return self.order[index][0] == self.ids[index].split("-")[0]

    def _event(self, index: int, message: dict) -> dict:
        side, first_is_left = message.get("side"), self._first_is_left(index)
        if side not in ("left", "right", "tie", "skip"):
            raise ValueError(f"unknown answer {side!r}")
        choice = {"tie": 0.5, "skip": None}.get(side, float((side == "left") == first_is_left))
        guess = self.guess.get(self.ids[index], (None,))[0]
        if self.person is not None:  # it has seen the newest answers
            try:
                guess = float(np.mean(self.person.prefers_first(compare(*([c] for c in self._items(index))))))
            except Exception as error:  # whatever a learner's own function may raise: the answer is stored all the same
                guess, self.trouble = None, f"The model could not guess ({error}); your answers are saved."
        event = side if side in ("tie", "skip") else "label"
        return dict(event=event, choice=choice, guess=guess, left="first" if first_is_left else "second")

    def _changed(self) -> None:
        """Refit. A model that cannot be fitted must not stand in the way of the labels, which are on disk already."""
        try:
            data = self.comparisons() if self.learn else None
            self.person, self.trouble = self.learn(data) if data else None, ""
        except Exception as error:  # whatever a learner's own function may raise
            self.person, self.trouble = None, f"The model could not be fitted ({error}); your answers are saved."

    def _more(self) -> dict:
        guesses, done = [g for g in self.guesses if g is not None], len(self.given)
        if guesses:
            verdict = (f"The model guessed {sum(guesses)} of your {len(guesses)} choices before you made them "
                       f"(chance: {len(guesses) / 2:g}).")
        else:
            verdict = (f"The model has learned from {done} answers you gave before." if done > 1 else
                       "The model will start guessing after your first answer.")
        return dict(guesses=self.guesses[-SHOWN:], verdict=self.trouble or (verdict if self.learn or guesses else ""))
