"""What the studio must keep and how quick it must be, measured in a real browser: used by the tests with small numbers, by
``benchmarks/studio.py`` with large ones."""

import json
import random
import sqlite3
import time
import urllib.request

import psutil

from .conftest import TOKEN, run_all, run_cells

PAIRS = '''
import numpy as np
from course_lib.data import clips
from course_lib.data.store import LabelStore
from course_lib.envs import Drive
from course_lib.rl.rollouts import rollout, uniform
from course_lib.widgets import PairLabeler
world, rng = Drive(horizon=30), np.random.default_rng(0)
some = clips(rollout(world, uniform(world), N, rng).demonstrations(), 10, rng, per=2)
store = LabelStore("NAME.sqlite")
PairLabeler(world, list(zip(some[:N], some[N:])), store, task="test")
'''
LIVE = '''
from course_lib.machine import settle
settle()
from course_lib.data.store import LabelStore
from course_lib.envs import Pendulum
from course_lib.widgets import Live
store = LabelStore("NAME.sqlite")
swing = dict(n_envs=32, n_steps=100, batch_size=400, gamma=0.95, lam=0.95, epochs=10, lr=3e-3, entropy=0.01)
lesson = Live(Pendulum(), store, task="test", folder="NAME-agents", **swing)
lesson
'''
# What is pressed, and which pair was on the screen then; and of each answer, how long until the next pair was drawn, until the frame that
# shows it, and until one frame later.
WATCH = """() => { window.pressed = []; window.lags = []; let at = 0; const root = document.querySelector('.cw[data-pair]');
  const note = (pair, key, open) => window.pressed.push([pair, key, open]);
  root.addEventListener('keydown', (e) => { if (e.repeat) return; note(root.dataset.pair, e.key, root.getAttribute('aria-busy') === 'false'); at = performance.now(); }, true);
  new MutationObserver(() => { if (!at) return; const p = at; at = 0; const drawn = performance.now() - p;
      requestAnimationFrame(() => { const frame = performance.now() - p; requestAnimationFrame(() => window.lags.push([drawn, frame, performance.now() - p])); }); })
    .observe(root, { attributes: true, attributeFilter: ['data-pair'] }); }"""


def start(lab, page, name, source, *more):
    """A notebook with these cells, run, with its first pair on the screen and the keyboard on the labeler."""
    run_cells(page, lab, name, source.replace("NAME", name), *more)
    page.wait_for_selector('.cw[data-pair][aria-busy="false"]')
    page.locator(".cw[data-pair]").focus()


def ready(page, done):
    page.wait_for_selector(f'.cw[data-pair][data-done="{done}"][aria-busy="false"]')


def done(page) -> int:
    return int(page.locator(".cw[data-pair]").get_attribute("data-done"))


def rows(lab, name, columns="event, pair, choice, left, kind"):
    with sqlite3.connect(lab.workspace / f"{name}.sqlite") as db:
        return db.execute(f'select {columns.replace("left", chr(34) + "left" + chr(34))} from event order by seq').fetchall()


def kernel_id(lab, page) -> str | None:
    """The kernel of the notebook on this page; None if Lab has given it up."""
    id = page.evaluate("window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.id")
    return id if id in {k["id"] for k in json.load(urllib.request.urlopen(f"{lab.url}/api/kernels?token={TOKEN}"))} else None


def kernel_process(lab, page) -> psutil.Process | None:
    """Its process, if it lives."""
    if (id := kernel_id(lab, page)) is None:
        return None
    for p in psutil.Process(lab.process.pid).children(recursive=True):
        try:
            if id in " ".join(p.cmdline()):
                return p
        except psutil.Error:  # it has just ended
            continue
    return None


def idle(page):
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")


def run_selected(page, index):
    """Run one cell, as Ctrl-Enter does."""
    page.evaluate("""(i) => { const nb = window.jupyterapp.shell.currentWidget.content; nb.activeCellIndex = i; nb.deselectAll();
        window.jupyterapp.commands.execute('notebook:run-cell') }""", index)


