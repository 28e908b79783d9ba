"""Train the dog with two buttons: it walks, you say "good" or "bad", and it tries to please you (TAMER).

    the page shows step k and asks for the next one in time  →  you press a button while some step is on the screen
    →  the word goes, with the step it was said at and how long that had been shown, to the steps it may be about (``tamer.credit``)

Each word is stored with the last steps before it and the share of it that fell to each, so it can be learned from again by anybody. Undo
takes back the last word; what the dog knows is always what the words that stand have taught it. Modes as in the pair labeler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import traitlets
from scipy import stats

from course_lib.data import Trajectory
from course_lib.data.items import clip_id
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import TabularDynamics
from course_lib.preferences.tamer import credit, pleases_most, tamer_update
from course_lib.rl.rollouts import rollout

from .asking import Asking
from .files import module, style

# A step is shown for 0.9 s, and good or bad takes 0.3 to 0.7 s to say: so a word belongs to the step on the screen, unless it comes
# faster than
# anybody can react to that. (With ``tamer.DELAY``, 0.2 to 0.8 s, somebody who is quick at this tempo teaches the step before, and nothing
# is learned.)
REACTION = stats.uniform(0.15, 0.1)
WINDOW = 4  # steps that a word may be about
WALKS = 20  # walks by which it is measured how far the dog gets alone


class TwoButtons(Asking):
    """``world``: a gridworld with ``columns``; ``goals`` and ``pits``: its terminal states, as they are drawn. ``tempo``: milliseconds a
    step is shown. ``rate`` and ``delay``: TAMER's step size and the distribution of a person's delay [s]."""

    _esm = module("two_buttons")
    _css = style()
    tempo = traitlets.Int(900).tag(sync=True)
    garden = traitlets.Dict().tag(sync=True)

    def __init__(self, world: TabularDynamics, store: LabelStore, *, task: str, annotator: str = "me", mode: str | None = None,
                 tempo: int = 900, rate: float = 0.5, delay=REACTION, seed: int = 0):
        super().__init__(world, store, task=task, annotator=annotator, mode=mode)
        mdp = world.mdp
        worth = np.einsum("saz,sa->z", mdp.P * ~mdp.terminal[:, None, None], mdp.R)  # what is paid for entering a state, up to a factor
        ends = np.flatnonzero(mdp.terminal)
        self.garden = dict(rows=world.drawing["rows"], columns=world.drawing["columns"], goals=[int(s) for s in ends if worth[s] > 0],
                           pits=[int(s) for s in ends if worth[s] <= 0])
        self.tempo, self.rate, self.delay, self.seed = tempo, rate, delay, seed
        self.given: list[dict] = []  # the words that stand: events of the store, each with its ``clip``
        self.text, self.drive = "", -1
        if self.mode == "live":
            self._take_up()
        self._learn()
        self._new_walk()
        self.on_msg(self._on_message)

    # ---- what a notebook asks -------------------------------------------------------------------------------

    def policy(self) -> np.ndarray:
        """What the dog does now, (S, A): equal shares where several actions please most."""
        best = self.H >= self.H.max(1, keepdims=True) - 1e-9
        return best / best.sum(1, keepdims=True)

    def simulate(self, says: Callable[[int, int, np.random.Generator], float], steps: int = 100, seed: int = 0, ms: float = 500.0) -> None:
        """Let a model of a person watch so many steps: ``says(s, a, rng)`` is a word (not 0), or 0 for silence, ``ms`` after the step is
        shown."""
        self._only_in("simulated")
        rng = np.random.default_rng(seed)
        for _ in range(steps):
            self._receive({"type": "step", "drive": self.drive, "k": self.k, "ms": self.tempo})
            if self.k:
                (s, a), value = self.steps[-1], 0
                if value := says(s, a, rng):
                    self._receive({"type": "say", "value": value, "drive": self.drive, "k": self.k, "ms": ms})

    def replay(self, events: Sequence[dict]) -> None:
        """Learn again from recorded words (events of the store)."""
        self._only_in("replay")
        for e in events:
            if e["event"] == "feedback":
                clip = self.store.clip(e["first"])
                row = self._row(e["pair"], clip) | {name: e[name] for name in ("value", "step", "response_ms", "credits")}
                self.given.append(row | dict(seq=self.store.append(**row, items=[clip], world=type(self.world).__name__), clip=clip))
        self._learn()

    # ---- messages -----------------------------------------------------------------------------------------------

    def _on_message(self, _, message: dict, buffers) -> None:
        if self.mode != "live" and message.get("type") in ("say", "undo"):
            self.text = f'Nobody is asked here (mode "{self.mode}"); what you press is not stored.'
            message = {"type": "ready"}
        self._receive(message)

    def _receive(self, message: dict) -> None:
        """One message as a whole: the lock keeps others out meanwhile."""
        with self._lock:
            kind = message.get("type")
            try:
                if kind == "step" and (message.get("drive"), message.get("k")) == (self.drive, self.k):
                    self._step(float(message.get("ms") or self.tempo))
                elif kind == "say" and message.get("drive") == self.drive and 0 < message.get("k", 0) <= self.k:
                    self._hear(message)
                elif kind == "undo":
                    self._undo()
                self._send_frame()
            except StoreError as error:  # not on disk: the dog has not heard it either
                self.send({"type": "sorry", "text": f"Not saved: {error} The dog has not heard it; say it again when that is mended."})

    def _step(self, ms: float) -> None:
        """The dog makes its next step; after the last one a new walk begins."""
        if self.over:
            return self._new_walk()
        s = int(self.state[0, 0])
        a = int(pleases_most(self.H, np.array([s]), self.rng)[0])
        self.state, _, ended = self.world.step(self.state, np.array([a]), self.rng)
        self.shown.append(ms / 1000)  # so long the moment before was on the screen
        self.steps.append((s, a))
        self.visited.append(int(self.state[0, 0]))
        self.k += 1
        self.over = bool(ended[0]) or self.k >= self.world.horizon

    def _hear(self, message: dict) -> None:
        """A word, said ``ms`` after step k was shown: onto the disk with it, and then into what the dog knows."""
        k, value, since = message["k"], float(message["value"]), float(message.get("ms") or 0) / 1000
        if value == 0 or not np.isfinite(value):
            raise ValueError(f"a word is a number that is not 0, not {value!r}")
        first = max(0, k - WINDOW)
        begins = np.array([-sum(self.shown[j + 1:k]) for j in range(first, k)])  # when each step was shown; step k at time 0
        credits = credit(since, begins, np.append(begins[1:], np.inf if k == self.k else self.shown[k]), self.delay)
        obs = np.array(self.visited[first:k + 1])
        acts = np.array([a for _, a in self.steps[first:k]])
        clip = Trajectory(obs, acts, self.world.mdp.R[obs[:-1], acts], states=obs[:, None].astype(float))
        row = self._row(f"{self.session}/{self.drive}/{k}/{len(self.given)}", clip)
        row |= dict(value=value, step=k, response_ms=1000 * since, credits=" ".join(f"{c:.4g}" for c in credits))
        self.given.append(row | dict(seq=self.store.append(**row, items=[clip], world=type(self.world).__name__), clip=clip))
        self.text = ""
        self._learn(from_scratch=False)

    def _undo(self) -> None:
        if not self.given:
            self.text = "Nothing has been said yet."
            return
        last = self.given[-1]
        self.store.append(**self._row(last["pair"], last["clip"]) | dict(event="undo", undoes=last["seq"]))
        self.given.pop()
        self.text = f"Taken back: “{'good' if last['value'] > 0 else 'bad'}”."
        self._learn()

    def _row(self, pair: str, clip: Trajectory) -> dict:
        return self._signed(event="feedback", pair=pair, first=clip_id(clip), model_version=len(self.given))

    # ---- the dog --------------------------------------------------------------------------------------------------

    def _learn(self, from_scratch: bool = True) -> None:
        """Ĥ from the words that stand (or from the newest alone, which comes to the same), and how the dog then fares alone."""
        if from_scratch:
            self.H, self.scores = np.zeros(self.world.mdp.R.shape), []
        for e in self.given if from_scratch else self.given[-1:]:
            clip, credits = e["clip"], np.array((e["credits"] or "").split(), float)
            if len(credits) != len(clip):  # a word from elsewhere, that does not say: to the last step
                credits = np.arange(len(clip)) == len(clip) - 1
            self.H = tamer_update(self.H, clip.obs[:-1], clip.acts, credits, e["value"], self.rate)
            self.scores.append(self._arrives())

    def _arrives(self) -> float:
        """The share of walks that end at a goal, alone, by what the dog knows."""
        act = lambda obs, state, rng: pleases_most(self.H, obs, rng)
        walks = rollout(self.world, act, WALKS, np.random.default_rng([self.seed, 4]))
        last = walks.states[walks.alive.sum(0), np.arange(WALKS), 0]
        return float(np.isin(last, self.garden["goals"]).mean())

    def _take_up(self) -> None:
        others = 0
        for e in self.store.standing(task=self.task, annotator=self.annotator, kind="human"):
            if e["event"] == "feedback":
                clip = self.store.clip(e["first"])
                if self._fits(clip):
                    self.given.append(e | {"clip": clip})
                else:
                    others += 1
        if self.given:
            self.text = f"Taken up: {len(self.given)} words from before."
        if others:
            self.text += f" {others} words of this task are about another garden, and are left out; give this one a task name of its own."

    def _fits(self, clip: Trajectory) -> bool:
        """Could these steps have been made, and would they have been paid so, in this garden?"""
        mdp, s, a = self.world.mdp, clip.obs, clip.acts
        if s.max() >= mdp.n_states or a.max() >= mdp.n_actions:
            return False
        return bool((mdp.P[s[:-1], a, s[1:]] > 0).all() and np.allclose(mdp.R[s[:-1], a], clip.rews))

    def _new_walk(self) -> None:
        self.drive += 1
        self.rng = np.random.default_rng([self.seed, 3, self.drive, len(self.given)])
        self.k, self.over, self.steps, self.shown = 0, False, [], []
        self.state = self.world.initial(1, self.rng)
        self.visited = [int(self.state[0, 0])]

    def _send_frame(self) -> None:
        last = self.given[-1] if self.given else None
        self.send(dict(type="frame", drive=self.drive, k=self.k, at=self.visited[-1], trail=self.visited[-WINDOW - 1:], over=self.over,
                       words=len(self.given), good=sum(e["value"] > 0 for e in self.given), alone=self.scores[-1] if self.scores else 0.0,
                       scores=self.scores[-60:], text=self.text, last=None if last is None else [last["value"], last["step"]]))
