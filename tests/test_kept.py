"""Kept results: up to date with the code they depend on, whole, and made by a command that works."""

import json

import pytest

from course_lib import kept

STUDIES = sorted(p.stem for p in kept.FOLDER.glob("*.py"))


@pytest.mark.parametrize("name", STUDIES)
def test_results_are_those_of_the_code_as_it_is(name):
    """If this fails: `python -m course_lib.kept NAME` makes them again (and look at the notebook that draws them)."""
    assert not kept.stale(name)


@pytest.mark.parametrize("name", STUDIES)
def test_every_condition_has_every_seed(name):
    data, study = kept.kept(name), kept.study(name)
    assert data["command"] == f"python -m course_lib.kept {name}" and set(data["versions"]) == set(kept.PACKAGES)
    for condition in study.CONDITIONS:
        seeds = list(condition.get("seeds", study.SEEDS))
        want = {k: v for k, v in condition.items() if k != "seeds"}
        have = [row["seed"] for row in data["rows"] if all(row.get(k) == v for k, v in want.items()) and not (set(row) & OPTIONS(study)) - set(want)]
        assert len(seeds) >= 5 and sorted(have) == seeds, want


def OPTIONS(study):
    return {k for condition in study.CONDITIONS for k in condition} - {"seeds"}


def test_a_hash_sees_what_code_does_and_not_how_it_is_described(tmp_path):
    file = tmp_path / "a.py"
    versions = ['def f(x):\n    """Says."""\n    return x + 1\n', 'def f(x):\n    """Says otherwise."""\n    # a remark\n    return (x + 1)\n', "def f(x):\n    return x + 2\n"]
    seen = []
    for text in versions:
        file.write_text(text)
        seen.append(kept.without_words(file))
    assert seen[0] == seen[1] != seen[2]


def test_a_study_leads_to_the_modules_that_do_its_work():
    """Through a package's front door to the file behind it, and on from there; not to rooms it never enters."""
    found = kept.depends_on("06_preferences")
    for module in ("preferences.rlhp", "preferences.reward_model", "humans.partial_return", "humans.choice", "rl.ppo", "rl.networks", "envs.classic", "data.trajectories"):
        assert f"course_lib.{module}" in found, module
    assert not [m for m in found if "widgets" in m or "grading" in m or "smile" in m]


STUDY = '''"""A small study."""
SEEDS = range(5)
CONDITIONS = [dict(what="a"), dict(what="b", seeds=range(5, 11))]


def measure(seed, what):
    return dict(score=seed * 2.0 + (what == "b"))
'''


def test_made_stopped_and_made_again(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    (tmp_path / "small.py").write_text(STUDY)
    with pytest.raises(FileNotFoundError, match="python -m course_lib.kept small"):
        kept.kept("small")
    with pytest.raises(FileNotFoundError, match="there is no study 'big'.*small"):
        kept.study("big")
    code = kept.depends_on("small")
    mine = {"case": [{"what": "a"}, 0], "row": {"what": "a", "seed": 0, "score": -1.0, "seconds": 0.0}, "code": code}
    old = {"case": [{"what": "a"}, 1], "row": {"what": "a", "seed": 1, "score": -1.0, "seconds": 0.0}, "code": {"the study": "another"}}
    (tmp_path / "small.part").write_text(json.dumps(mine) + "\n" + json.dumps(old) + "\n")
    monkeypatch.setattr(kept, "ProcessPoolExecutor", __import__("concurrent.futures").futures.ThreadPoolExecutor)
    kept.make("small")
    rows = kept.kept("small")["rows"]
    assert [r["score"] for r in rows] == [-1.0, 2.0, 4.0, 6.0, 8.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0]  # the first was kept, the one of other code was not
    assert not (tmp_path / "small.part").exists() and not kept.stale("small")
    (tmp_path / "small.py").write_text(STUDY.replace("2.0", "3.0"))
    assert kept.stale("small") == ["the study"]
    (tmp_path / "small.py").write_text(STUDY.replace("range(5)", "range(7)"))
    assert not kept.stale("small")  # more seeds do not make those that there are wrong
