"""The ranker: several clips or texts, put into an order by dragging or by keys.

One ranking holds K (K − 1)/2 comparisons for the work of one look, and Plackett–Luce says how likely it is (``humans/choice.py``;
notebook 06). Modes and care for labels as in the pair labeler.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.data import Trajectory
from course_lib.data.items import Text
from course_lib.data.store import LabelStore
from course_lib.envs import Dynamics

from .files import module, style
from .questions import Questionnaire


class Ranker(Questionnaire):
    """``questions``: tuples of two or more clips of ``world``, or texts (``world`` None)."""

    _esm = module("ranker")
    _css = style()

    def __init__(self, world: Dynamics | None, questions: Sequence[tuple[Trajectory | Text, ...]], store: LabelStore, *, task: str,
                 question: str = "Put the best on top.", annotator: str = "me", mode: str | None = None, seed: int = 0):
        super().__init__(world, questions, store, task=task, question=question, annotator=annotator, mode=mode, seed=seed)

    def rankings(self) -> list[tuple[Trajectory | Text, ...]]:
        """Every question that was ranked, best first."""
        with self._lock:
            return [tuple(self.item[i] for i in e["ranking"].split("-")) for e in self.given if e["ranking"]]

    def simulate(self, utility, n: int | None = None, seed: int = 0) -> None:
        """Let somebody with ``utility(item) → float`` rank the next ``n`` questions (all if None) by Plackett–Luce: Gumbel noise, then
        sort."""
        self._only_in("simulated")
        rng = np.random.default_rng(seed)
        for index in range(len(self.given), len(self.ids) if n is None else len(self.given) + n):
            liked = {i: utility(self.item[i]) + rng.gumbel() for i in self.order[index]}
            self._receive({"type": "answer", "pair": self.ids[index], "order": sorted(liked, key=liked.get, reverse=True)})

    def replay(self, events: Sequence[dict]) -> None:
        """Give recorded rankings (events of the store) again, each to the question it was given to; others are skipped."""
        self._only_in("replay")
        recorded = {e["pair"]: e["ranking"].split("-") for e in events if e["ranking"] and e["pair"] in self.ids}
        last = max((self.ids.index(pair) for pair in recorded), default=-1)
        for index in range(len(self.given), last + 1):
            self._receive({"type": "answer", "pair": self.ids[index], "order": recorded.get(self.ids[index])})

    def _event(self, index: int, message: dict) -> dict:
        order = message.get("order")
        if order is None:
            return dict(event="skip", ranking=None)
        if sorted(order) != sorted(self.order[index]):
            raise ValueError(f"a ranking must hold each of the {len(self.order[index])} options once")
        return dict(event="rank", ranking="-".join(order), left="-".join(self.order[index]))
