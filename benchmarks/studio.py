"""`make studio-bench`: how quick the labeling studio is, and what it loses when things are killed. Nothing, it should be.

Real JupyterLab, real Chromium, real keys; a real PostgreSQL where it is installed. Each part can be run alone: ``python -m benchmarks.studio
latency kills mash annotators lessons visitors``. Writes studio.json and STUDIO.md beside this file. Timings are of this machine; the peer of
each is its own row without the load.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Barrier, Thread

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from playwright.sync_api import sync_playwright

from course_lib.authoring.doctor import browser
from course_lib.claims import interval
from course_lib.data.store import LabelStore
from course_lib.envs import Drive, Pendulum
from course_lib.humans import PartialReturn
from course_lib.rl.ppo import ppo
from course_lib.rl.rollouts import rollout, uniform
from course_lib.widgets.studio.lessons import SWING
from tests import postgres
from tests.browser import measures
from tests.browser.conftest import FLAGS, Lab

HERE = Path(__file__).parent


def with_lab(do):
    """``do(lab, page)`` in a fresh Lab."""
    home = Path(tempfile.mkdtemp())
    lab = Lab(home / "workspace", home)
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=browser(), args=FLAGS)
        page = chromium.new_context(viewport={"width": 1100, "height": 900}).new_page()
        page.set_default_timeout(60_000)
        try:
            return do(lab, page)
        finally:
            chromium.close()
            lab.stop()


def quantiles(ms) -> dict:
    return dict(n=len(ms), median=float(np.median(ms)), p95=float(np.quantile(ms, 0.95)), worst=float(np.max(ms)))


def latency(clicks: int = 100) -> list[dict]:
    """From a key to the next pair, at human speed: drawn on the canvas, in the frame that shows it, and one frame later (an upper bound)."""
    rows = []
    for training in (False, True):
        lags = with_lab(lambda lab, page, training=training: measures.latencies(lab, page, "lag", clicks, random.Random(0), training))
        what = "an agent is trained meanwhile" if training else "nothing else runs"
        rows += [dict(what=f"{what}: {when}") | quantiles(ms) for when, ms in zip(("drawn", "in a frame", "one frame later"), zip(*lags))]
    return rows


def kills(n: int = 100) -> list[dict]:
    acknowledged, lost = with_lab(lambda lab, page: measures.kill_kernels(lab, page, "kills", n, random.Random(0)))
    return [dict(what=f"{n} kernels killed while labeling", acknowledged=acknowledged, lost=lost)]


def mash(keys: int = 1000) -> list[dict]:
    stored, wrong = with_lab(lambda lab, page: measures.mash(lab, page, "mash", keys, random.Random(0)))
    return [dict(what=f"{keys} mashed keys", stored=stored, wrong=wrong)]


def _annotate(url: str, first: int, people: int, labels: int) -> tuple[list[float], int]:
    """``people`` annotators, each with a connection of their own, all at once: milliseconds of each commit, and how many were acknowledged."""
    clips = rollout(Drive(horizon=30), uniform(Drive(horizon=30)), 2 * labels, np.random.default_rng(0)).demonstrations().trajectories
    ms, begin = [], Barrier(people)

    def work(who):
        store = LabelStore(url)
        begin.wait()
        for i in range(labels):
            a, b = clips[2 * i], clips[2 * i + 1]
            before = time.perf_counter()
            store.append(event="label", task="class", annotator=f"annotator {who}", session="s", kind="human", pair=f"{i}", first=f"a{i}",
                         second=f"b{i}", choice=1.0, items=(a, b), world="Drive")
            ms.append(1000 * (time.perf_counter() - before))
            time.sleep(random.Random(1000 * who + i).uniform(0, 0.2))

    threads = [Thread(target=work, args=(first + k,)) for k in range(people)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return ms, len(ms)


def annotators(people: int = 100, labels: int = 30) -> list[dict]:
    """Everybody writes to one PostgreSQL at once, ten answers a second each, which is far more than people do."""
    if postgres.program("postgres") is None:
        return []
    with postgres.server() as url, ProcessPoolExecutor(4) as pool:
        LabelStore(url)
        parts = list(pool.map(_annotate, [url] * 4, range(0, people, people // 4), [people // 4] * 4, [labels] * 4))
        ms, acknowledged = np.concatenate([p[0] for p in parts]), sum(p[1] for p in parts)
        events = LabelStore(url).events()
    said = {(e["annotator"], e["pair"]) for e in events}
    return [dict(what=f"{people} annotators, one PostgreSQL", acknowledged=acknowledged, lost=acknowledged - len(said), twice=len(events) - len(said))
            | quantiles(ms)]


class Spinning(torch.nn.Module):
    def forward(self, obs, acts):
        return -(obs[..., 2] - 6).abs()


class Upright(torch.nn.Module):
    def forward(self, obs, acts):
        angle = torch.atan2(obs[..., 1], obs[..., 0])
        return -(angle**2 + 0.1 * obs[..., 2] ** 2 + 0.001 * acts[..., 0] ** 2)


def worth(policy, taste) -> float:
    """Mean return per drive by what the person likes; None: random actions."""
    drives = rollout(Pendulum(), uniform(Pendulum()) if policy is None else policy.greedy, 200, np.random.default_rng(5))
    obs, acts = torch.as_tensor(drives.obs[:-1]), torch.as_tensor(drives.acts).float()
    with torch.no_grad():
        return float(taste(obs, acts).sum(0).mean())


def _lesson(taste: str, seed: int, clicks: int = 30, pace: float = 3.5) -> float:
    """Return of the agent after ``clicks`` answers, one in ten a slip, one every ``pace`` seconds, in a live session with its worker."""
    from course_lib.widgets import Live

    torch.set_num_threads(1)
    folder, somebody = tempfile.mkdtemp(), {"spin": Spinning, "stand upright": Upright}[taste]()
    live = Live(Pendulum(), LabelStore(f"{folder}/l.sqlite"), task="t", mode="simulated", folder=folder, seed=seed, **SWING)
    live.simulate(PartialReturn(somebody, rationality=20.0, lapse=0.1), answers=clicks, pace=pace, seed=seed, patience=15)
    live.stop()
    return worth(live.agent().policy, somebody)


def lessons(seeds: int = 6) -> list[dict]:
    """A first useful result: score 0 random, 1 trained on what the person really likes, as many steps as notebook 06 gives."""
    rows = []
    for taste, somebody in (("spin", Spinning()), ("stand upright", Upright())):
        pay = lambda obs, acts, somebody=somebody: somebody(torch.as_tensor(obs), torch.as_tensor(acts).clamp(-2, 2)).numpy()
        torch.set_num_threads(1)
        best = np.mean([worth(ppo(Pendulum(), steps=200_000, reward=lambda o, a: 0.2 * pay(o, a), seed=s, **SWING)[0], somebody) for s in range(3)])
        zero = worth(None, somebody)
        began = time.perf_counter()
        with ProcessPoolExecutor(2, max_tasks_per_child=1, mp_context=_spawn()) as pool:
            scores = (np.array(list(pool.map(_lesson, [taste] * seeds, range(seeds)))) - zero) / (best - zero)
        mean, low, high = interval(scores)
        rows.append(dict(what=f"pendulum, taught to {taste}", clicks=30, seconds=2 * (time.perf_counter() - began) / seeds, score=float(mean), low=float(low),
                         high=float(high), single=[round(float(x), 2) for x in scores]))
    return rows


def _spawn():
    import multiprocessing

    return multiprocessing.get_context("spawn")


def visitors() -> list[dict]:
    """What one more visitor costs: a kernel that has imported what a lesson needs (Voilà starts one each), or a room in the studio."""
    code = ("import psutil; from course_lib.data.store import LabelStore; from course_lib.widgets.studio.lessons import LESSONS; {0}\n"
            "make = next(x for x in LESSONS if x.name == 'clips').make\n"
            "make(LabelStore('{1}/l.sqlite'), 'a', None)\n"
            "before = psutil.Process().memory_full_info().uss\n"
            "rooms = [make(LabelStore('{1}/l.sqlite'), f'b{{i}}', None) for i in range(20)]\n"
            "print(before / 2**20, (psutil.Process().memory_full_info().uss - before) / 20 / 2**20)")
    out = subprocess.run([sys.executable, "-c", code.format("import ipykernel.kernelapp", tempfile.mkdtemp())], capture_output=True, text=True, check=True)
    kernel, room = map(float, out.stdout.split())
    return [dict(what="a visitor who labels clips", kernel_mb=kernel, room_mb=room)]


PARTS = {f.__name__: f for f in (latency, kills, mash, annotators, lessons, visitors)}
TITLES = {"latency": "From a key to the next pair on the screen [ms]", "kills": "Killed kernels", "mash": "Mashed keys", "annotators": "A class at once: commit [ms]",
          "lessons": "The first useful result", "visitors": "Memory of one more visitor [MB]"}


def table(results: dict) -> str:
    shown = lambda v: f"{v:.2f}" if isinstance(v, float) and abs(v) < 10 else f"{v:.0f}" if isinstance(v, float) else str(v)
    out = ["# The labeling studio, measured", "", f"`python -m benchmarks.studio`, {results['machine']}. See studio.py for what each row is.", ""]
    for name, title in TITLES.items():
        if rows := results.get(name):
            keys = list(rows[0])
            out += [f"**{title}**", "", "| " + " | ".join("" if k == "what" else k for k in keys) + " |", "|" + "---|" * len(keys)]
            out += ["| " + " | ".join(shown(r[k]) for k in keys) + " |" for r in rows] + [""]
    return "\n".join(out)


def main(names: list[str]) -> None:
    path = HERE / "studio.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for name in names or PARTS:
        print(f"{name} …", flush=True)
        results[name] = PARTS[name]()
        results["machine"] = f"{os.cpu_count()} CPU cores, Python {sys.version.split()[0]}, torch {torch.__version__}"
        print(json.dumps(results[name], indent=1), flush=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
        (HERE / "STUDIO.md").write_text(table(results), encoding="utf8")


if __name__ == "__main__":
    main(sys.argv[1:])
