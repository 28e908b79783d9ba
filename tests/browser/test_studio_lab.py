"""The studio's widgets in a real JupyterLab: by keys, by mouse and by finger, and when something breaks."""

import random
import sqlite3

import psutil
import pytest

from .conftest import TOKEN, run_cells
from .measures import LIVE, PAIRS, done, idle, kernel_process, kill_kernels, mash, ready, rows, run_selected, start
from .test_lab import no_violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
FEW = PAIRS.replace("N,", "20,").replace(":N]", ":20]").replace("N:]", "20:]")
RANK = '''
from course_lib.data.items import Text
from course_lib.data.store import LabelStore
from course_lib.widgets import Ranker
Ranker(None, [tuple(Text(f"Question {i}?", f"Answer {j} to {i}, with <b>no</b> markup.") for j in range(4)) for i in range(6)], LabelStore("NAME.sqlite"), task="test")
'''
DOG = '''
from course_lib.data.store import LabelStore
from course_lib.envs.gridworld import Grid, gridworld
from course_lib.widgets import TwoButtons
garden = gridworld(5, 6, goals=((0, 5),), pits=((1, 3), (2, 3)), start=(4, 0), slip=0.0)
TwoButtons(Grid(mdp=garden, columns=6, horizon=40), LabelStore("NAME.sqlite"), task="test", tempo=300)
'''
TEXTS = '''
from course_lib.data.items import Text
from course_lib.data.store import LabelStore
from course_lib.widgets import PairLabeler
PairLabeler(None, [(Text(f"Q{i}?", f"one {i} <img src=x onerror=alert(1)>"), Text(f"Q{i}?", f"two {i}")) for i in range(6)], LabelStore("NAME.sqlite"), task="test")
'''


def test_ten_killed_kernels_lose_no_label(lab, page):
    acknowledged, lost = kill_kernels(lab, page, "kills", 10, random.Random(0))
    assert acknowledged >= 10 and lost == 0


def test_two_hundred_mashed_keys_go_to_the_pair_that_was_shown(lab, page):
    stored, wrong = mash(lab, page, "mashed", 200, random.Random(1))
    assert stored >= 20 and wrong == 0


def test_the_measure_of_mashing_can_fail(lab, page, monkeypatch):
    """Were an answer stored for the neighbouring pair, it would be counted."""
    from . import measures

    stored = measures.rows

    def neighbour(*args):
        answers = stored(*args)
        i = next(i for i, (event, *_) in enumerate(answers) if event != "undo")  # an undo is the same word for every pair
        return answers[:i] + [(answers[i][0], "x-y", *answers[i][2:])] + answers[i + 1:]

    monkeypatch.setattr(measures, "rows", neighbour)
    assert measures.mash(lab, page, "mashed_wrong", 30, random.Random(1))[1] >= 1


def test_two_tabs_of_one_labeler_stay_together(lab, page):
    start(lab, page, "tabs", FEW)
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    second = page.context.new_page()
    second.goto(f"{lab.url}/doc/tree/tabs.ipynb?token={TOKEN}")
    second.wait_for_selector('.cw[data-pair][data-done="1"][aria-busy="false"]', timeout=30_000)
    second.locator(".cw[data-pair]").focus()
    second.keyboard.press("ArrowRight")
    ready(second, 2)
    ready(page, 2)  # the first tab has followed
    assert page.locator(".cw[data-pair]").get_attribute("data-pair") == second.locator(".cw[data-pair]").get_attribute("data-pair")
    page.keyboard.press("=")
    ready(second, 3)
    assert [r[0] for r in rows(lab, "tabs")] == ["label", "label", "tie"] and len({r[1] for r in rows(lab, "tabs")}) == 3
    second.close()


