"""Every notebook runs from start to end, as it is, in its time, and keeps its promises."""

import re
import tomllib
from pathlib import Path

import pytest

from course_lib.authoring.run import run

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
BUDGET_S = 90  # on two cores; the language-model notebooks have 180
GENEROUS = 2  # the tests run two at a time, on machines that others use too


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_and_its_claims_hold(path, root):
    result = run(path)
    assert not result.error, result.error
    promised = tomllib.loads((root / "source/claims.toml").read_text())[path.stem]
    assert {r["claim"]: r["bound"] for r in result.claims} == promised
    assert all(r["holds"] for r in result.claims)
    assert result.seconds < BUDGET_S * GENEROUS, f"{result.seconds:.0f} s"
    pictures = [o.data["text/html"] for c in result.executed.cells if c.cell_type == "code" for o in c.outputs
                if "data" in o and "<figure" in o.data.get("text/html", "")]
    assert pictures
    for html in pictures:
        alt = re.search(r'role="img" aria-label="([^"]{40,})"', html)
        assert alt and "nan" not in alt.group(1) and "<figcaption" in html
