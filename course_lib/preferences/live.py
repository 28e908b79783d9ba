"""An agent that practises while you label: the three processes of Christiano et al. (2017), §2.2, with you as one of them.

    you:         answer a question  →  label store
    worker:      read every answer that stands  →  fit the reward  →  practise  →  questions about the newest agent  →  you

The worker is a process of its own, with low priority, so that keys stay quick. The label store is its memory of what you said: an answer
that
you take back is unlearned in the next round. After each round the agent is saved, whole or not at all, so that a killed worker, kernel or
machine costs one round of practice and no label. It rests when it has practised enough on what it has heard.

An agent that grows up with an early, poor reward can be held back by it (notebook 06), so now and then another one starts from scratch
on the newest reward, and the better-paid of the two stays.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from course_lib.data import Comparisons, Trajectory, clips, compare
from course_lib.data.store import LabelStore
from course_lib.envs import Dynamics
from course_lib.rl.rollouts import rollout, uniform

from .rlhp import Learned, one_round, start_again

ENOUGH = 15  # rounds on the same answers: then the worker rests until there are others
LEAST = 4  # answers before practice begins: fewer make a reward of nothing
FRESH = 1.4  # another agent starts from scratch each time there are so many times more answers


@dataclass(frozen=True)
class Lesson:
    """What a worker is told. ``where``: path or URL of the label store. ``checkpoint``: the file in which the agent is saved. ``steps``:
    environment steps of a round. ``options`` go to :func:`.rlhp.one_round`: ``clip_length``, ``fitting``, and what PPO is to use."""

    world: Dynamics
    where: str
    task: str
    annotator: str
    checkpoint: str
    kind: str = "human"
    steps: int = 20_000
    questions: int = 8
    seed: int = 0
    options: dict = field(default_factory=dict)

    @property
    def clip_length(self) -> int:
        return self.options.get("clip_length", 25)

    @property
    def practice(self) -> dict:
        """What PPO alone is told."""
        ours = ("clip_length", "criterion", "remember", "members", "lapse", "normalise", "fitting")
        return {k: v for k, v in self.options.items() if k not in ours}


@dataclass
class Agent:
    """What is saved: ``learned``, and of each round what was measured (``labels``, ``score``: mean true return, ``better``: how likely the
    reward model thinks it that you prefer a clip of this agent to one of random actions)."""

    world: str
    learned: Learned = field(default_factory=Learned)
    rounds: list[dict] = field(default_factory=list)
    fresh_at: int = LEAST  # how many answers there were when an agent last started from scratch

    def save(self, path: str) -> None:
        """Whole or not at all."""
        torch.save(self, part := f"{path}.part")
        os.replace(part, path)


def load(lesson: Lesson) -> tuple[Agent, str]:
    """The saved agent, or a new one, and what is to be said about it. A file that cannot be used is moved aside, never overwritten."""
    path, world = Path(lesson.checkpoint), repr(lesson.world)
    if not path.exists():
        return Agent(world), ""
    try:
        agent = torch.load(path, weights_only=False)
        if agent.world != world:
            raise ValueError("it was taught in another world, or by other settings of this one")
        return agent, f"Your agent is back, as it was after {agent.rounds[-1]['labels'] if agent.rounds else 0} answers."
    except Exception as error:  # whatever a broken or foreign file may raise
        aside = path.with_name(f"{path.name}.{time.time_ns()}.aside")
        path.rename(aside)
        return Agent(world), f"The saved agent cannot be used ({error}) and was moved to {aside.name}. A new one learns from your answers."


class Said:
    """A person who has answered already: every answer that stands."""

    def __init__(self, comparisons: Comparisons):
        self.comparisons = comparisons

    def label(self, questions: Comparisons, rng) -> Comparisons:
        return self.comparisons


def random_clips(lesson: Lesson, n: int = 40) -> list[Trajectory]:
    """Clips of random actions: the first that anybody sees, and the measure of what came later."""
    rng = np.random.default_rng([lesson.seed, 9])
    return clips(rollout(lesson.world, uniform(lesson.world), max(n // 4, 1), rng).demonstrations(), lesson.clip_length, rng, per=4)


def pairs_of(newest: list[Trajectory], others: list[Trajectory], n: int, rng: np.random.Generator) -> list[tuple[Trajectory, Trajectory]]:
    """``n`` pairs of a newest clip with another: as often one of the newest, as one of the others."""
    pairs = []
    for i in rng.permutation(len(newest))[:n]:
        among_newest = not others or rng.random() < 0.5
        neighbour = newest[(i + rng.integers(1, len(newest))) % len(newest)]
        pairs.append((newest[i], neighbour if among_newest else others[rng.integers(len(others))]))
    return pairs


class Worker:
    """One round after the other, until ``stopped``. ``send(report)`` tells the kernel."""

    def __init__(self, lesson: Lesson, send, paused, stopped):
        self.lesson, self.send, self.paused, self.stopped = lesson, send, paused, stopped
        self.store = LabelStore(lesson.where)
        self.agent, text = load(lesson)
        self.beginner = random_clips(lesson)
        self.clip: dict[str, Trajectory] = {}  # those that were asked about
        self.heard: list[int] | None = None  # the answers that the last round has learned from
        self.rest = 0
        self.report(text)

    def run(self) -> None:
        while not self.stopped.is_set():
            answers = self.store.answers(task=self.lesson.task, annotator=self.lesson.annotator, kind=self.lesson.kind)
            now = [e["seq"] for e in answers]
            decided = sum(e["choice"] != 0.5 for e in answers)
            if self.paused.is_set() or decided < LEAST or (now == self.heard and self.rest >= ENOUGH):
                self.stopped.wait(0.2)
                continue
            self.rest = 0 if now != self.heard else self.rest + 1
            self.heard = now
            self.round(answers)

    def round(self, answers: list[dict]) -> None:
        lesson, learned, began = self.lesson, self.agent.learned, time.perf_counter()
        for e in answers:
            for id in (e["first"], e["second"]):
                if id not in self.clip:
                    self.clip[id] = self.store.clip(id)
        said = compare([self.clip[e["first"]] for e in answers], [self.clip[e["second"]] for e in answers], [e["choice"] for e in answers])
        learned.comparisons = learned.pending = None  # what was said is in the store, and what was taken back is not
        one_round(lesson.world, Said(said), learned, ask=0, steps=lesson.steps, seed=lesson.seed, **dict(remember=3) | lesson.options)
        if len(answers) >= FRESH * self.agent.fresh_at:
            self.agent.fresh_at = len(answers)
            seed = lesson.seed + 1 + len(learned.labels)
            learned.policy, learned.value = start_again(lesson.world, learned, steps=5 * lesson.steps, seed=seed, **lesson.practice)
            learned.scores[-1] = self.true_score()
        self.agent.rounds.append(dict(labels=len(answers), score=learned.scores[-1], better=self.better()))
        trouble = ""
        try:
            self.agent.save(lesson.checkpoint)
        except OSError as error:
            trouble = f"The agent cannot be saved ({error}); it goes on practising, and your answers are safe. Make room on the disk."
        self.report(trouble, seconds=time.perf_counter() - began)

    def true_score(self) -> float:
        drives = rollout(self.lesson.world, self.agent.learned.policy.greedy, 50, np.random.default_rng([self.lesson.seed, 2]))
        return float(drives.returns.mean())

    def newest(self) -> list[Trajectory]:
        """Clips of the agent as it is now; of random actions before it has learned anything."""
        if self.agent.learned.policy is None:
            return self.beginner
        rng = np.random.default_rng([self.lesson.seed, 8, len(self.agent.rounds)])
        drives = rollout(self.lesson.world, self.agent.learned.policy.sampled, 10, rng)
        return clips(drives.demonstrations(), self.lesson.clip_length, rng, per=2)

    def better(self) -> float:
        new = self.newest()
        rng = np.random.default_rng(0)
        pairs = compare(new, [self.beginner[i] for i in rng.integers(len(self.beginner), size=len(new))])
        return float(self.agent.learned.reward.prefers_first(pairs).mean())

    def report(self, text: str, **more) -> None:
        """What was measured, a whole drive to look at, and questions about the newest agent with the model's guesses."""
        lesson, learned = self.lesson, self.agent.learned
        rng = np.random.default_rng([lesson.seed, 7, len(self.agent.rounds)])
        shown = sum(learned.shown[-3:], [])
        questions = pairs_of(self.newest(), shown, lesson.questions, rng)
        guesses = [] if learned.reward is None else learned.reward.prefers_first(compare(*zip(*questions))).mean(0).tolist()
        act = uniform(lesson.world) if learned.policy is None else learned.policy.greedy
        drive = rollout(lesson.world, act, 1, np.random.default_rng([lesson.seed, 6])).states[:, 0]
        self.send(dict(type="round", text=text, rounds=self.agent.rounds, questions=questions, guesses=guesses, drive=drive, **more))


def work(lesson: Lesson, pipe: Connection, paused, stopped) -> None:
    """The whole life of a worker process."""
    if hasattr(os, "nice"):
        os.nice(10)
    torch.set_num_threads(1)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    try:
        Path(lesson.checkpoint).parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{lesson.checkpoint}.lock", timeout=10):
            Worker(lesson, pipe.send, paused, stopped).run()
    except Timeout:
        pipe.send(dict(type="failed", 
                       text="This agent is being taught in another window or notebook. Go on there, or stop it there first."))
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # the kernel has gone, or is going
    except Exception as error:  # the person must be told, whatever it was
        pipe.send(dict(type="failed", text=f"Training stopped: {type(error).__name__}: {error}"))
        raise


def _die_with_the_parent() -> None:
    """A kernel that is killed cannot stop its worker; the worker watches it instead."""
    wait([mp.parent_process().sentinel])
    os._exit(1)
