"""Claims: the arithmetic, and that a claim that does not hold stops the notebook."""

import numpy as np
import pytest
from scipy import stats

from course_lib.authoring.readme import BEGIN, END, write_claims
from course_lib.claims import ClaimFailed, Claims, exponent, interval, measurable, normalised


def test_interval_is_students():
    x = np.array([1.0, 2.0, 4.0, 7.0])
    mean, low, high = interval(x)
    want = stats.t.interval(0.95, 3, loc=x.mean(), scale=stats.sem(x))
    np.testing.assert_allclose((mean, low, high), (x.mean(), *want))
    with pytest.raises(ValueError, match="two independent"):
        interval([1.0])


def test_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = [low <= 0 <= high for _, low, high in (interval(rng.standard_normal(5)) for _ in range(4000))]
    assert abs(np.mean(hits) - 0.95) < 0.012


def test_exponent_and_score():
    np.testing.assert_allclose(exponent([1, 2, 4], [3, 12, 48]), 2.0)
    with pytest.raises(ValueError, match="positive"):
        exponent([1, 2], [0, 1])
    np.testing.assert_allclose(normalised([10, 20, 30], 10, 30), [0, 0.5, 1])


def test_the_whole_interval_must_hold():
    claims = Claims("nb")
    claims.add("clear", [0.7, 0.71, 0.72], at_least=0.5)
    claims.show()
    claims.add("mean above, interval not", [0.3, 0.9, 0.5], at_least=0.5)
    claims.add("exact", exactly=3, at_most=3)
    assert [r.holds for r in claims.rows] == [True, False, True]
    with pytest.raises(ClaimFailed, match="mean above"):
        claims.show()
    with pytest.raises(ValueError, match="needs a measurement"):
        claims.add("no bound", exactly=3)


def test_readme_table_is_replaced_between_its_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter")
    row = dict(notebook="00_x", claim="c", measured=1.0, low=0.9, high=1.1, n=3, bound="≥ 0")
    write_claims(readme, [row])
    text = readme.read_text()
    assert "old" not in text and "| 00 | c | 1 [0.9, 1.1] | 3 | ≥ 0 |" in text and text.startswith("before") and text.endswith("after")
    readme.write_text("nothing")
    with pytest.raises(ValueError, match="put the two marks back"):
        write_claims(readme, [row])


def test_measurable_leaves_out_what_may_be_zero():
    rows = [[0, 0, 0, 0], [0, 0, 0, 9], [1, 2, 3, 2], [-3, -2, -3, -2]]
    assert measurable(rows).tolist() == [False, False, True, False]