def test_help_fingers_and_clips_that_are_clicked(lab, chromium):
    context = chromium.new_context(viewport={"width": 800, "height": 900}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    start(lab, page, "touch", FEW)
    assert "touch.sqlite" in page.locator(".stored").inner_text()  # said before the first label
    page.keyboard.press("?")
    assert page.locator(".help").is_visible() and "take back" in page.locator(".help").inner_text()
    no_violations(page)
    page.keyboard.press("Escape")
    assert not page.locator(".help").is_visible()
    page.locator("canvas").nth(1).tap()
    ready(page, 1)
    page.locator('button[data-say="left"]').tap()
    ready(page, 2)
    page.locator('[data-say="undo"]').tap()
    ready(page, 1)
    sides = [("left" if (c == 1) == (left == "first") else "right") for e, _, c, left, _ in rows(lab, "touch") if e == "label"]
    assert sides == ["right", "left"]
    context.close()


def test_texts_are_shown_as_text(lab, page):
    start(lab, page, "texts", TEXTS)
    shown = page.locator("blockquote").all_inner_texts()
    assert any("<img src=x" in t for t in shown) and page.locator("blockquote img").count() == 0 and page.locator(".prompt").inner_text() == "Q0?"
    no_violations(page)
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    page.locator("button[data-say=right]").click()
    ready(page, 2)
    assert [r[0] for r in rows(lab, "texts")] == ["label", "label"]


def test_ranking_by_keys_by_buttons_and_by_dragging(lab, page):
    start(lab, page, "ranks", RANK)
    order = lambda: page.locator(".rank").get_attribute("data-order").split("-")
    no_violations(page)
    a, b, c, d = order()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    assert order() == [a, c, b, d]
    page.keyboard.press("1")
    assert order() == [b, a, c, d]
    page.keyboard.press("Enter")
    ready(page, 1)
    a, b, c, d = order()
    cards = page.locator(".cards li")
    box, to = cards.nth(0).bounding_box(), cards.nth(3).bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 60, box["y"] + (to["y"] + to["height"] - 2 - box["y"]) * step / 11)
    page.mouse.up()
    assert order() == [b, c, d, a]
    cards.nth(3).locator("button").first.click()  # up
    assert order() == [b, c, a, d]
    page.locator('[data-say="done"]').click()
    ready(page, 2)
    page.keyboard.press("s")
    ready(page, 3)
    page.keyboard.press("z")
    page.keyboard.press("z")
    ready(page, 2)
    got = rows(lab, "ranks", "event, ranking")
    assert [e for e, _ in got] == ["rank", "rank", "skip", "undo"] and got[1][1].split("-") == [b, c, a, d]
    for key in ("a", "b", "m", "x", "d", "d"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.length") == 1


def test_the_dog_hears_keys_and_buttons_and_the_step_they_were_about(lab, page):
    run_cells(page, lab, "dog", DOG.replace("NAME", "dog"))
    page.wait_for_selector(".dog[data-k='0']")
    no_violations(page)
    page.locator(".dog").focus()
    words = lambda n: page.wait_for_selector(f".dog[data-words='{n}']")
    page.keyboard.press(".")
    page.wait_for_selector(".dog[data-k='1']")
    page.wait_for_timeout(280)
    page.keyboard.press("g")
    words(1)
    page.locator('[data-say="step"]').click()
    page.wait_for_selector(".dog[data-k='2']")
    page.wait_for_timeout(280)
    page.locator('[data-say="bad"]').click()
    words(2)
    page.locator('[data-say="undo"]').click()
    words(1)
    page.locator(".dog").focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => Number(document.querySelector('.dog').dataset.k) >= 5")  # it walks by itself
    page.keyboard.press("Space")
    assert page.locator(".dog").get_attribute("data-running") == "false"
    with sqlite3.connect(lab.workspace / "dog.sqlite") as db:
        got = db.execute("select event, value, step, response_ms > 250 from event order by seq").fetchall()
    assert got == [("feedback", 1, 1, 1), ("feedback", -1, 2, 1), ("undo", None, None, None)]


def test_teaching_live_a_killed_worker_and_a_killed_kernel(lab, page):
    start(lab, page, "live", LIVE)
    no_violations(page)
    state = lambda s: page.wait_for_selector(f'.watch[data-state="{s}"]')
    for i in range(12):
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
        ready(page, i + 1)
    page.wait_for_function("() => Number(document.querySelector('.watch').dataset.rounds) >= 2")
    state("training")
    for i in range(12, 16):  # the first that a model had guessed
        page.keyboard.press("ArrowLeft")
        ready(page, i + 1)
    kernel = kernel_process(lab, page)
    (worker,) = [p for p in kernel.children() if "spawn_main" in " ".join(p.cmdline()) and p.nice() == 10]
    worker.kill()
    state("failed")
    assert "Every answer of yours" in page.locator(".told").inner_text()
    no_violations(page)
    page.locator(".cw[data-pair]").focus()
    page.keyboard.press("ArrowLeft")  # labels go on
    ready(page, 17)
    page.locator('.watch [data-say="stop"]').click()  # which says "start again" now
    state("training")
    page.locator('.watch [data-say="pause"]').click()
    state("paused")
    page.locator('.watch [data-say="pause"]').click()
    page.wait_for_selector('.watch[data-state="training"]')
    rounds = int(page.locator(".watch").get_attribute("data-rounds"))
    children = kernel.children(recursive=True)
    kernel.kill()
    psutil.wait_procs(children, timeout=10)
    assert not [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]  # no worker is left behind
    page.reload()
    idle(page)
    run_selected(page, 0)
    page.wait_for_selector('.cw[data-pair][data-done="17"][aria-busy="false"]')
    page.wait_for_function("n => Number(document.querySelector('.watch').dataset.rounds) >= n", arg=rounds)
    page.wait_for_function("() => document.querySelectorAll('.guesses .hit, .guesses .miss').length > 0")  # the history of guesses as well
    page.locator('.watch [data-say="stop"]').click()
    state("stopped")
    assert len(rows(lab, "live")) == 17 == done(page)


def refused(page, n):
    page.wait_for_function("() => document.querySelector('.cw .status').textContent.includes('Not saved')")
    assert done(page) == n  # still on the same pair
    return page.locator(".cw .status").inner_text()


def test_a_full_disk_says_so_and_goes_on_when_there_is_room(lab, page):
    """A limit on the size of files, which is how a full disk looks from inside."""
    limit = "import os, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(store.path) // 4096 * 4096, resource.RLIM_INFINITY))"
    lift = "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)"
    start(lab, page, "full", FEW, "limit = 1", "lift = 1")
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    in_kernel(page, limit)
    page.locator(".cw[data-pair]").focus()
    n = 1
    for _ in range(12):  # what fits into the pages that are there already is still saved
        page.keyboard.press("ArrowLeft")
        page.wait_for_function("n => Number(document.querySelector('.cw[data-pair]').dataset.done) > n || document.querySelector('.cw .status').textContent.includes('Not saved')", arg=n)
        if done(page) == n:
            break
        n = done(page)
    assert "no space left" in refused(page, n)
    in_kernel(page, lift)
    page.locator(".cw[data-pair]").focus()
    page.keyboard.press("ArrowRight")
    ready(page, n + 1)
    assert len(rows(lab, "full")) == n + 1


def in_kernel(page, code):
    """Run code in the notebook's kernel, and wait for it."""
    page.evaluate("""(code) => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }).done.then((r) => { if (r.content.status !== 'ok') throw new Error(r.content.evalue) })""", code)


def say_left(page):
    page.locator(".cw[data-pair]").focus()
    page.keyboard.press("ArrowLeft")


def test_a_read_only_store_and_a_broken_one_say_so(lab, page):
    start(lab, page, "broken", FEW)
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    in_kernel(page, "import sqlite3, sqlalchemy as sa; engine = store.engine; uri = f'file:{store.path}?mode=ro'\n"
                    "store.engine = sa.create_engine('sqlite://', creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False))")
    say_left(page)
    assert "cannot be written" in refused(page, 1)
    in_kernel(page, "store.engine = engine")
    say_left(page)
    ready(page, 2)
    in_kernel(page, "engine.dispose(); whole = store.path.read_bytes(); store.path.write_bytes(b'not labels any more' * 500)")
    say_left(page)
    assert "damaged" in refused(page, 2)
    in_kernel(page, "engine.dispose(); store.path.write_bytes(whole)")
    say_left(page)
    ready(page, 3)
    assert len(rows(lab, "broken")) == 3
