"""``make gallery``: the README's pictures, taken from a real JupyterLab and from figures of executed notebooks. Name some to make
only those: ``python -m course_lib.authoring.gallery studio``."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from course_lib.authoring.doctor import browser
from course_lib.authoring.run import run
from course_lib.machine import course_root

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def lab(page, notebook: str):
    """A JupyterLab as a learner starts it, with ``notebook`` open and running; yields the workspace's folder."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        command = [sys.executable, "-m", "course_lib.cli", "lab", "--workspace", folder, "--no-browser", f"--port={port}",
                   "--IdentityProvider.token=gallery", "--expose-app-in-browser"]
        env = {k: v for k, v in os.environ.items() if k != "COURSE_PEOPLE"}
        server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{port}/api?token=gallery")
            page.goto(f"http://127.0.0.1:{port}/doc/tree/{notebook}?token=gallery&reset")
            page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
            page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
            yield os.path.realpath(folder)
        finally:
            server.terminate()
            server.wait(20)


SHORTEN = "(e, folder) => { e.textContent = e.textContent.replace(folder, 'workspace'); }"


def labeler(page, out: Path) -> None:
    """Notebook 00 in Lab, after a dozen clicks of somebody who likes the clip that is closer to the middle."""
    with lab(page, "00_start_here.ipynb") as folder:
        for i in range(12):
            page.wait_for_selector(f'.cw[data-done="{i}"][aria-busy="false"]')
            away = [float(f.text_content().split("on average ")[1].split(" ")[0]) for f in page.locator("figcaption.unseen").all()]
            page.locator(".cw[data-pair]").press("ArrowLeft" if away[0] < away[1] else "ArrowRight")
        page.wait_for_selector('.cw[data-done="12"][aria-busy="false"]')
        page.wait_for_timeout(1500)  # into the clips
        page.locator(".cw[data-pair] .stored").evaluate(SHORTEN, folder)
        page.locator(".cw[data-pair]").screenshot(path=out / "labeler.png")


def play(page, out: Path) -> None:
    """Notebook 02 in Lab: somebody who steers back, for two drives, and takes over once more in the third."""
    with lab(page, "02_dagger.ipynb") as folder:
        page.wait_for_selector('.cw.play[data-drive="0"]')
        root = page.locator(".cw.play")
        root.focus()
        page.locator(".cw.play .fps").evaluate("e => { e.value = 20; e.dispatchEvent(new Event('input')); }")
        _steer(page, until=lambda: int(root.get_attribute("data-rounds")) == 2)
        _steer(page, until=lambda: int(root.get_attribute("data-labels")) >= 5, soon=True)
        page.locator(".cw.play .stored").evaluate(SHORTEN, folder)
        root.screenshot(path=out / "play.png")


def _steer(page, until, soon: bool = False) -> None:
    """Watch, and hold the key that leads back to the middle while the car is far from it (``soon``: or when it is not yet)."""
    held = ""
    for _ in range(20_000):
        if until():
            break
        state, yours, paused = (page.locator(".cw.play").get_attribute(f"data-{name}") for name in ("state", "yours", "paused"))
        (offset, heading, bend), yours, paused = map(float, state.split()[:3]), yours == "true", paused == "true"
        worried = abs(offset) > (0.25 if yours or soon else 0.8)
        want = bend + 1.5 * (max(-0.6, min(0.6, -0.5 * offset)) - heading)
        key = "" if not worried else "ArrowLeft" if want > 0.15 else "ArrowRight" if want < -0.15 else "ArrowUp"
        if key != held:
            if held:
                page.keyboard.up(held)
            if key:
                page.keyboard.down(key)
            held = key
        elif paused:
            page.keyboard.press("Space")
        page.wait_for_timeout(30)


def studio(page, out: Path, clicks: int = 30, pace: float = 3.5) -> None:
    """One live session in the studio, from the first click to the agent it has taught: somebody who likes the pendulum to spin."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        server = subprocess.Popen([sys.executable, "-m", "course_lib.cli", "label", "--labels", f"{folder}/labels.sqlite", "--no-browser",
                                   f"--port={port}", "--token=gallery"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{port}/studio.css")
            page.goto(f"http://127.0.0.1:{port}/?token=gallery")
            page.fill("#alias", "ada")
            page.keyboard.press("Enter")
            page.wait_for_selector(".lessons")
            page.screenshot(path=out / "studio_menu.png")
            heard = _listen(page)
            page.goto(f"http://127.0.0.1:{port}/teach/pendulum")
            for i in range(clicks):
                page.wait_for_timeout(1000 * pace)
                page.wait_for_selector(f'.cw[data-done="{i}"][aria-busy="false"]')
                left, right = (-abs(heard[id][:-1, 1] - 6).sum() for id in heard["now"]["shown"])
                page.keyboard.press("ArrowLeft" if left > right else "ArrowRight")
                if i + 1 in (1, 5, 10, 20, clicks):
                    page.wait_for_timeout(600)
                    page.screenshot(path=out / f"studio_{i + 1:02d}.png")
        finally:
            server.terminate()
            server.wait(20)


def _listen(page) -> dict:
    """What the studio sends to the page: the clips by their ids, and which question is ``now``."""
    heard = {}

    def frame(data):
        if isinstance(data, bytes):
            n = struct.unpack("<I", data[:4])[0]
            content = json.loads(data[4:4 + n])["content"]
            if content["type"] == "clip":
                heard[content["id"]] = np.frombuffer(data[4 + n:], np.float32).reshape(content["shape"])
            elif content["type"] == "current":
                heard["now"] = content

    page.on("websocket", lambda line: line.on("framereceived", frame))
    return heard


def figures(page, out: Path) -> None:
    """The second figure of notebook 01."""
    executed = run(course_root() / "notebooks/01_behavior_cloning.ipynb").executed
    html = [o.data["text/html"] for c in executed.cells if c.cell_type == "code" for o in c.outputs
            if "<figure" in o.get("data", {}).get("text/html", "")]
    page.set_content(f"<body style='margin:8px;width:760px;font-family:sans-serif'>{html[1]}")
    page.locator("figure").screenshot(path=out / "road.png")


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("JupyterLab did not start within a minute; `course lab` shows why")


def main() -> None:
    out = course_root() / "book/gallery"
    out.mkdir(parents=True, exist_ok=True)
    path = browser()
    if path is None:
        sys.exit("no Chromium found: run `make test` once, which installs one")
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1000, "height": 900})
        page.set_default_timeout(60_000)
        for picture in (labeler, play, studio, figures):
            if not sys.argv[1:] or picture.__name__ in sys.argv[1:]:
                picture(page, out)
        chromium.close()
    print(*sorted(out.glob("*.png")), sep="\n")


if __name__ == "__main__":
    main()
