"""The pair labeler: two clips side by side, one key to say which is better.

The kernel is the source of truth: it says which pair is current, an answer names the pair it belongs to, and the next
pair is shown only after the answer is on disk. An answer to any other pair is refused and the view set right, so a mashed
key, a second tab or a reloaded page cannot put a label where it does not belong. Undo is an event of its own.

Modes: ``live`` (a person), ``simulated`` (a model of a person answers through the same messages, stored as such),
``replay`` (recorded answers). Nothing ever waits for a person: what has been answered so far is in ``comparisons()``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import traitlets

from course_lib.data import Comparisons, Trajectory, compare
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Dynamics

from .asking import Asking
from .files import module, style


class PairLabeler(Asking):
    """``pairs``: the questions, in order. ``learn(comparisons) → person``: refitted after every answer; the person's guess
    of each coming click is shown and counted. Answers given earlier to the same questions by the same annotator
    (a killed kernel, another day) are taken up where they stopped."""

    _esm = module("pair_labeler")
    _css = style()
    fps = traitlets.Int(15).tag(sync=True)

    def __init__(self, world: Dynamics, pairs: Sequence[tuple[Trajectory, Trajectory]], store: LabelStore, *, task: str,
                 question: str = "Which clip do you prefer?", annotator: str = "me", mode: str | None = None,
                 learn: Callable[[Comparisons], object] | None = None, seed: int = 0):
        super().__init__(world, store, task=task, annotator=annotator, mode=mode)
        self.pairs, self.question, self.learn = list(pairs), question, learn
        self.person, self.trouble = None, ""  # what has been learned so far, or why not
        ids = store.keep([c for pair in self.pairs for c in pair], type(world).__name__)
        self.clip = dict(zip(ids, (c for pair in self.pairs for c in pair)))
        self.ids = [f"{a}-{b}" for a, b in zip(ids[::2], ids[1::2])]
        left = np.random.default_rng(seed).integers(2, size=len(pairs))
        self.left = [("first", "second")[i] for i in left]
        self.given: list[dict] = []  # the events that stand, in order: one per answered pair
        self.guesses: list[bool | None] = []
        if self.mode == "live":
            self._take_up()
        self.on_msg(self._on_message)

    # ---- what a notebook asks -------------------------------------------------------------------------------

    def comparisons(self) -> Comparisons | None:
        """Every answered pair with its answer (skips left out), or None if there is none yet."""
        with self._lock:
            rows = [(self.pairs[self.ids.index(e["pair"])], e["choice"]) for e in self.given if e["choice"] is not None]
        return compare([p[0] for p, _ in rows], [p[1] for p, _ in rows], [c for _, c in rows]) if rows else None

    def simulate(self, person, n: int | None = None, seed: int = 0) -> None:
        """Let a model of a person answer the next ``n`` pairs (all if None), as if they pressed the keys."""
        self._only_in("simulated")
        rng = np.random.default_rng(seed)
        for index in range(len(self.given), len(self.pairs) if n is None else len(self.given) + n):
            first = person.label(compare(*([c] for c in self.pairs[index])), rng).choice[0] == 1
            side = "left" if first == (self.left[index] == "first") else "right"
            self._receive({"type": "answer", "pair": self.ids[index], "side": side, "ms": 0.0})

    def replay(self, events: Sequence[dict]) -> None:
        """Give recorded answers (from ``store.answers``) again, each to the pair it was given to; others are skipped."""
        self._only_in("replay")
        recorded = {e["pair"]: e["choice"] for e in events if e["pair"] in self.ids}
        last = max((self.ids.index(pair) for pair in recorded), default=-1)
        for index in range(len(self.given), last + 1):
            pair, choice = self.ids[index], recorded.get(self.ids[index])
            side = "skip" if choice is None else "tie" if choice == 0.5 else (
                "left" if (choice == 1) == (self.left[index] == "first") else "right")
            self._receive({"type": "answer", "pair": pair, "side": side, "ms": 0.0})

    # ---- messages -----------------------------------------------------------------------------------------------

    def _on_message(self, _, message: dict, buffers) -> None:
        """Runs on whichever thread the kernel chooses. Where nobody is asked, what is pressed must not be stored as a model's answer."""
        asked = self.mode == "live" or message.get("type") not in ("answer", "undo")
        self._receive(message if asked else {"type": "ready"})

    def _receive(self, message: dict) -> None:
        """One message as a whole: the lock keeps others out meanwhile."""
        with self._lock:
            kind = message.get("type")
            if kind == "need":
                self._send_clip(message["clip"])
            elif kind == "ready":
                self._send_current()
            elif kind in ("answer", "undo"):
                try:
                    changed = self._answer(message) if kind == "answer" else self._undo()
                except StoreError as error:  # not on disk: stay on this pair, and say so
                    self.send({"type": "sorry", "text": f"Not saved: {error} Then answer this pair again."})
                    return
                self._send_current()
                if changed:
                    self._relearn()

    def _answer(self, message: dict) -> bool:
        index, side = len(self.given), message.get("side")
        if index >= len(self.pairs) or message.get("pair") != self.ids[index]:
            return False  # an answer to a question that is not being asked
        if side not in ("left", "right", "tie", "skip"):
            raise ValueError(f"unknown answer {side!r}")
        first = (side == "left") == (self.left[index] == "first")
        choice = {"tie": 0.5, "skip": None}.get(side, float(first))
        event = {"tie": "tie", "skip": "skip"}.get(side, "label")
        guess = None
        if self.person is not None and event == "label":
            guess = bool((self.person.prefers_first(compare(*([c] for c in self.pairs[index])))[0] > 0.5) == first)
        row = self._row(index, event) | dict(choice=choice, response_ms=float(message.get("ms") or 0.0),
                                             model_version=sum(e["choice"] is not None for e in self.given))
        row["seq"] = self.store.append(**row)  # on disk, or an error: only now may the next pair be shown
        self.given.append(row)
        self.guesses.append(guess)
        return event != "skip"

    def _undo(self) -> bool:
        if not self.given:
            return False
        last = self.given[-1]
        self.store.append(**self._row(len(self.given) - 1, "undo"), undoes=last["seq"])
        self.given.pop()
        self.guesses.pop()
        return last["choice"] is not None

    def _row(self, index: int, event: str) -> dict:
        first, second = self.ids[index].split("-")
        return self._signed(event=event, pair=self.ids[index], first=first, second=second, left=self.left[index])

    def _take_up(self) -> None:
        """Continue where this annotator stopped: the longest run of these pairs that has standing answers."""
        standing = {e["pair"]: e for e in self.store.standing(task=self.task, annotator=self.annotator, kind="human")}
        for pair in self.ids:
            if pair not in standing:
                break
            self.given.append(standing[pair])
            self.guesses.append(None)
        self._relearn()

    def _relearn(self) -> None:
        """Refit. A model that cannot be fitted must not stand in the way of the labels, which are on disk already."""
        data = self.comparisons() if self.learn else None
        try:
            self.person, self.trouble = self.learn(data) if data else None, ""
        except Exception as error:  # whatever a learner's own function may raise
            self.person, self.trouble = None, f"The model could not be fitted ({error}); your answers are saved."

    def _send_clip(self, id: str) -> None:
        if id in self.clip:
            states = np.ascontiguousarray(self.clip[id].states, np.float32)
            self.send({"type": "clip", "id": id, "shape": list(states.shape)}, [states.tobytes()])

    def _sides(self, index: int) -> list[str]:
        first, second = self.ids[index].split("-")
        return [first, second] if self.left[index] == "first" else [second, first]

    def _send_current(self) -> None:
        done, total = len(self.given), len(self.pairs)
        guesses = [g for g in self.guesses if g is not None]
        verdict = (f"The model guessed {sum(guesses)} of your {len(guesses)} choices before you made them "
                   f"(chance: {len(guesses) / 2:g}).") if guesses else (
            f"The model has learned from {done} answers you gave before." if done > 1 else
            "The model will start guessing after your first answer.")
        people = {"live": f"Saved in {self.store.path}", "simulated": "A simulated person is answering",
                  "replay": "Recorded answers"}[self.mode]
        message = dict(type="current", question=self.question, done=done, total=total, guesses=self.guesses,
                       verdict=self.trouble or (verdict if self.learn else ""), note=people, finished=done >= total, pair="", next=[])
        if done < total:
            left, right = self._sides(done)
            following = self._sides(done + 1) if done + 1 < total else []
            words = [self.world.describe(self.clip[id].states) for id in (left, right)]
            message |= dict(pair=self.ids[done], left=left, right=right, next=following, words=words)
        self.send(message)
