"""What a learner does in the first three minutes, with a real keyboard in a real JupyterLab."""

import json
import sqlite3
import urllib.request

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

import course_lib.envs as envs
from course_lib.humans import choice
from course_lib.rl.rollouts import rollout, uniform

from .conftest import TOKEN, open_notebook, run_all, run_cells

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SMALL = '''
import numpy as np
from course_lib.data import clips
from course_lib.data.store import LabelStore
from course_lib.envs import Drive
from course_lib.rl.rollouts import rollout, uniform
from course_lib.widgets import PairLabeler
world, rng = Drive(horizon=30), np.random.default_rng(0)
some = clips(rollout(world, uniform(world), 20, rng).demonstrations(), 10, rng)
PairLabeler(world, list(zip(some[:10], some[10:])), LabelStore("NAME.sqlite"), task="test")
'''


def small(lab, page, name):
    run_cells(page, lab, name, SMALL.replace("NAME", name), "'second cell'")
    ready(page, 0)
    page.locator(".cw").focus()


def ready(page, done):
    page.wait_for_selector(f'.cw[data-done="{done}"][aria-busy="false"]')


def rows(lab, name):
    with sqlite3.connect(lab.workspace / f"{name}.sqlite") as db:
        return db.execute("select event, pair, choice, kind, undoes from event order by seq").fetchall()


def test_lab_answers_with_the_first_notebook(lab):
    listing = json.load(urllib.request.urlopen(f"{lab.url}/api/contents?token={TOKEN}"))
    assert "00_start_here.ipynb" in {f["name"] for f in listing["content"]}
    assert (lab.workspace / "problem_sets/ps1_behavior_cloning.ipynb").exists()


def test_label_three_undo_one_kill_the_kernel_find_the_rows(lab, page):
    small(lab, page, "kill")
    for i, key in enumerate(["ArrowLeft", "ArrowRight", "="]):
        page.keyboard.press(key)
        ready(page, i + 1)
    page.keyboard.press("z")
    ready(page, 2)
    kernel = json.load(urllib.request.urlopen(f"{lab.url}/api/kernels?token={TOKEN}"))[-1]["id"]
    import psutil

    (process,) = [p for p in psutil.Process(lab.process.pid).children(recursive=True) if kernel in " ".join(p.cmdline())]
    process.kill()
    got = rows(lab, "kill")
    assert [r[0] for r in got] == ["label", "label", "tie", "undo"] and got[3][4] == 3
    assert len({r[1] for r in got[:3]}) == 3 and {r[3] for r in got} == {"human"}
    page.close()


def test_what_was_answered_is_taken_up_after_a_reload(lab, page):
    small(lab, page, "again")
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    page.reload()
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    run_all(page)
    ready(page, 1)
    assert len(rows(lab, "again")) == 1


def test_mashing_and_holding_a_key_labels_each_pair_once(lab, page):
    small(lab, page, "mash")
    for _ in range(25):
        page.keyboard.press("ArrowLeft")
    page.keyboard.down("ArrowRight")
    for _ in range(10):
        page.keyboard.down("ArrowRight")  # auto-repeat
    page.keyboard.up("ArrowRight")
    page.wait_for_timeout(500)
    got = rows(lab, "mash")
    assert 1 <= len(got) <= 10 and len({r[1] for r in got}) == len(got)


