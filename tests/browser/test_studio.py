"""The studio in a real browser, as somebody uses it who has never seen a notebook."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from ..studio_server import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = Running(tmp_path_factory.mktemp("studio"), workers=1)
    yield made
    made.close()


def enter(page, running, alias):
    page.goto(running.studio.link)
    page.fill("#alias", alias)
    page.keyboard.press("Enter")
    page.wait_for_selector(".lessons")


def clean(page):
    """axe-core finds nothing on the whole page: here it is all ours."""
    found = Axe().run(page).response["violations"]
    assert not found, [(v["id"], v["help"], [n["html"][:80] for n in v["nodes"]]) for v in found]


def ready(page, done):
    page.wait_for_selector(f'.cw[data-pair][data-done="{done}"][aria-busy="false"]')


def labels(running, alias):
    return [(e["task"], e["event"]) for e in running.store.events(annotator=alias)]


def test_from_the_link_to_the_first_label_and_out_again(running, page):
    page.goto(running.studio.link)
    assert "token" not in page.url  # it does not stay in the address, where a screenshot would show it
    clean(page)
    page.fill("#alias", "-")
    page.keyboard.press("Enter")
    assert "letters, digits" in page.locator("[role=alert]").inner_text()
    enter(page, running, "ada")
    clean(page)
    page.click("text=Who drives better?")
    ready(page, 0)
    clean(page)
    for i in range(6):  # the keyboard is on the labeler already
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
        ready(page, i + 1)
    assert labels(running, "ada") == [("studio/clips", "label")] * 6
    page.reload()
    ready(page, 6)
    page.click("text=What I said")
    clean(page)
    assert "6" in page.locator("tbody").first.inner_text()
    with page.expect_download() as download:
        page.click("text=Download all 6 events")
    assert download.value.path().read_text().count('"record": "event"') == 6
    page.click("text=Do we agree?")
    clean(page)
    assert "Only one person" in page.inner_text("main")
    page.click("text=not you?")
    clean(page)
    key = page.locator("main code").inner_text()
    page.click("button")
    page.wait_for_selector("#alias")
    page.click("summary")
    page.fill("#key", key)
    page.fill("#alias", "ada")
    page.keyboard.press("Enter")
    page.wait_for_selector(".lessons")
    page.goto(f"{running.url}/mine")
    page.fill("#sure", "ada")
    page.click("text=Delete what I said")
    assert "6 events" in page.inner_text("main") and labels(running, "ada") == []


def test_every_lesson_opens_and_takes_an_answer(running, page):
    enter(page, running, "bea")
    for name, key, event in (("texts", "ArrowLeft", "label"), ("ranks", "Enter", "rank")):
        page.goto(f"{running.url}/teach/{name}")
        ready(page, 0)
        clean(page)
        page.keyboard.press(key)
        ready(page, 1)
        assert labels(running, "bea")[-1] == (f"studio/{name}", event)
    page.goto(f"{running.url}/teach/dog")
    page.wait_for_selector(".dog[data-k='0']")
    page.keyboard.press(".")
    page.wait_for_selector(".dog[data-k='1']")
    clean(page)
    page.click('[data-say="good"]')
    page.wait_for_selector(".dog[data-words='1']")
    assert labels(running, "bea")[-1] == ("studio/dog", "feedback")
    page.goto(f"{running.url}/teach/drive")
    page.wait_for_selector('.cw.play[data-drive="0"]')
    clean(page)
    page.keyboard.press("Space")
    page.keyboard.down("ArrowLeft")
    page.wait_for_function("() => Number(document.querySelector('.cw.play').dataset.labels) >= 4")
    page.keyboard.up("ArrowLeft")
    page.wait_for_function("() => document.querySelector('.cw.play').dataset.yours === 'false'")
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert labels(running, "bea")[-1] == ("studio/drive", "correction")
    page.goto(f"{running.url}/teach/half_cheetah")
    ready(page, 0)
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    page.wait_for_selector('.watch[data-state="waiting"]')
    clean(page)


def test_teach_a_pendulum_and_come_back_to_it(running, page):
    enter(page, running, "cleo")
    page.goto(f"{running.url}/teach/pendulum")
    ready(page, 0)
    for i in range(10):
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
        ready(page, i + 1)
    page.wait_for_function("() => Number(document.querySelector('.watch').dataset.rounds) >= 2")
    clean(page)
    page.click('.watch [data-say="pause"]')
    page.wait_for_selector('.watch[data-state="paused"]')
    page.click('.watch [data-say="stop"]')
    page.wait_for_selector('.watch[data-state="stopped"]')
    rounds = page.locator(".watch").get_attribute("data-rounds")
    page.goto(f"{running.url}/")
    page.goto(f"{running.url}/teach/pendulum")
    ready(page, 10)
    page.wait_for_selector(f'.watch[data-state="stopped"][data-rounds="{rounds}"]')
    page.click('.watch [data-say="stop"]')  # which says "start again"
    page.wait_for_function("n => Number(document.querySelector('.watch').dataset.rounds) > n", arg=int(rounds))


def test_a_studio_that_goes_away_and_comes_back(tmp_path, page):
    first = Running(tmp_path)
    enter(page, first, "dora")
    page.goto(f"{first.url}/teach/clips")
    ready(page, 0)
    page.keyboard.press("ArrowLeft")
    ready(page, 1)
    port, token = first.studio.port, first.studio.token
    first.close()
    page.wait_for_selector("#line:not([hidden])")
    assert re.search("connection is lost.*is saved", page.inner_text("#line"))
    clean(page)
    second = Running(tmp_path, token=token, port=port)
    page.wait_for_selector("#line", state="hidden")
    ready(page, 1)
    page.keyboard.press("ArrowRight")
    ready(page, 2)
    assert len(labels(second, "dora")) == 2
    second.close()
