"""Where questions wait for a person, and nobody waits for anybody: the asynchronous half of RL from human preferences.

The learner lays its questions on the desk and takes with it whatever has been answered since; the person comes when they like and finds
the newest question on top. Give the desk to :func:`.rlhp.learn_from_preferences` as the person, with many short rounds. Source:
Christiano et al. (2017), §2.2, three processes that run asynchronously. Left out: several people at one desk.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from course_lib.data import Comparisons


class Desk:
    """May be used from several threads at once. ``most``: beyond so many, the oldest questions are taken away (they show an agent of
    long ago). What is answered after the learner's last visit lies in ``answered``. Not saved with a run: keep answers in a label store."""

    def __init__(self, most: int = 20):
        if most < 1:
            raise ValueError(f"a desk has room for at least one question, not {most}")
        self.most, self.waiting, self.answered, self.asked, self.lock = most, {}, [], 0, threading.Lock()

    def label(self, questions: Comparisons, rng=None) -> Comparisons:
        """The learner's side: leave questions, take what was answered meanwhile (perhaps nothing, perhaps answers to earlier questions)."""
        with self.lock:
            for other in (*self.waiting.values(), *self.answered):
                if other.obs.shape[1:] != questions.obs.shape[1:]:
                    raise ValueError(f"clips of {other.obs.shape[2]} steps lie on this desk, these have {questions.obs.shape[2]}: "
                                     "use another desk for another kind of clip")
            for i in range(len(questions)):
                self.waiting[self.asked] = questions[i:i + 1]
                self.asked += 1
            for old in sorted(self.waiting)[:-self.most]:
                del self.waiting[old]
            taken = [replace(questions[:0], choice=np.zeros(0)), *self.answered]
            answers = Comparisons(*(np.concatenate([getattr(q, x) for q in taken]) for x in ("obs", "acts", "choice")))
            self.answered = []
        return answers

    def newest(self) -> tuple[int, Comparisons] | None:
        """The person's side: the number of the question that was asked last, and the question; None if there is none."""
        with self.lock:
            return max(self.waiting.items(), key=lambda item: item[0], default=None)

    def answer(self, number: int, choice: float | None) -> bool:
        """1 (first), 0 (second), 0.5 (the same), or None to skip. False if that question is no longer there: nothing was recorded."""
        if choice not in (1, 0, 0.5, None):
            raise ValueError(f"an answer is 1, 0, 0.5, or None to skip, not {choice!r}")
        with self.lock:
            question = self.waiting.pop(number, None)
            if question is not None and choice is not None:
                self.answered.append(replace(question, choice=np.array([float(choice)])))
        return question is not None


class Unhurried:
    """``person``, who answers ``pace`` questions between two visits of the learner, the newest first: asynchronous, yet repeatable."""

    def __init__(self, person, pace: int, most: int = 20):
        self.person, self.pace, self.desk = person, pace, Desk(most)

    def label(self, questions: Comparisons, rng: np.random.Generator) -> Comparisons:
        for _ in range(self.pace):
            if (top := self.desk.newest()) is None:
                break
            said = self.person.label(top[1], rng)
            self.desk.answer(top[0], float(said.choice[0]) if len(said) else None)
        return self.desk.label(questions)
