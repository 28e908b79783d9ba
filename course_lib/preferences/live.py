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

import contextlib
import inspect
import multiprocessing as mp
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from course_lib.data import Comparisons, Trajectory, clips, compare
from course_lib.data.store import LabelStore, StoreError
from course_lib.envs import Dynamics
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout, uniform

from .rlhp import Learned, one_round, start_again

ENOUGH = 15  # rounds on the same answers: then the worker rests until there are others
LEAST = 4  # answers before practice begins: fewer make a reward of nothing
FRESH = 1.4  # another agent starts from scratch each time there are so many times more answers


@dataclass(frozen=True)
class Task:
    """What a worker is told. ``where``: path or URL of the label store. ``checkpoint``: the file in which the agent is saved. ``steps``:
    environment steps of a round. ``options`` go to :func:`.rlhp.one_round`: ``clip_length``, ``fitting``, and what PPO is to use."""

    world: Dynamics
    where: str
    task: str
    annotator: str
    checkpoint: str
    kind: str = "human"
    steps: int = 20_000
    questions: int = 20
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


def load_agent(task: Task) -> tuple[Agent, str]:
    """The saved agent, or a new one, and what is to be said about it. A file that cannot be used is moved aside, never overwritten."""
    path, world = Path(task.checkpoint), repr(task.world)
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


def check_options(options: dict) -> None:
    """``TypeError`` that names an option which neither a round nor PPO knows: better now than in the worker, after the first answers."""
    ours, ppos = (set(inspect.signature(f).parameters) for f in (one_round, ppo))
    taken = {"world", "person", "progress", "ask", "steps", "seed", "practice", "policy", "value", "reward", "until"}
    if unknown := set(options) - ((ours | ppos) - taken):
        raise TypeError(f"{', '.join(sorted(unknown))}: no such option. There are {', '.join(sorted((ours | ppos) - taken))}")


class Said:
    """A person who has answered already: every answer that stands."""

    def __init__(self, comparisons: Comparisons):
        self.comparisons = comparisons

    def label(self, questions: Comparisons, rng) -> Comparisons:
        return self.comparisons