def test_no_key_reaches_the_notebook_behind(lab, page):
    small(lab, page, "keys")
    for key in ("a", "b", "m", "x", "ArrowDown", "d", "d", "j", "Escape"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.length") == 2
    assert page.locator(".cw").count() == 1 and rows(lab, "keys") == []


def test_buttons_tab_order_words_and_still_pictures(lab, page):
    page.emulate_media(reduced_motion="reduce")
    small(lab, page, "mouse")
    assert page.locator(".pp").inner_text() == "play"
    words = page.locator("figcaption.unseen").first.text_content()
    assert "10 steps" in words
    page.locator('[data-say="right"]').click()
    ready(page, 1)
    page.locator('[data-say="skip"]').click()
    ready(page, 2)
    page.locator(".cw").focus()
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement?.dataset?.say || 'left the widget'"))
    assert reached == ["left", "right", "tie", "skip", "undo", "play", "back", "on", "help", "left the widget"]  # and no trap
    no_violations(page)
    box = page.locator('[data-say="tie"]').bounding_box()
    assert box["height"] >= 44 and box["width"] >= 44
    assert [r[0] for r in rows(lab, "mouse")] == ["label", "skip"]


def no_violations(page):
    """axe-core finds nothing to complain of inside the widgets (Lab's own page is not ours)."""
    found = Axe().run(page, context=".cw").response["violations"]
    assert not found, [(v["id"], v["help"], [n["html"][:80] for n in v["nodes"]]) for v in found]


def test_notebook_00_learns_from_clicks(lab, page):
    """The first three minutes: run all, label twenty, see the model's guesses."""
    open_notebook(page, lab, "00_start_here.ipynb")
    run_all(page)
    page.wait_for_selector('.cw[data-pair][aria-busy="false"]')
    page.locator(".cw[data-pair]").focus()
    for i in range(20):
        page.wait_for_selector(f'.cw[data-done="{i}"][aria-busy="false"]')
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
    page.wait_for_selector('.cw[data-done="20"]')
    assert page.locator(".guesses li").count() == 20
    assert "of your 19 choices" in page.locator(".verdict").inner_text()
    assert [r[3] for r in rows(lab, "labels")] == ["human"] * 20


def test_the_explorables_of_01_move_by_their_own_javascript(lab, page):
    cell = ("from course_lib.widgets import TightropeExplorer, OffTheData\nimport numpy as np\nfrom IPython.display import display\n"
            "display(TightropeExplorer())\ndisplay(OffTheData(np.array([-1., 0., 1.]), {'a': np.zeros((3, 5, 9)), 'b': np.full((3, 5, 9), 2.)}, (-.2, .2)))")
    run_cells(page, lab, "play", cell)
    page.wait_for_selector(".cw[data-regret]")
    no_violations(page)
    for epsilon_log, T_log in ((-2, 1.5), (-3, 3), (-1, 0)):
        for selector, value in ((".e", epsilon_log), (".t", T_log)):
            page.locator(selector).evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input')) }", value)
        shown = float(page.locator(".cw[data-regret]").get_attribute("data-regret"))
        want = float(envs.tightrope_regret(10.0**epsilon_log, round(10**T_log)))
        assert abs(shown / want - 1) < 1e-6  # the figure's JavaScript and the library agree
    page.locator("text=drive").first.click()
    page.wait_for_selector('.cw[data-t="4"]')
    assert page.locator("figcaption").all_inner_texts() == ["a: 0 of 4 steps off the road", "b: 4 of 4 steps off the road"]


def test_the_explorables_of_05_and_06_move_by_their_own_javascript(lab, page):
    cell = ("from course_lib.widgets import Lessons, RatingsExplorer\nimport numpy as np\nfrom IPython.display import display\n"
            "walks = {('kind', 'quick'): [[4, 4, 4], [4, 1, 2]], ('kind', 'slow'): [[4, 4, 4], [4, 1, 4]], ('strict', 'quick'): [[4, 4, 4], [4, 4, 3]], ('strict', 'slow'): [[4, 4, 4], [4, 5, 4]]}\n"
            "display(RatingsExplorer())\ndisplay(Lessons(walks, [0, 50], 2, 3, goals=[2], pits=[3]))")
    run_cells(page, lab, "more", cell)
    page.wait_for_selector(".cw[data-p]")
    page.wait_for_selector(".cw[data-arrived]")
    no_violations(page)
    ratings = page.locator(".cw[data-p]")
    for a, b in ((1400, 1000), (800, 1200), (1000, 1000)):
        for selector, value in ((".a", a), (".b", b)):
            page.locator(selector).evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input')) }", value)
        want = float(choice.elo_expected(torch.tensor(float(a)), torch.tensor(float(b))))
        assert abs(float(ratings.get_attribute("data-p")) - want) < 1e-6  # the figure's JavaScript and the library agree
    page.locator("button.wins").click()
    a, b = choice.elo_update(1000.0, 1000.0, 1.0)
    assert abs(float(ratings.get_attribute("data-p")) - float(choice.elo_expected(torch.tensor(a), torch.tensor(b)))) < 1e-6
    lessons = page.locator(".cw[data-arrived]")
    for teacher, learner, words in ((0, 0, "arrives after 2 steps"), (0, 1, "has not arrived after 2 steps"), (1, 0, "falls into the pond")):
        for selector, value in ((".teacher", teacher), (".learner", learner)):
            lessons.locator(selector).select_option(str(value))
        page.wait_for_function("words => [...document.querySelectorAll('.said')].some(e => e.textContent.includes(words))", arg=words)
    lessons.locator("input").evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')) }")
    page.wait_for_function("[...document.querySelectorAll('output')].some(e => e.textContent == '0 words')")


@pytest.mark.parametrize("world", envs.WORLDS)
def test_every_world_is_drawn_by_its_javascript(chromium, root, world):
    """Two different states give two different pictures, without an error."""
    kind, parameters = envs.WORLDS[world]
    dynamics, rng = kind(**parameters), np.random.default_rng(0)
    run = rollout(dynamics, uniform(dynamics), 1, rng, horizon=20)
    states = [run.states[0, 0].tolist(), run.states[-1, 0].tolist()]
    page = chromium.new_page()
    errors = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.set_content('<canvas style="width:200px;height:200px"></canvas>')
    page.add_script_tag(content=(root / "course_lib/envs/draw.js").read_text() + "; window.drawState = drawState;")
    pictures = page.evaluate("""([name, states, parameters]) => states.map((s) => {
        const c = document.querySelector('canvas'); drawState(c, name, new Float32Array(s), parameters); return c.toDataURL(); })""",
                             [dynamics.drawer, states, dynamics.drawing])
    page.close()
    assert not errors and pictures[0] != pictures[1] and len(pictures[0]) > 500
