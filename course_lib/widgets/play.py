"""Play: the learner drives, you take over when it goes wrong, and it learns from what you did.

    the page asks for step k with the key that is held  →  the kernel steps the world once  →  the page draws step k + 1

Lockstep, so that nothing is queued: a key that is held acts in the next step, and a slow machine is slow but never behind. While a
key is held the person drives, and each step is a label (s, π*(s)); a stretch of them is one *correction*, and is on disk before the
learner goes on. After each drive the learner is fitted again to everything (:func:`course_lib.imitation.dagger.learn`). Only the
states in which somebody held the wheel are labelled: human-gated DAgger (Kelly et al., 2019, HG-DAgger, arXiv:1810.02890).

Modes as in the pair labeler: ``live``, ``simulated`` (a model of a person holds the keys), ``replay`` (recorded corrections).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import traitlets

from course_lib.data import Demonstrations, Trajectory
from course_lib.data.items import clip_id
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Dynamics
from course_lib.envs.core import KEYS
from course_lib.imitation.dagger import DAgger, learn
from course_lib.rl.rollouts import rollout

from .asking import Asking
from .files import module, style

GRACE = 5  # steps for which the wheel stays with a person who tapped: a short pause between two keys is not a letting go


class Play(Asking):
    """``shown``: demonstrations the learner starts from. ``progress`` holds the rounds: ``policies[0]`` is cloned from ``shown``,
    ``policies[i]`` has learned from the corrections of i drives as well. Corrections given earlier to the same task by the same
    annotator are taken up. ``unit``: what the score counts. ``fit_options`` go to behaviour cloning."""

    _esm = module("play")
    _css = style()
    fps = traitlets.Int(12).tag(sync=True)

    def __init__(self, world: Dynamics, shown: Demonstrations, store: LabelStore, *, task: str, annotator: str = "me",
                 mode: str | None = None, unit: str = "steps on the road", validate: int = 50, seed: int = 0, **fit_options):
        world.by_keys(world.initial(1, np.random.default_rng(0)), "left")  # a world that cannot be driven says so now
        super().__init__(world, store, task=task, annotator=annotator, mode=mode)
        self._watched, self.unit, self.seed = True, unit, seed
        # corrections are short and few: one of them held out would be no measure, and all that somebody said should count
        self._options = dict(validate=validate, seed=seed, held_out=0) | fit_options
        self.progress, self.text = DAgger(), ""
        learn(world, self.progress, list(shown.trajectories), **self._options)
        self.given: list[dict] = []  # the corrections that stand: events of the store, each with its ``clip``
        self.learned = 0  # how many of them the learner has learned from
        self._stretch: list[tuple] = []  # the steps of the correction that is being made: (obs, action, reward, state, ended)
        self._rest = 0  # how many of its last steps were driven without a key
        self.drive, self.over = -1, False
        if self.mode == "live":
            self._take_up(store.corrections(task=task, annotator=annotator, kind="human"))
        self._new_drive()
        self.on_msg(self._on_message)

    # ---- what a notebook asks -------------------------------------------------------------------------------

    def corrections(self) -> list[Trajectory]:
        """Every correction given so far, oldest first."""
        return [e["clip"] for e in self.given]

    def simulate(self, person: Callable[[np.ndarray], str], drives: int = 3) -> None:
        """Let a model of a person (state (S,) → key held, or "") watch ``drives`` drives to their end, as if they pressed the keys."""
        self._only_in("simulated")
        end, self._watched = self.drive + drives, False  # nobody looks at the single steps
        try:
            while self.drive < end:
                drive, k = self.drive, self.k
                self._receive({"type": "step", "drive": drive, "k": k, "held": person(self.state[0])})
                if (self.drive, self.k) == (drive, k):
                    raise RuntimeError(self.text)  # a step that was refused would be refused for ever
        finally:
            self._watched = True
        self._send_round()

    def replay(self, corrections: Sequence[dict]) -> None:
        """Learn again, round by round, from recorded corrections (``store.corrections()``)."""
        self._only_in("replay")
        if self.given:
            raise ValueError("these corrections have been replayed already; make a new widget to replay others")
        for e in corrections:
            self.store.keep([e["clip"]], type(self.world).__name__)
            self.store.append(**self._row(e["pair"], e["first"]) | dict(model_version=e["model_version"]))
        self._take_up(corrections)
        self._new_drive()
        self._send_round()

    # ---- messages -----------------------------------------------------------------------------------------------

    def _on_message(self, _, message: dict, buffers) -> None:
        """Runs on whichever thread the kernel chooses. Where nobody is asked, what is pressed must not be stored as a model's answer."""
        with self._lock:
            if self.mode != "live" and message.get("type") != "ready":
                self.text = f'Nobody is asked here (mode "{self.mode}"); what you press is not stored.'
                message = {"type": "ready"}
            try:
                self._receive(message)
            except BaseException as error:  # the page must not wait for an answer that will not come
                self.text = f"This step failed ({type(error).__name__}: {error}). What was saved is saved; start it again to go on."
                self._say({"type": "sorry", "text": self.text})
                raise

    def _receive(self, message: dict) -> None:
        """One message as a whole: the lock keeps others out meanwhile."""
        with self._lock:
            kind = message.get("type")
            try:
                if kind == "ready":
                    self._send_round()
                elif message.get("drive") != self.drive or (kind == "step" and message.get("k") != self.k):
                    self._send_frame()  # a page that is not where the drive is: show it where that is
                elif kind == "step":
                    self._step(message.get("held", ""))
                elif kind == "end":
                    self._end_drive()
                elif kind == "undo":
                    self._undo()
                elif kind == "pause":  # whoever goes away has let go
                    self._close()
                    self._send_frame(words=True)
            except StoreError as error:  # not on disk: the drive waits here, and the correction with it
                self.text = f"Not saved: {error} The drive waits, and nothing is lost; go on when that is mended."
                self._say({"type": "sorry", "text": self.text})

    def _step(self, held: str) -> None:
        if held and held not in KEYS:
            raise ValueError(f"unknown key {held!r}")
        if self.over:  # the drive was over, but its last correction could not be saved then
            return self._end_drive()
        tapped = not held and self._stretch and self._rest < GRACE
        if held or tapped:
            action = self.world.by_keys(self.state, held or "straight")
            self._rest = 0 if held else self._rest + 1
        else:
            self._close()
            action = self.progress.policies[-1].greedy(self.obs, self.state, self.rng)
        state, reward, ended = self.world.step(self.state, action, self.rng)
        if held or tapped:
            self._stretch.append((self.obs[0], np.asarray(action)[0], reward[0], self.state[0], bool(ended[0])))
        self.state, self.obs, self.k = state, self.world.observe(state), self.k + 1
        self._trail.append(state[0])
        self.over = bool(ended[0]) or self.k >= self.world.horizon
        if self.over:
            self._end_drive()
        else:
            self._send_frame()

    def _close(self) -> None:
        """The correction is finished: onto the disk with it, or an error and nothing has changed."""
        steps = self._stretch[:len(self._stretch) - self._rest]  # the steps after the last key were nobody's decision
        if steps:
            obs, acts, rews, states, ended = (np.array(x) for x in zip(*steps))
            after = self._stretch[len(steps)] if self._rest else (self.obs[0], None, None, self.state[0])
            end = bool(ended[-1])
            clip = Trajectory(np.concatenate([obs, after[0][None]]), acts, rews, end, not end, np.concatenate([states, after[3][None]]))
            row = self._row(f"{self.session}/{self.drive}/{self.k - len(self._stretch)}", clip_id(clip))
            seq = self.store.append(**row, items=[clip], world=type(self.world).__name__)
            self.given.append(row | dict(seq=seq, clip=clip))
        self._stretch, self._rest = [], 0

    def _undo(self) -> None:
        """Take back the correction that is being made, or the last of this drive."""
        if self._stretch:
            self._stretch, self._rest, self.text = [], 0, "Taken back; the learner drives."
        elif len(self.given) > self.learned:
            last = self.given[-1]
            self.store.append(**self._row(last["pair"], last["first"]) | dict(event="undo", undoes=last["seq"]))
            self.given.pop()
            self.text = f"Taken back: the last correction ({len(last['clip'])} steps)."
        else:
            self.text = "Nothing to take back in this drive; what earlier drives taught is learned already."
        self._send_round()

    def _row(self, pair: str, clip: str) -> dict:
        return self._signed(event="correction", pair=pair, first=clip, second="", model_version=len(self.progress.policies) - 1)

    # ---- rounds -------------------------------------------------------------------------------------------------

    def _end_drive(self) -> None:
        self._close()
        labels = self.labels()
        if labels:
            self._say({"type": "busy", "text": f"Learning from {labels} step{'s' * (labels > 1)} of yours …"})
            before = self.progress.scores[-1]
            if self._learn():
                self.text = (f"Learned from {labels} step{'s' * (labels > 1)} of yours: {before:.0f} → {self.progress.scores[-1]:.0f} of "
                             f"{self.world.horizon} {self.unit}, without help.")
        else:
            self.text = ("You did not take over in this drive, so there is nothing new to learn, and the learner stays as it is. Take over "
                         "with the arrow keys when it goes wrong.")
        self._new_drive()
        self._send_round()

    def _learn(self) -> bool:
        """A round: learn from the corrections of this drive. A fit that fails costs nothing but the round; the next will try them again."""
        try:
            learn(self.world, self.progress, [e["clip"] for e in self.given[self.learned:]], **self._options)
        except Exception as error:  # whatever a world or a fit may raise
            self.text = f"The learner could not be trained ({error}); your corrections are saved, and the next round will try them again."
            return False
        self.learned = len(self.given)
        return True

    def _take_up(self, events: Sequence[dict]) -> None:
        """Go on where this annotator stopped: the same rounds from the same corrections. Those of another world are left where they are."""
        fitting = [e for e in events if self._fits(e)]
        for version in sorted({e["model_version"] for e in fitting}):
            self.given += [e for e in fitting if e["model_version"] == version]
            if self._learn():
                self.text = f"Taken up: {len(self.given)} corrections from before, learned in {len(self.progress.policies) - 1} rounds."
        if len(fitting) < len(events):
            self.text += (f" {len(events) - len(fitting)} stored corrections of this task are of another world, and are left out; "
                          "give this world a task name of its own.")

    def _fits(self, event: dict) -> bool:
        try:
            Demonstrations([event["clip"]]).check(self.world.observation_space, self.world.action_space)
        except ValueError:
            return False
        return event["world"] == type(self.world).__name__

    def _new_drive(self) -> None:
        self.drive = max(self.drive + 1, len(self.progress.policies) - 1)
        self.rng, self.k, self.over = np.random.default_rng([self.seed, 3, self.drive]), 0, False
        self.state = self.world.initial(1, self.rng)
        self.obs, self._trail = self.world.observe(self.state), [self.state[0]]

    def labels(self) -> int:
        """Steps of this drive in which somebody held the wheel."""
        return sum(len(e["clip"]) for e in self.given[self.learned:]) + len(self._stretch) - self._rest

    def _say(self, content: dict, buffers: list | None = None) -> None:
        if self._watched:
            self.send(content, buffers)

    def _send_frame(self, words: bool = False) -> None:
        frame = dict(type="frame", drive=self.drive, k=self.k, horizon=self.world.horizon, yours=bool(self._stretch), labels=self.labels(),
                     stretches=len(self.given) - self.learned)
        if words and len(self._trail) > 1:  # for those who do not see the picture
            frame["words"] = f"This drive so far: {self.world.describe(np.array(self._trail))}."
        self._say(frame, [np.ascontiguousarray(self.state[0], np.float32).tobytes()])

    def _send_round(self) -> None:
        people = {"live": "", "simulated": "A simulated person takes over", "replay": "Recorded corrections"}[self.mode]
        drives = self._before_and_now() if len(self.progress.policies) > 1 and self._watched else []
        self._say(dict(type="round", scores=self.progress.scores, labels=self.progress.labels, horizon=self.world.horizon, text=self.text,
                       note=people, unit=f"of {self.world.horizon} {self.unit}, without help",
                       shapes=[d.shape for d in drives]), [d.tobytes() for d in drives])
        self._send_frame(words=True)

    def _before_and_now(self, roads: int = 6) -> list[np.ndarray]:
        """States (roads, T, S) after each step of drives on the same roads, by the first and by the present learner."""
        alone = lambda policy: rollout(self.world, policy.greedy, roads, np.random.default_rng([self.seed, 4])).states[1:]
        drives = [alone(self.progress.policies[i]) for i in (0, -1)]
        return [np.ascontiguousarray(d.swapaxes(0, 1), np.float32) for d in drives]