def another_kernel(lab, page, dead: int) -> None:
    """Lab starts another kernel by itself and says so, five times; then it gives up, and the page is opened again. Then everything is run."""
    until = time.monotonic() + 60
    while (kernel := kernel_process(lab, page)) is None or kernel.pid == dead or page.evaluate("window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.connectionStatus") != "connected":
        assert time.monotonic() < until, "no other kernel was started"
        if kernel_id(lab, page) is None:
            page.reload()
            break
        page.wait_for_timeout(100)
    else:
        page.locator(".jp-Dialog button.jp-mod-accept").first.click()
    idle(page)
    run_all(page)


def kill_kernels(lab, page, name: str, kills: int, rng: random.Random) -> tuple[int, int]:
    """SIGKILL the kernel in the middle of labeling, ``kills`` times: (labels acknowledged, of them lost)."""
    start(lab, page, name, PAIRS.replace("N,", f"{20 * kills},").replace(":N]", f":{20 * kills}]").replace("N:]", f"{20 * kills}:]"))
    acknowledged, lost = 0, 0
    for _ in range(kills):
        page.locator(".cw[data-pair]").focus()
        before = done(page)
        for _ in range(rng.randint(1, 6)):
            page.keyboard.press(rng.choice(["ArrowLeft", "ArrowRight", "="]))
            page.wait_for_timeout(rng.choice([0, 5, 20, 60]))
        killed = kernel_process(lab, page)
        killed.kill()
        page.wait_for_timeout(100)
        seen, stored = done(page), len(rows(lab, name))  # what the page was told, and what is on disk
        acknowledged, lost = acknowledged + seen - before, lost + max(0, seen - stored)
        another_kernel(lab, page, killed.pid)
        ready(page, stored)  # it goes on where the store is
    return acknowledged, lost


def mash(lab, page, name: str, keys: int, rng: random.Random) -> tuple[int, int]:
    """Random keys as fast as they go: (answers stored, of them attributed to another pair or side than was on the screen)."""
    start(lab, page, name, PAIRS.replace("N,", f"{keys},").replace(":N]", f":{keys}]").replace("N:]", f"{keys}:]"))
    page.evaluate(WATCH)
    for _ in range(keys):
        page.keyboard.press(rng.choice(["ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight", "=", "s", "z"]))
        if rng.random() < 0.3:
            page.wait_for_timeout(rng.choice([5, 30, 60]))
    page.wait_for_timeout(1000)
    said = {"ArrowLeft": "left", "ArrowRight": "right", "=": "tie", "s": "skip", "z": "undo"}
    meant = [(pair, said[key]) for pair, key, open in page.evaluate("window.pressed") if open]
    wrong, answered = 0, iter(meant)
    stored = rows(lab, name)
    for event, pair, choice, left, _ in stored:
        side = event if event != "label" else "left" if (choice == 1) == (left == "first") else "right"
        for shown, word in answered:  # a word that was not stored (an undo of nothing) is passed over
            if word == side and (shown == pair or word == "undo"):
                break
        else:
            wrong += 1
            answered = iter(meant)
    return len(stored), wrong


def latencies(lab, page, name: str, clicks: int, rng: random.Random, training: bool) -> list[list[float]]:
    """Milliseconds from a key to the next pair: drawn, in a frame, and one frame later; with ``training`` while a worker practises without a pause."""
    start(lab, page, name, LIVE if training else PAIRS.replace("N,", f"{clicks + 20},").replace(":N]", f":{clicks + 20}]").replace("N:]", f"{clicks + 20}:]"))
    first = 0
    if training:
        for first in range(12):
            page.keyboard.press(rng.choice(["ArrowLeft", "ArrowRight"]))
            ready(page, first + 1)
            page.wait_for_timeout(300)
        first += 1
        page.wait_for_function("() => Number(document.querySelector('.watch').dataset.rounds) >= 2")
    page.evaluate(WATCH)
    for i in range(clicks):
        page.wait_for_timeout(rng.randint(250, 900))
        page.keyboard.press(rng.choice(["ArrowLeft", "ArrowRight"]))
        ready(page, first + i + 1)
    page.wait_for_timeout(200)
    if training:
        assert page.locator(".watch").get_attribute("data-state") == "training"
    return page.evaluate("window.lags")
