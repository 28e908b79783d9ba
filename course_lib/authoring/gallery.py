"""``make gallery``: the README's pictures, taken from a real JupyterLab and from figures of executed notebooks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from course_lib.authoring.doctor import browser
from course_lib.authoring.run import run
from course_lib.machine import course_root

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def labeler(page, out: Path) -> None:
    """Notebook 00 in Lab, after a dozen clicks of somebody who likes the clip that is closer to the middle."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        command = [sys.executable, "-m", "course_lib.cli", "lab", "--workspace", folder, "--no-browser", f"--port={port}",
                   "--IdentityProvider.token=gallery", "--expose-app-in-browser"]
        env = {k: v for k, v in os.environ.items() if k != "COURSE_PEOPLE"}
        lab = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{port}/api?token=gallery")
            page.goto(f"http://127.0.0.1:{port}/doc/tree/00_start_here.ipynb?token=gallery&reset")
            page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
            page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
            for i in range(12):
                page.wait_for_selector(f'.cw[data-done="{i}"][aria-busy="false"]')
                away = [float(f.text_content().split("on average ")[1].split(" ")[0]) for f in page.locator("figcaption.unseen").all()]
                page.locator(".cw[data-pair]").press("ArrowLeft" if away[0] < away[1] else "ArrowRight")
            page.wait_for_selector('.cw[data-done="12"][aria-busy="false"]')
            page.wait_for_timeout(1500)  # into the clips
            shorten = "(e, folder) => { e.textContent = e.textContent.replace(folder, 'workspace'); }"
            page.locator(".cw[data-pair] .status").evaluate(shorten, os.path.realpath(folder))
            page.locator(".cw[data-pair]").screenshot(path=out / "labeler.png")
        finally:
            lab.terminate()
            lab.wait(20)


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
        labeler(page, out)
        figures(page, out)
        chromium.close()
    print(*sorted(out.glob("*.png")), sep="\n")


if __name__ == "__main__":
    main()