def random_clips(task: Task, n: int = 40) -> list[Trajectory]:
    """Clips of random actions: the first that anybody sees, and the measure of what came later."""
    rng = np.random.default_rng([task.seed, 9])
    return clips(rollout(task.world, uniform(task.world), max(n // 4, 1), rng).demonstrations(), task.clip_length, rng, per=4)


def pairs_of(newest: list[Trajectory], others: list[Trajectory], n: int, rng: np.random.Generator) -> list[tuple[Trajectory, Trajectory]]:
    """``n`` pairs of a newest clip with another: as often one of the newest, as one of the others."""
    pairs = []
    for i in rng.permutation(len(newest))[:n]:
        among_newest = not others or rng.random() < 0.5
        neighbour = newest[(i + rng.integers(1, len(newest))) % len(newest)]
        pair = (newest[i], neighbour if among_newest else others[rng.integers(len(others))])
        pairs.append(pair if rng.random() < 0.5 else pair[::-1])  # so that neither place says which is newer
    return pairs


class Worker:
    """One round after the other, until ``stopped``. ``send(report)`` tells the kernel."""

    def __init__(self, task: Task, send, paused, stopped):
        self.task, self.send, self.paused, self.stopped = task, send, paused, stopped
        self.who = dict(task=task.task, annotator=task.annotator, kind=task.kind)
        self.store = LabelStore(task.where)
        self.agent, text = load_agent(task)
        self.beginner = random_clips(task)
        self.clip: dict[str, Trajectory] = {}  # those that were asked about
        self.asked = 0  # how often questions were sent: each time others
        self.seen = -1  # the newest event that was looked at
        self.heard: list[int] | None = None  # the answers that the last round has learned from
        self.due = False  # something was said that no round has learned from
        self.rest = 0
        self.report(text)

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                self.turn()
            except StoreError as error:  # a server that restarts, a file that is held: the answers are there, and so will they be
                self.send(dict(type="trouble", text=f"The answers cannot be read just now, and the agent waits for them: {error}"))
                self.stopped.wait(2.0)

    def turn(self) -> None:
        """A round of practice; or, with nothing new to learn from, a short rest, and other questions if some were answered meanwhile."""
        news = (last := self.store.last(**self.who)) != self.seen
        if not news and (self.paused.is_set() or not self.due and (self.rest >= ENOUGH or self.heard is None)):
            self.stopped.wait(0.2)
            return
        if news:
            self.answers = self.usable(self.store.answers(**self.who))
            self.seen, self.due = last, True
        if self.paused.is_set():
            return self.report("")
        self.due = False
        now = [e["seq"] for e in self.answers]
        if sum(e["choice"] != 0.5 for e in self.answers) < LEAST:
            self.heard = None
            return self.report("")
        self.rest = 0 if now != self.heard else self.rest + 1
        self.heard = now
        self.round(self.answers)

    def usable(self, answers: list[dict]) -> list[dict]:
        """Those about clips of this length: others were given before it was changed."""
        for e in answers:
            for id in (e["first"], e["second"]):
                if id not in self.clip:
                    self.clip[id] = self.store.clip(id)
        return [e for e in answers if {len(self.clip[e["first"]]), len(self.clip[e["second"]])} == {self.task.clip_length}]

    def round(self, answers: list[dict]) -> None:
        task, learned, began = self.task, self.agent.learned, time.perf_counter()
        said = compare([self.clip[e["first"]] for e in answers], [self.clip[e["second"]] for e in answers], [e["choice"] for e in answers])
        learned.comparisons = learned.pending = None  # what was said is in the store, and what was taken back is not
        one_round(task.world, Said(said), learned, ask=0, steps=task.steps, seed=task.seed, **dict(remember=3) | task.options)
        if len(answers) >= FRESH * self.agent.fresh_at:
            self.agent.fresh_at = len(answers)
            seed = task.seed + 1 + len(learned.labels)
            learned.policy, learned.value = start_again(task.world, learned, steps=5 * task.steps, seed=seed, **task.practice)
            learned.scores[-1] = self.true_score()
        self.agent.rounds.append(dict(labels=len(answers), score=learned.scores[-1], better=self.better()))
        trouble = ""
        try:
            self.agent.save(task.checkpoint)
        except OSError as error:
            trouble = f"The agent cannot be saved ({error}); it goes on practising, and your answers are safe. Make room on the disk."
        self.report(trouble, seconds=time.perf_counter() - began)

    def true_score(self) -> float:
        drives = rollout(self.task.world, self.agent.learned.policy.greedy, 50, np.random.default_rng([self.task.seed, 2]))
        return float(drives.returns.mean())

    def newest(self) -> list[Trajectory]:
        """Clips of the agent as it is now; of random actions before it has learned anything."""
        if self.agent.learned.policy is None:
            return self.beginner
        rng = np.random.default_rng([self.task.seed, 8, len(self.agent.rounds)])
        drives = rollout(self.task.world, self.agent.learned.policy.sampled, 10, rng)
        return clips(drives.demonstrations(), self.task.clip_length, rng, per=2)

    def better(self) -> float:
        new = self.newest()
        rng = np.random.default_rng(0)
        pairs = compare(new, [self.beginner[i] for i in rng.integers(len(self.beginner), size=len(new))])
        return float(self.agent.learned.reward.prefers_first(pairs).mean())

    def report(self, text: str, **more) -> None:
        """What was measured, a whole drive to look at, and questions about the newest agent with the model's guesses."""
        task, learned = self.task, self.agent.learned
        rng = np.random.default_rng([task.seed, 7, len(self.agent.rounds), self.asked])
        self.asked += 1
        shown = sum(learned.shown[-3:], [])
        questions = pairs_of(self.newest(), shown, task.questions, rng)
        guesses = [] if learned.reward is None else learned.reward.prefers_first(compare(*zip(*questions))).mean(0).tolist()
        act = uniform(task.world) if learned.policy is None else learned.policy.greedy
        drive = rollout(task.world, act, 1, np.random.default_rng([task.seed, 6])).states[:, 0]
        learned_from = self.agent.rounds[-1]["labels"] if self.agent.rounds else 0
        self.send(
            dict(
                type="round",
                text=text,
                rounds=self.agent.rounds,
                rests=self.rest >= ENOUGH,
                learned=learned_from,
                questions=questions,
                guesses=guesses,
                drive=drive,
                **more,
            )
        )


def work(task: Task, pipe: Connection, paused, stopped) -> None:
    """The whole life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted cell is not meant for it, though it gets the signal too
    with contextlib.suppress(OSError, AttributeError):  # not everywhere allowed, or there
        os.nice(10)  # keys stay quick; and yet it goes on where everything else is busy, as it would not in the scheduler's idle class
    torch.set_num_threads(1)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    try:
        Path(task.checkpoint).parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{task.checkpoint}.lock", timeout=10):
            Worker(task, pipe.send, paused, stopped).run()
    except Timeout:
        pipe.send(
            dict(type="failed", text="This agent is being taught in another window or notebook. Go on there, or stop it there first.")
        )
    except BrokenPipeError:
        pass  # the kernel has gone
    except Exception as error:  # the person must be told, whatever it was
        pipe.send(dict(type="failed", text=f"Training stopped: {type(error).__name__}: {error}"))
        raise


def _die_with_the_parent() -> None:
    """A kernel that is killed cannot stop its worker; the worker watches it instead."""
    wait([mp.parent_process().sentinel])
    os._exit(1)
