"""What can be taught in the studio: a menu, and for each entry the widgets of its page.

A lesson is made for one person: ``make(store, alias, folder) → widgets``. Lessons that are ``shared`` ask everybody the same questions, so
that it can be seen whether people agree; those that ``train`` start a worker process for each person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from course_lib.data.store import LabelStore, Text

OURS = Path(__file__).with_name("texts.jsonl")
SWING = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)  # PPO on the pendulum
RUN = dict(n_envs=32, n_steps=64, batch_size=512, gamma=0.98, lam=0.95, epochs=6, lr=1e-3)  # and on the half-cheetah


@dataclass(frozen=True)
class Lesson:
    """``task``: the name under which its labels are stored. ``minutes``: how long until something can be seen."""

    name: str
    title: str
    what: str
    minutes: str
    task: str
    make: Callable[[LabelStore, str, Path], Sequence]
    shared: bool = False
    trains: bool = False


def pendulum(store, alias, folder):
    from course_lib.envs import Pendulum
    from course_lib.widgets import Live

    return [Live(Pendulum(), store, task="studio/pendulum", annotator=alias, mode="live", folder=folder, **SWING)]


def half_cheetah(store, alias, folder):
    from course_lib.envs.mujoco import Mujoco
    from course_lib.widgets import Live

    return [
        Live(Mujoco(horizon=200), store, task="studio/half_cheetah", annotator=alias, mode="live", folder=folder, clip_length=30, **RUN)
    ]


def dog(store, alias, folder):
    from course_lib.envs.gridworld import Grid, gridworld
    from course_lib.widgets import TwoButtons

    garden = gridworld(5, 6, goals=((0, 5),), pits=((1, 3), (2, 3)), start=(4, 0), slip=0.0)
    return [TwoButtons(Grid(mdp=garden, columns=6, horizon=40), store, task="studio/dog", annotator=alias, mode="live")]


def drive(store, alias, folder):
    from course_lib.envs import Drive
    from course_lib.rl.rollouts import expert, rollout
    from course_lib.widgets import Play

    road = Drive(horizon=150)
    shown = rollout(road, expert(road), 3, np.random.default_rng(0)).demonstrations()
    return [Play(road, shown, store, task="studio/drive", annotator=alias, mode="live", epochs=60, lr=3e-3)]


def clips(store, alias, folder, n: int = 30):
    """Everybody is asked about the same clips; the order of the two is drawn for each."""
    from course_lib.data import clips as cut
    from course_lib.envs import Drive
    from course_lib.rl.rollouts import noisy, rollout
    from course_lib.widgets import PairLabeler

    road, rng = Drive(horizon=60), np.random.default_rng(0)
    drivers = [
        noisy(lambda obs, state, rng, aim=aim: road.expert(state, aim), shake) for aim in (-0.6, 0.0, 0.6) for shake in (0.0, 0.3, 1.0)
    ]
    pool = [c for act in drivers for c in cut(rollout(road, act, n // 4, rng).demonstrations(), 30, rng)]
    order = rng.permutation(len(pool))
    pairs = [(pool[i], pool[j]) for i, j in zip(order[:n], order[n : 2 * n])]
    return [
        PairLabeler(
            road, pairs, store, task="studio/clips", annotator=alias, mode="live", question="Who drives better?", seed=sum(alias.encode())
        )
    ]


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


def task_of(task: str, path: Path) -> str:
    return task if path == OURS else f"{task}/{path.stem}"


def texts(store, alias, folder, path=OURS):
    from course_lib.widgets import PairLabeler

    rng = np.random.default_rng(0)
    pairs = [tuple(group[i] for i in rng.permutation(len(group))[:2]) for group in read_texts(path)]
    return [
        PairLabeler(
            None,
            pairs,
            store,
            task=task_of("studio/texts", path),
            annotator=alias,
            mode="live",
            question="Which explanation is better?" if path == OURS else "Which is better?",
            seed=sum(alias.encode()),
        )
    ]


def ranks(store, alias, folder, path=OURS):
    from course_lib.widgets import Ranker

    return [
        Ranker(
            None,
            [tuple(group) for group in read_texts(path)],
            store,
            task=task_of("studio/ranks", path),
            annotator=alias,
            mode="live",
            question="Put the best explanation on top." if path == OURS else "Put the best on top.",
            seed=sum(alias.encode()),
        )
    ]


LESSONS = [
    Lesson(
        "pendulum",
        "Teach a pendulum",
        "Say which of two clips you like better. It practises while you do: make it spin, stand, or lie still.",
        "3 minutes, about 30 clicks",
        "studio/pendulum",
        pendulum,
        trains=True,
    ),
    Lesson(
        "dog",
        "Train a dog with two buttons",
        "It walks through a garden. Say good, or bad, until it finds its bowl.",
        "2 minutes",
        "studio/dog",
        dog,
    ),
    Lesson(
        "drive",
        "Take the wheel",
        "A learner drives. Take over with the arrow keys when it goes wrong; it learns from what you do.",
        "3 minutes",
        "studio/drive",
        drive,
    ),
    Lesson(
        "half_cheetah",
        "Teach a robot",
        "A half-cheetah learns to move as you like it. Harder than the pendulum: it takes patience.",
        "15 minutes and more",
        "studio/half_cheetah",
        half_cheetah,
        trains=True,
    ),
    Lesson(
        "clips",
        "Who drives better?",
        "Thirty pairs of drives, the same for everybody: do you agree with the others?",
        "3 minutes",
        "studio/clips",
        clips,
        shared=True,
    ),
    Lesson(
        "texts",
        "Which explanation is better?",
        "Pairs of short texts, the same for everybody.",
        "2 minutes",
        "studio/texts",
        texts,
        shared=True,
    ),
    Lesson(
        "ranks",
        "Put explanations in order",
        "Four at a time, best on top, by dragging or by keys.",
        "3 minutes",
        "studio/ranks",
        ranks,
        shared=True,
    ),
]


def with_texts(path: Path) -> list[Lesson]:
    """The menu, with somebody's own texts instead of the course's. ``ValueError`` names a line that cannot be read."""
    read_texts(path)
    new = {
        "texts": dict(title="Which is better?", what=f"Pairs of texts from {path.name}.", make=partial(texts, path=path)),
        "ranks": dict(title="Put in order", what=f"Texts from {path.name}, best on top.", make=partial(ranks, path=path)),
    }
    return [replace(x, task=task_of(x.task, path), **new[x.name]) if x.name in new else x for x in LESSONS]
