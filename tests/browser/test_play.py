"""The play widget in a real JupyterLab: driven by keys, at a speed one can steer at."""

import sqlite3
import statistics

import pytest

from .conftest import open_notebook, run_all, run_cells
from .test_lab import no_violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CELL = '''
import numpy as np
from course_lib.data.store import LabelStore
from course_lib.envs import Drive
from course_lib.rl.rollouts import expert, rollout
from course_lib.machine import settle
from course_lib.widgets import Play
settle()
world = Drive(horizon=HORIZON)
shown = rollout(world, expert(world), 3, np.random.default_rng(0)).demonstrations()
play = Play(world, shown, LabelStore("NAME.sqlite"), task="test", epochs=30, lr=3e-3)
play.fps = FPS
play
'''

# for each step drawn: when; for each key pressed: how long until two animation frames after a picture that shows it
WATCH = """() => { window.drawn = []; window.lags = []; let pressed = 0; const root = document.querySelector('.cw.play');
  root.addEventListener('keydown', (e) => { if (!e.repeat && e.key.startsWith('Arrow')) pressed = performance.now(); }, true);
  new MutationObserver((all) => { const now = performance.now(); if (all.some((m) => m.attributeName === 'data-k')) window.drawn.push(now);
    if (pressed && root.dataset.yours === 'true') { const p = pressed; pressed = 0; requestAnimationFrame(() => requestAnimationFrame((t) => window.lags.push(performance.now() - p))); }
  }).observe(root, { attributes: true, attributeFilter: ['data-k', 'data-yours'] }); }"""


def start(lab, page, name, horizon=60, fps=12):
    cell = CELL.replace("NAME", name).replace("HORIZON", str(horizon)).replace("FPS", str(fps))
    run_cells(page, lab, name, cell, "'second cell'")
    page.wait_for_selector('.cw.play[data-drive="0"]')
    page.locator(".cw.play").focus()


def at_least(page, **values):
    for name, value in values.items():
        page.wait_for_function("([n, v]) => Number(document.querySelector('.cw.play').dataset[n]) >= v", arg=[name, value])


def corrections(lab, name):
    with sqlite3.connect(lab.workspace / f"{name}.sqlite") as db:
        return db.execute("select event, kind, pair, second from event order by seq").fetchall()


def test_drive_by_keys_and_find_the_corrections_in_the_store(lab, page):
    start(lab, page, "keys_drive", fps=20)
    assert page.locator(".who").inner_text() == "❚❚ paused"
    page.keyboard.press("Space")
    at_least(page, k=5)
    for key in ("ArrowLeft", "ArrowRight"):
        before = int(page.locator(".cw.play").get_attribute("data-labels"))
        page.keyboard.down(key)
        page.wait_for_selector('.cw.play[data-yours="true"]')
        assert page.locator(".who").inner_text() == "■ You drive"
        at_least(page, labels=before + 4)
        page.keyboard.up(key)
        page.wait_for_selector('.cw.play[data-yours="false"]')
    page.wait_for_selector('.cw.play[data-rounds="1"]')
    assert "Learned from" in page.locator(".status").inner_text() and page.locator(".rounds li").count() == 2
    rows = corrections(lab, "keys_drive")
    assert [r[:2] for r in rows] == [("correction", "human")] * 2 and len({r[2] for r in rows}) == 2 and page.locator(".who").inner_text() == "❚❚ paused"


