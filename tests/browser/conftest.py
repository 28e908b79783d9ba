"""A real JupyterLab, started as a learner starts it (`course lab`), and a real Chromium in front of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from playwright.sync_api import sync_playwright

from course_lib.authoring.doctor import browser as find_browser

TOKEN = "course-test"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--force-device-scale-factor=1"]


class Lab:
    def __init__(self, workspace, home, *arguments):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.workspace, self.url = workspace, f"http://127.0.0.1:{self.port}"
        env = {k: v for k, v in os.environ.items() if k != "COURSE_PEOPLE"}
        env |= {f"JUPYTER_{d}_DIR": str(home / d.lower()) for d in ("CONFIG", "DATA", "RUNTIME")} | {"IPYTHONDIR": str(home / "ipython")}
        self.log = open(home / "lab.log", "w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "course_lib.cli", "lab", "--workspace", str(workspace), "--no-browser", "--ip=127.0.0.1", f"--port={self.port}",
             f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser", *arguments], env=env, stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/api?token={TOKEN}", timeout=2)
                return
            except OSError:
                assert self.process.poll() is None, open(self.log.name).read()
                time.sleep(0.2)
        raise TimeoutError(open(self.log.name).read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("home"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def chromium():
    path = find_browser()
    if path is None:
        pytest.fail('no Chromium: see what tests/get_chromium.py said, or run make test TEST_ARGS=\'-m "not browser"\'')
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page on which every request must stay on this machine."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    made = context.new_page()
    outside = []
    made.on("request", lambda r: outside.append(r.url) if not r.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")) else None)
    made.set_default_timeout(60_000)
    yield made
    context.close()
    assert not outside, f"requests to the outside: {outside}"


def run_cells(page, lab, name, *cells):
    """A notebook of these cells, written, opened and run."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(cells)])
    nb.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nb, lab.workspace / f"{name}.ipynb")
    open_notebook(page, lab, f"{name}.ipynb")
    run_all(page)


def open_notebook(page, lab, name):
    page.goto(f"{lab.url}/doc/tree/{name}?token={TOKEN}&reset")
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")


def run_all(page):
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
