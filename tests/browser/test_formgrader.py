"""nbgrader's formgrader with a hostile submission in it, in a real browser: the button grades in the sandbox, and nothing of the submission runs on the page."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from course_lib.grading.sandbox import why_not
from tests.grading import attacks, school

from .conftest import TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.skipif(bool(why_not()), reason=f"the sandbox is not to be had: {why_not()[:80]}")]
WRITTEN = ("<script>window.hacked = 1</script> <img src=x onerror='window.hacked=1'> <a href='javascript:window.hacked=1'>press</a> [press](javascript:window.hacked=1) "
           "<svg onload='window.hacked=1'></svg> ![x](http://127.0.0.1:9/spy.png)\n\n[press](java&#x73;cript:window.hacked=1)\n\n[press]: javascript:window.hacked=1\n\nBecause $e^x$ is **large**.")


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    """JupyterLab in a course's folder, as an instructor starts it."""
    top = school.course(tmp_path_factory.mktemp("school"))
    school.hand_in(top, "ada", attacks.RIGHT, attacks.RIGHT_MEAN)
    school.hand_in(top, "mallory", attacks.CODE["print HTML and JavaScript"] + "# <script>window.hacked = 1</script>\n", attacks.WRONG_MEAN, why=WRITTEN)
    done = school.course_command(top, "grade", school.NAME)
    assert done.returncode == 0, done.stderr
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{s.getsockname()[1]}"
    home = tmp_path_factory.mktemp("home")
    env = os.environ | {f"JUPYTER_{d}_DIR": str(home / d.lower()) for d in ("CONFIG", "DATA", "RUNTIME")}
    with open(home / "log", "w") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={url.rpartition(':')[2]}", f"--IdentityProvider.token={TOKEN}"],
                                   cwd=top, env=env, stdout=log, stderr=subprocess.STDOUT)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=2)
                break
            except OSError:
                assert process.poll() is None, (home / "log").read_text()
                time.sleep(0.2)
        yield top, url
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture
def page(chromium, formgrader):
    """Signed in. nbgrader's page asks an outside host for MathJax; here nobody answers."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    context.route(lambda url: not url.startswith(("http://127.0.0.1", "file:")), lambda route: route.abort())
    made = context.new_page()
    made.set_default_timeout(60_000)
    made.goto(f"{formgrader[1]}/formgrader?token={TOKEN}")
    yield made
    context.close()


def harmless(page):
    """Nothing ran, and nothing is there that a click would run."""
    page.wait_for_timeout(500)
    assert page.evaluate("window.hacked") is None
    bad = page.evaluate("""() => { const mine = [...document.querySelectorAll('.nbgrader_cell, .panel-body, body')].flatMap((b) => [...b.querySelectorAll('a[href], img[src], [onerror], [onload], svg, iframe')]);
        return mine.filter((e) => /^\\s*(javascript|data:text)/i.test(e.getAttribute('href') || '') || e.hasAttribute('onerror') || e.getAttribute('onload') || /spy/.test(e.getAttribute('src') || '')).map((e) => e.outerHTML.slice(0, 100)) }""")
    assert not bad


def test_the_autograde_button_takes_the_same_path(page, formgrader):
    top, url = formgrader
    graded = top / "gradebook/autograded/mallory/hw1/hw1.ipynb"
    before = graded.stat().st_mtime_ns
    page.goto(f"{url}/formgrader/manage_submissions/hw1")
    page.locator("tr", has_text="mallory").locator(".autograde a").click()
    page.wait_for_selector(".modal >> text=Successfully autograded")
    assert "Record" in page.inner_text(".modal") and "Execute" not in page.inner_text(".modal")
    assert graded.stat().st_mtime_ns > before
    assert school.marks(top)["mallory"]["softmax"] == (0, None) and school.marks(top)["ada"]["softmax"] == (5, None)


def test_a_hostile_submission_is_only_text(page, formgrader):
    from nbgrader.api import Gradebook

    top, url = formgrader
    with Gradebook(f"sqlite:///{top}/gradebook/gradebook.db") as book:
        submission = book.find_submission_notebook("hw1", "hw1", "mallory").id
    page.goto(f"{url}/formgrader/submissions/{submission}")
    page.wait_for_selector("text=In your own words")
    assert "<script>window.hacked = 1</script>" in page.inner_text("body")  # shown, not run
    assert page.locator("strong", has_text="large").count() == 1  # what is harmless is still Markdown
    assert "For instructors only" in page.inner_text("body") and page.locator("summary", has_text="Help").count() == 2
    harmless(page)


def test_feedback_is_only_text_and_holds_no_hidden_test(page, formgrader):
    top, _ = formgrader
    assert school.course_command(top, "report", "hw1", "--feedback").returncode == 0
    page.goto(f"file://{top}/gradebook/feedback/mallory/hw1/hw1.html")
    text = page.inner_text("body")
    assert "large numbers (hidden): does not hold" in text and "0 of 3 checks pass" in text
    assert "secret-number-4711" not in page.content() and "For instructors only" not in text
    harmless(page)
    page.goto(f"file://{top}/gradebook/reports/hw1/report.html")
    assert "mallory" in page.inner_text("body")
    harmless(page)
