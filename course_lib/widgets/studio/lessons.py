"""What can be taught in the studio: a menu, and for each entry the widgets of its page.

A lesson is made for one person: ``make(store, folder, **who) → widgets``, where ``who`` says to whom and under which task it belongs.
Lessons that are ``shared`` ask everybody the same questions, so
that it can be seen whether people agree; those that ``train`` start a worker process for each person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from course_lib.data.items import Text
from course_lib.data.store import LabelStore

OURS = Path(__file__).with_name("texts.jsonl")
SWING = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)  # PPO on the pendulum
RUN = dict(n_envs=32, n_steps=64, batch_size=512, gamma=0.98, lam=0.95, epochs=6, lr=1e-3)  # and on the half-cheetah


@dataclass(frozen=True)
class Lesson:
    """``minutes``: how long until something can be seen. Its labels are stored under the task ``studio/<name>``, or
    ``studio/<name>/<variant>`` where it asks about somebody's own texts."""

    name: str
    title: str
    what: str
    minutes: str
    build: Callable[..., Sequence]
    shared: bool = False
    trains: bool = False
    variant: str = ""

    @property
    def task(self) -> str:
        return "/".join(filter(None, ("studio", self.name, self.variant)))

    def make(self, store: LabelStore, alias: str, folder: Path) -> list:
        """The widgets of this lesson, for one person."""
        return self.build(store, folder, task=self.task, annotator=alias, mode="live")


def order_for(who: dict) -> int:
    """The seed of the order in which this person sees the two sides: another one for everybody, the same each time."""
    return sum(who["annotator"].encode())


def pendulum(store, folder, **who):
    from course_lib.envs import Pendulum
    from course_lib.widgets import Live

    return [Live(Pendulum(), store, folder=folder, **who, **SWING)]


def half_cheetah(store, folder, **who):
    from course_lib.envs.mujoco import Mujoco
    from course_lib.widgets import Live

    return [Live(Mujoco(horizon=200), store, folder=folder, clip_length=30, **who, **RUN)]


def dog(store, folder, **who):
    from course_lib.envs.gridworld import Grid, gridworld
    from course_lib.widgets import TwoButtons

    garden = gridworld(5, 6, goals=((0, 5),), pits=((1, 3), (2, 3)), start=(4, 0), slip=0.0)
    return [TwoButtons(Grid(mdp=garden, columns=6, horizon=40), store, **who)]


def drive(store, folder, **who):
    from course_lib.envs import Drive
    from course_lib.rl.rollouts import expert, rollout
    from course_lib.widgets import Play

    road = Drive(horizon=150)
    shown = rollout(road, expert(road), 3, np.random.default_rng(0)).demonstrations()
    return [Play(road, shown, store, epochs=60, lr=3e-3, **who)]


def clips(store, folder, n: int = 30, **who):
    """Everybody is asked about the same clips; the order of the two is drawn for each."""
    from course_lib.data import clips as cut
    from course_lib.envs import Drive
    from course_lib.rl.rollouts import noisy, rollout
    from course_lib.widgets import PairLabeler

    road, rng = Drive(horizon=60), np.random.default_rng(0)
    aims, shakes = (-0.6, 0.0, 0.6), (0.0, 0.3, 1.0)
    drivers = [noisy(lambda obs, state, rng, aim=aim: road.expert(state, aim), shake) for aim in aims for shake in shakes]
    pool = [c for act in drivers for c in cut(rollout(road, act, n // 4, rng).demonstrations(), 30, rng)]
    order = rng.permutation(len(pool))
    pairs = [(pool[i], pool[j]) for i, j in zip(order[:n], order[n : 2 * n])]
    return [PairLabeler(road, pairs, store, question="Who drives better?", seed=order_for(who), **who)]


def read_texts(path: str | Path) -> list[list[Text]]:
    """``{"prompt": …, "completions": [two or more]}``, one a line. ``ValueError`` names the line that is none."""
    groups = []
    for number, line in enumerate(Path(path).read_text(encoding="utf8").rstrip("\n").split("\n"), 1):
        try:
            row = json.loads(line)
            prompt, completions = row["prompt"], row["completions"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'line {number} of {path} is not {{"prompt": …, "completions": […]}} ({error!r})') from error
        if (
            not isinstance(prompt, str)
            or not isinstance(completions, list)
            or not all(isinstance(c, str) for c in completions)
            or len(set(completions)) < 2
        ):
            raise ValueError(f"line {number} of {path}: a prompt and at least two different completions are needed, all of them text")
        groups.append([Text(prompt, c) for c in dict.fromkeys(completions)])
    return groups


def texts(store, folder, path=OURS, question="Which explanation is better?", **who):
    from course_lib.widgets import PairLabeler

    rng = np.random.default_rng(0)
    pairs = [tuple(group[i] for i in rng.permutation(len(group))[:2]) for group in read_texts(path)]
    return [PairLabeler(None, pairs, store, question=question, seed=order_for(who), **who)]


def ranks(store, folder, path=OURS, question="Put the best explanation on top.", **who):
    from course_lib.widgets import Ranker

    return [Ranker(None, [tuple(group) for group in read_texts(path)], store, question=question, seed=order_for(who), **who)]


# fmt: off
LESSONS = [
    Lesson("pendulum", "Teach a pendulum",
           "Say which of two clips you like better. It practises while you do: make it spin, stand, or lie still.",
           "3 minutes, about 30 clicks", pendulum, trains=True),
    Lesson("dog", "Train a dog with two buttons", "It walks through a garden. Say good, or bad, until it finds its bowl.",
           "2 minutes", dog),
    Lesson("drive", "Take the wheel", "A learner drives. Take over with the arrow keys when it goes wrong; it learns from what you do.",
           "3 minutes", drive),
    Lesson("half_cheetah", "Teach a robot", "A half-cheetah learns to move as you like it. Harder than the pendulum: it takes patience.",
           "15 minutes and more", half_cheetah, trains=True),
    Lesson("clips", "Who drives better?", "Thirty pairs of drives, the same for everybody: do you agree with the others?",
           "3 minutes", clips, shared=True),
    Lesson("texts", "Which explanation is better?", "Pairs of short texts, the same for everybody.", "2 minutes", texts, shared=True),
    Lesson("ranks", "Put explanations in order", "Four at a time, best on top, by dragging or by keys.", "3 minutes", ranks, shared=True),
]
# fmt: on


def with_texts(path: Path) -> list[Lesson]:
    """The menu, with somebody's own texts instead of the course's. ``ValueError`` names a line that cannot be read."""
    read_texts(path)
    new = {
        "texts": ("Which is better?", f"Pairs of texts from {path.name}.", partial(texts, path=path, question="Which is better?")),
        "ranks": ("Put in order", f"Texts from {path.name}, best on top.", partial(ranks, path=path, question="Put the best on top.")),
    }
    own = lambda x, title, what, build: replace(x, title=title, what=what, build=build, variant=path.stem)
    return [own(x, *new[x.name]) if x.name in new else x for x in LESSONS]
