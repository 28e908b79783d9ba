"""Teach an agent live: you label pairs of clips while it practises on what you have said so far, and you see it get better.

The pieces: a :class:`.pair_labeler.PairLabeler`, whose coming questions are always about the newest agent; a worker process
(:mod:`course_lib.preferences.live`); and :class:`.watch.Watch`. Labels are in the store, the agent in a file beside it: after a restart of
the kernel or of the machine the same line goes on where it was.
"""

from __future__ import annotations

import hashlib
import multiprocessing as mp
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from ipywidgets import VBox

from course_lib.data.store import LabelStore
from course_lib.envs import Dynamics
from course_lib.preferences.live import LEAST, Task, check_options, pairs_of, random_clips, work

from .asking import MODES, default_mode
from .pair_labeler import PairLabeler
from .watch import Watch

TICK = 0.25  # seconds between two looks at the worker: curves are drawn at most four times a second
WINDOW = 10  # clicks over which the accuracy is averaged
_running: dict[tuple, Live] = {}  # a cell that is run again replaces the session it started before


def file_safe(name: str) -> str:
    """Readable, safe for any file system, and different for different names."""
    return re.sub(r"[^\w-]+", "_", name)[:60] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]


class Live:
    """``Live(Pendulum(), LabelStore("labels.sqlite"), task="mine")``, and show it. ``folder``: where agents are saved. ``options`` go to a
    round of practice (``clip_length``, PPO's settings). In mode "live" the worker starts at once."""

    def __init__(self, world: Dynamics, store: LabelStore, *, task: str, annotator: str = "me", mode: str | None = None,
                 question: str = "Which do you like better?", folder: str | Path = "agents", steps: int = 20_000, seed: int = 0, **options):
        check_options(options)
        mode = mode or default_mode()
        kind = MODES.get(mode, mode)
        self.key = (store.name, task, annotator, kind)
        if self.key in _running:
            _running.pop(self.key).stop()
        self.store, self.process, self.trouble = store, None, ""
        checkpoint = str(self.home(folder, annotator, store) / self.file_name(task, kind))
        self.task = Task(world, store.where, task, annotator, checkpoint, kind, steps=steps, seed=seed, options=options)
        beginner = random_clips(self.task)
        questions = [*(self._answered() if mode == "live" else []), *pairs_of(beginner, [], 40, np.random.default_rng(seed))]
        self.labeler = PairLabeler(world, questions, store, task=task, question=question, annotator=annotator, mode=mode, seed=seed)
        self.labeler.endless = True
        self.watch = Watch(world, beginner[0].states, self._press)
        self.rounds: list[dict] = []  # what the worker measured after each
        self._lock, self._shown, self._rests = threading.RLock(), None, False
        if self.labeler.mode == "live":
            self.start()

    @staticmethod
    def home(folder: str | Path, annotator: str, store: LabelStore) -> Path:
        """The folder of the agents that this person has taught by the answers in this store."""
        return Path(folder).resolve() / f"{file_safe(annotator)}-{hashlib.sha256(store.name.encode()).hexdigest()[:8]}"

    @staticmethod
    def file_name(task: str, kind: str) -> str:
        """The file of an agent. What a model of a person has taught is not what a person has taught."""
        return file_safe(task) + ("" if kind == "human" else f"-{kind}") + ".pt"

    def _answered(self) -> list[tuple]:
        """The pairs that this person has answered or skipped before."""
        before = self.store.standing(task=self.task.task, annotator=self.task.annotator, kind="human")
        return [(self.store.clip(e["first"]), self.store.clip(e["second"])) for e in before]

    def _ipython_display_(self):
        from IPython.display import display

        display(VBox([self.labeler, self.watch]))

    # ---- the worker ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the worker, or start it again; one that runs is left alone."""
        with self._lock:
            if self.process is not None and self.process.is_alive():
                return
            spawn = mp.get_context("spawn")
            self._paused, self._stopped = spawn.Event(), spawn.Event()
            self._pipe, theirs = spawn.Pipe(duplex=False)
            self.process = spawn.Process(target=work, args=(self.task, theirs, self._paused, self._stopped), daemon=True)
            self.process.start()
            theirs.close()  # so that the pipe ends when the worker does
            self.trouble = ""
            _running[self.key] = self
        threading.Thread(target=self._listen, args=(self.process, self._pipe), daemon=True).start()
        self._tell("starting")

    def pause(self) -> None:
        """Let the worker rest after its round; labels can be given meanwhile."""
        self._paused.set()
        self._tell()

    def go_on(self) -> None:
        self._paused.clear()
        self._tell()

    def stop(self, patience: float = 10.0) -> None:
        """End the worker after its round (at most ``patience`` seconds; then at once). May be called twice."""
        with self._lock:
            process = self.process
            if process is None:
                return
            self._stopped.set()
        process.join(patience)
        if process.is_alive():
            process.kill()  # the agent was saved after its last round, whole
            process.join()
        while process.is_alive():  # another thread has just collected it, and has yet to say so
            time.sleep(0.001)
        if _running.get(self.key) is self:
            del _running[self.key]
        self._tell("stopped")

    def _press(self, word: str) -> None:
        do = {"pause": self.pause, "go on": self.go_on, "stop": self.stop, "start": self.start}[word]
        threading.Thread(target=do, daemon=True).start()  # to stop takes a round; keys must not wait for it

    def _listen(self, process, pipe) -> None:
        """A thread of the kernel: takes what the worker sends, and looks four times a second whether there is something to draw."""
        while True:
            try:
                if pipe.poll(TICK):
                    self._hear(pipe.recv())
                elif process is not self.process:
                    return
                self._tell()
            except (EOFError, OSError):
                break
            except Exception as error:  # a report that was cut off by a kill, or that cannot be shown
                self.trouble = f"{type(error).__name__}: {error}."
                process.kill()
                break
        process.join()
        if process is self.process:
            if self._stopped.is_set():
                self._tell("stopped")
            else:
                why = self.trouble or f"It ended unexpectedly (exit code {process.exitcode})."
                self._tell("failed", text=f"{why} Every answer of yours is saved, and so is the agent as it was after its last round. "
                                          "“Start again” goes on from there.")

    def _hear(self, report: dict) -> None:
        if report["type"] == "failed":
            self.trouble = report["text"]
            return
        if report["type"] == "trouble":
            self.watch.tell(text=report["text"])
            return
        self.rounds, self._rests = report["rounds"], report["rests"]
        self.labeler.ask(report["questions"], report["guesses"], report["learned"])
        self.watch.tell(newest=report["drive"], text=report["text"])

    # ---- what is shown -------------------------------------------------------------------------------------------------

    def state(self) -> str:
        if self.process is None or (self._stopped.is_set() and not self.process.is_alive()):
            return "stopped"
        if not self.process.is_alive():
            return "failed"
        if self._paused.is_set():
            return "paused"
        if sum(e["choice"] in (0, 1) for e in self.labeler.given) < LEAST:
            return "waiting"
        return "resting" if self._rests else "training" if self.rounds else "starting"

    def accuracy(self) -> tuple[list[int], list[float]]:
        """Of your clicks so far: their numbers, and the share of the last ten before each that the model had guessed."""
        hits = [(i + 1, g) for i, g in enumerate(self.labeler.guesses) if g is not None]
        return [n for n, _ in hits], [float(np.mean([g for _, g in hits[max(0, k - WINDOW + 1):k + 1]])) for k in range(len(hits))]

    def _curves(self) -> dict:
        done = max(len(self.labeler.given), 10)
        x, y = self.accuracy()
        at = lambda what: ([r["labels"] for r in self.rounds], [r[what] for r in self.rounds])
        words = lambda x, y: f"{y[-1]:.2f} after {x[-1]} answers" if y else "nothing yet"
        chart = lambda x, y, **more: dict(x=x, y=y, x0=0, x1=done, unit="answers", words=words(x, y)) | more
        scores = at("score")[1]
        low, high = (min(scores), max(scores)) if scores else (0, 1)
        percent = dict(low=0, high=1, low_text="0", high_text="100 %", level=0.5, level_name="coin")
        return {f"your clicks, guessed before (last {WINDOW})": chart(x, y, **percent),
                "your model prefers it to its beginnings": chart(*at("better"), **percent),
                "paid by the world itself": chart(*at("score"), low=low, high=high, low_text=f"{low:.0f}", high_text=f"{high:.0f}")}

    def _tell(self, state: str | None = None, **more) -> None:
        """Tell the page, if there is anything new to tell."""
        labels, steps = len(self.labeler.given), len(self.rounds) * self.task.steps
        now = dict(state=state or self.state(), labels=labels, rounds=len(self.rounds), steps=steps) | more
        with self._lock:
            if now == self._shown:
                return
            self._shown = now
        self.watch.tell(**now, curves=self._curves())

    # ---- without a person --------------------------------------------------------------------------------------------------

    def simulate(self, person, answers: int = 30, pace: float = 0.5, patience: float = 20.0, seed: int = 0) -> None:
        """Let a model of a person answer so many questions, one every ``pace`` seconds, while the worker practises; then wait (``patience``
        seconds at most) until it has learned from all of them."""
        self.labeler._only_in("simulated")
        self.start()
        for i in range(answers):
            time.sleep(pace)
            while len(self.labeler.given) >= len(self.labeler.ids) and self.process.is_alive():
                time.sleep(0.05)  # the worker has not asked yet
            self.labeler.simulate(person, 1, seed=1000 * seed + i)
        self._wait(patience)

    def replay(self, events: Sequence[dict], patience: float = 20.0) -> None:
        """Let an agent learn from recorded answers (``store.answers``), and wait for it."""
        self.labeler._only_in("replay")
        self.labeler.ask([(self.store.clip(e["first"]), self.store.clip(e["second"])) for e in events])
        self.labeler.replay(events)
        self.start()
        self._wait(patience)

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        answered = len([e for e in self.labeler.given if e["event"] != "skip"])
        while time.monotonic() < until and self.process.is_alive() and not (self.rounds and self.rounds[-1]["labels"] >= answered):
            time.sleep(0.1)

    def comparisons(self):
        """Every answered pair, as :meth:`PairLabeler.comparisons`."""
        return self.labeler.comparisons()

    def agent(self):
        """The newest :class:`~course_lib.preferences.rlhp.Learned`: policy, reward and what they learned from; None before the first
        round."""
        path = Path(self.task.checkpoint)
        return torch.load(path, weights_only=False).learned if path.exists() else None