def test_buttons_take_back_blur_and_no_key_reaches_lab(lab, page):
    start(lab, page, "buttons", horizon=400, fps=20)
    page.keyboard.press("?")
    assert page.locator(".help").is_visible() and "buttons.sqlite" in page.locator(".stored").inner_text()
    page.keyboard.press("Escape")
    left = page.locator('[data-hold="left"]')
    left.hover()
    page.mouse.down()
    at_least(page, labels=4)
    page.mouse.up()
    page.wait_for_selector('.cw.play[data-yours="false"]')
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('.cw.play .status').textContent.includes('Taken back')")
    assert [r[0] for r in corrections(lab, "buttons")] == ["correction", "undo"]
    page.keyboard.press("Space")
    at_least(page, k=20)
    page.evaluate("() => document.activeElement.blur()")
    assert page.locator(".cw.play").get_attribute("data-paused") == "true"
    stopped = page.locator(".cw.play").get_attribute("data-k")
    page.wait_for_timeout(400)
    assert int(page.locator(".cw.play").get_attribute("data-k")) <= int(stopped) + 1  # one step may have been under way
    page.locator(".cw.play").focus()
    for key in ("a", "b", "m", "x", "d", "d", "j", "Escape", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.length") == 2
    no_violations(page)
    page.locator('[data-say="end"]').click()
    page.wait_for_selector('.cw.play[data-drive="1"]')
    assert "did not take over" in page.locator(".status").inner_text()


def test_short_taps_keys_on_buttons_and_clicks(lab, page):
    """A tap between two steps counts; a button pressed by key lets go with the key; after a click the space bar starts and pauses."""
    start(lab, page, "taps", horizon=400, fps=3)
    page.keyboard.press("Space")
    at_least(page, k=2)
    page.keyboard.press("ArrowLeft")  # down and up at once, with a third of a second between two steps
    at_least(page, labels=1)
    page.wait_for_selector('.cw.play[data-yours="false"]')
    page.keyboard.press("Space")
    page.locator('[data-hold="left"]').focus()
    page.keyboard.down("Space")
    page.wait_for_selector('.cw.play[data-yours="true"]')
    page.keyboard.up("Space")
    page.wait_for_selector('.cw.play[data-yours="false"]')
    page.locator('[data-say="undo"]').click()
    page.wait_for_function("() => document.querySelector('.cw.play .status').textContent.includes('Taken back')")
    page.keyboard.press("Space")
    page.wait_for_selector('.cw.play[data-paused="false"]')
    page.wait_for_timeout(700)
    assert [r[0] for r in corrections(lab, "taps")] == ["correction", "correction", "undo"]


def smoothness(lab, page, name, keys=15):
    """(steps drawn a second, median lag from key to picture [ms]), at the slider's highest speed. ``benchmarks/play_widget.py`` uses it too."""
    start(lab, page, name, horizon=2000, fps=40)
    page.evaluate(WATCH)
    page.keyboard.press("Space")
    at_least(page, k=40)
    for i in range(keys):
        page.keyboard.down("ArrowLeft" if i % 2 else "ArrowRight")
        page.wait_for_function("(n) => window.lags.length > n", arg=i)
        page.keyboard.up("ArrowLeft" if i % 2 else "ArrowRight")
        page.wait_for_selector('.cw.play[data-yours="false"]')
    drawn, lags = page.evaluate("() => [window.drawn, window.lags]")
    return (len(drawn) - 1) / (drawn[-1] - drawn[0]) * 1000, statistics.median(lags)


def test_notebook_02_learns_from_whoever_takes_over(lab, page):
    """Run all, and drive while the rest of the notebook is still computing."""
    open_notebook(page, lab, "02_dagger.ipynb")
    run_all(page)
    page.wait_for_selector('.cw.play[data-drive="0"]')
    page.locator(".cw.play").focus()
    page.keyboard.press("Space")
    at_least(page, k=25)
    for key in ("ArrowLeft", "ArrowRight"):
        before = int(page.locator(".cw.play").get_attribute("data-labels"))
        page.keyboard.down(key)
        at_least(page, labels=before + 3)
        page.keyboard.up(key)
        page.wait_for_selector('.cw.play[data-yours="false"]')
    page.keyboard.press("n")
    page.wait_for_selector('.cw.play[data-rounds="1"]')
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:interrupt-kernel') }")
    rows = [r for r in corrections(lab, "labels") if r[0] == "correction" and r[1] == "human"]
    assert len(rows) == 2 and "Learned from" in page.locator(".cw.play .status").inner_text()
    assert "off the road" in page.locator(".cw.play .after figcaption").inner_text()


def test_the_server_sends_small_messages_at_once(lab):
    assert "small kernel messages are sent at once" in open(lab.log.name).read()


def test_the_lag_is_measured_from_key_to_picture(lab, page):
    """What the benchmark reports is what it says; how fast this machine is, is not tested."""
    rate, lag = smoothness(lab, page, "lag", keys=3)
    assert 1 < rate <= 60 and 1000 / 60 < lag < 5000
