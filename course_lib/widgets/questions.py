"""Questions one after the other: what the pair labeler and the ranker have in common.

The kernel is the source of truth: it says which question is current, an answer names the question it belongs to, and the next one is shown
only after the answer is on disk. An answer to any other question is refused and the view set right, so a mashed key, a second tab or a
reloaded page cannot put a label where it does not belong. Undo is an event of its own.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence

import numpy as np
import traitlets

from course_lib.data import Trajectory
from course_lib.data.items import Text, clip_id, pack
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Dynamics, picture

from .asking import Asking

AHEAD = 2  # the question that is shown, and the one that the page has fetched already: these do not change any more


def packed(world: Dynamics, states: np.ndarray) -> tuple[dict, bytes]:
    """A clip (L, S) as a page draws it: what the world's drawer is given; or, where nobody has written one, its own pictures."""
    if world.drawer == "none":
        frames = np.stack([picture(world, s, 160) for s in states])
        return {"frames": list(frames.shape)}, zlib.compress(frames.tobytes(), 1)
    drawn = world.drawn(states)
    return {"shape": list(drawn.shape)}, drawn.tobytes()


class Questionnaire(Asking):
    """``questions``: tuples of clips or texts, in order. Answers given earlier to the same questions by the same annotator (a killed
    kernel,
    another day) are taken up where they stopped. A subclass says what an answer is: ``_event(message) → row``, or None to refuse."""

    fps = traitlets.Int(15).tag(sync=True)

    def __init__(self, world: Dynamics | None, questions: Sequence[tuple[Trajectory | Text, ...]], store: LabelStore, *, task: str,
                 question: str, annotator: str, mode: str | None, seed: int):
        super().__init__(world, store, task=task, annotator=annotator, mode=mode)
        self.question, self.item = question, {}
        self.ids: list[str] = []  # of the questions: the ids of what is compared, joined by "-"
        self.order: list[list[str]] = []  # and the same ids from left to right, as they are laid out
        self.given: list[dict] = []  # the events that stand, in order: one per answered question
        self.answered_at = time.monotonic()  # or, before the first answer, when it was first asked
        self.endless = False  # there is always another question
        self.guess: dict[str, tuple[float | None, int]] = {}  # what a model says of questions to come, having learned from so many answers
        self._rng = np.random.default_rng(seed)
        self._lay_out(questions)
        if self.mode == "live":
            self._take_up()
        self.on_msg(self._on_message)

    def _lay_out(self, questions: Sequence[tuple]) -> list[str]:
        """Append questions that have not been asked here yet; the ids of all."""
        named = []
        for items in questions:
            ids = [clip_id(x) for x in items]
            named.append("-".join(ids))
            if named[-1] not in self.ids:
                self.item |= dict(zip(ids, items))
                self.ids.append(named[-1])
                self.order.append([ids[i] for i in self._rng.permutation(len(ids))])
        return named

    def ask(self, questions: Sequence[tuple], guesses: Sequence[float] = (), learned: int = 0) -> None:
        """Newer questions instead of those that nobody has seen yet; what a model guesses of them, P(first), and how many answers it had
        learned from."""
        with self._lock:
            waited = len(self.given) >= len(self.ids)
            keep = len(self.given) + AHEAD
            del self.ids[keep:], self.order[keep:]
            names = self._lay_out(questions)
            self.guess |= {name: (guess, learned) for name, guess in zip(names, guesses or [None] * len(names))}
            if waited or len(self.ids) - len(self.given) <= AHEAD + 1:
                self._send_current()

    def _items(self, index: int) -> tuple:
        return tuple(self.item[i] for i in self.ids[index].split("-"))

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
                self._send_item(message["clip"])
            elif kind == "ready":
                self._send_current()
            elif kind in ("answer", "undo"):
                try:
                    changed = self._answer(message) if kind == "answer" else self._undo(message.get("done", len(self.given)))
                except StoreError as error:  # not on disk: stay on this question, and say so
                    self.send({"type": "sorry", "text": f"Not saved: {error} Then answer this one again."})
                    return
                self._send_current()
                if changed:
                    self._changed()

    def _answer(self, message: dict) -> bool:
        index = len(self.given)
        if index >= len(self.ids) or message.get("pair") != self.ids[index]:
            return False  # an answer to a question that is not being asked
        took = float(message.get("ms") or 0.0)
        row = self._row(index) | self._event(index, message) | dict(response_ms=took, model_version=self._version(index))
        world = type(self.world).__name__ if self.world is not None else ""
        row["seq"] = self.store.append(**row, items=self._items(index), world=world)  # on disk, or an error: only now the next may be shown
        self.given.append(row)
        self.answered_at = time.monotonic()
        return row["event"] != "skip"

    def _undo(self, done: int) -> bool:
        """Take back the last answer, if the page that asks knows which one that is."""
        if not self.given or done != len(self.given):
            return False
        last = self.given[-1]
        self.store.append(**self._row(len(self.given) - 1) | dict(event="undo", undoes=last["seq"]))
        self.given.pop()
        return last["event"] != "skip"

    def _row(self, index: int) -> dict:
        first, second, *_ = self.ids[index].split("-")
        return self._signed(pair=self.ids[index], first=first, second=second)

    def _take_up(self) -> None:
        """Continue where this annotator stopped: the longest run of these questions that has standing answers."""
        standing = {e["pair"]: e for e in self.store.standing(task=self.task, annotator=self.annotator, kind="human")}
        for pair in self.ids:
            if pair not in standing:
                break
            self.given.append(standing[pair])

    def _version(self, index: int) -> int:
        """How many answers the model has learned from that chose the question, or guesses the answer."""
        return self.guess.get(self.ids[index], (None, sum(e["event"] != "skip" for e in self.given)))[1]

    def _changed(self) -> None:
        """An answer was added or taken back."""

    def _event(self, index: int, message: dict) -> dict:
        raise ValueError("a subclass says what an answer is")

    def _send_item(self, id: str) -> None:
        item = self.item.get(id)
        if isinstance(item, Text):
            self.send({"type": "clip", "id": id, "prompt": item.prompt, "completion": item.completion})
        elif item is not None:
            content, data = packed(self.world, item.states)
            self.send({"type": "clip", "id": id} | content, [data])

    def _send_current(self) -> None:
        done, total = len(self.given), len(self.ids)
        note = {"live": "", "simulated": "A simulated person is answering.", "replay": "Recorded answers."}[self.mode]
        message = dict(type="current", question=self.question, done=done, total=total, note=note, finished=done >= total,
                       endless=self.endless, pair="", next=[])
        if done < total:
            message |= dict(pair=self.ids[done], shown=self.order[done], next=self.order[done + 1] if done + 1 < total else [],
                            words=[self._in_words(self.item[i]) for i in self.order[done]])
        self.send(message | self._more())
        for item in self._items(done) if done < total else ():
            if isinstance(item, Trajectory):
                pack(item)  # while they look at it: storing the answer is then quicker

    def _more(self) -> dict:
        """What a subclass adds to a message about the current question."""
        return {}

    def _in_words(self, item: Trajectory | Text) -> str:
        return item.completion if isinstance(item, Text) else self.world.describe(item.states)
