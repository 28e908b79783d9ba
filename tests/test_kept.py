"""Kept results: up to date with the code they depend on, whole, and made by a command that works."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

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
    options = {k for condition in study.CONDITIONS for k in condition} - {"seeds"}
    have = [({k: v for k, v in row.items() if k in options}, row["seed"]) for row in data["rows"]]
    assert have == kept.cases(study)
    assert all(len(condition.get("seeds", study.SEEDS)) >= 5 for condition in study.CONDITIONS)


def test_a_hash_sees_what_code_does_and_not_how_it_is_described(tmp_path):
    file = tmp_path / "a.py"
    versions = ['def f(x):\n    """Says."""\n    return x + 1\n', 'def f(x):\n    """Says otherwise."""\n    # a remark\n    return (x + 1)\n', "def f(x):\n    return x + 2\n"]
    seen = []
    for text in versions:
        file.write_text(text)
        seen.append(kept.what_it_does(file))
    assert seen[0] == seen[1] != seen[2] and len(seen[0]) == 12
    file.write_text("def f[T](x: T) -> T:\n    return x\n" if sys.version_info >= (3, 12) else "def f(x):\n    return x\n")
    assert kept.what_it_does(file)  # whatever the language has of late


def test_every_way_of_importing_leads_somewhere(tmp_path):
    file = tmp_path / "a.py"
    for line, want in (("from course_lib.preferences import tamer", "course_lib.preferences.tamer"), ("import course_lib.preferences.coach as c", "course_lib.preferences.coach"),
                       ("from course_lib.preferences import Committee", "course_lib.preferences.reward_model"), ("from course_lib.preferences.tamer import DELAY", "course_lib.preferences.tamer"),
                       ("from course_lib.humans.choice import ELO_SCALE, elo_update", "course_lib.humans.choice"), ("import numpy as np", None)):
        file.write_text(line + "\n")
        assert kept.imported(file, "") == ({want} if want else set()), line
    file.write_text("from .tamer import DELAY\nfrom ..rl.ppo import gae\n")
    assert kept.imported(file, "course_lib.preferences") == {"course_lib.preferences.tamer", "course_lib.rl.ppo"}


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
    (tmp_path / "small.part").write_text(json.dumps(mine) + "\n" + json.dumps(old) + "\n" + json.dumps(mine)[:20])  # killed while it wrote
    monkeypatch.setattr(kept, "ProcessPoolExecutor", ThreadPoolExecutor)
    measure, ill = kept.one, [True]
    monkeypatch.setattr(kept, "one", lambda name, condition, seed: 1 / 0 if ill and seed == 3 else measure(name, condition, seed))
    (tmp_path / "small.part").open("a").write("\n")
    with pytest.raises(RuntimeError, match=r"1 cases of small failed, the first is .*3.*the others are kept"):
        kept.make("small")
    assert len((tmp_path / "small.part").read_text().splitlines()) == 3 + 9  # ten were to be done, one failed
    ill.clear()
    kept.make("small")
    rows = kept.kept("small")["rows"]
    assert [r["score"] for r in rows] == [-1.0, 2.0, 4.0, 6.0, 8.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0]  # the first was kept, the one of other code was not
    assert not (tmp_path / "small.part").exists() and not kept.stale("small")
    kept.make("small")  # nothing is missing: the rows are those of before, the one of -1 too
    assert kept.kept("small")["rows"] == rows
    (tmp_path / "small.py").write_text(STUDY.replace("2.0", "3.0"))
    assert kept.stale("small") == ["the study"]
    (tmp_path / "small.py").write_text(STUDY.replace("range(5)", "range(7)"))
    assert not kept.stale("small")  # more seeds do not make those that there are wrong


def test_renewed_only_if_every_number_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    monkeypatch.setattr(kept, "ProcessPoolExecutor", ThreadPoolExecutor)
    (tmp_path / "small.py").write_text(STUDY)
    kept.make("small")
    rows = kept.kept("small")["rows"]
    (tmp_path / "small.py").write_text(STUDY.replace('(what == "b")', 'int(what > "a")'))  # said otherwise
    assert kept.stale("small")
    kept.renew("small")
    assert not kept.stale("small") and kept.kept("small")["rows"] == rows and kept.kept("small")["renewed"].startswith("2 rows")
    (tmp_path / "small.py").write_text(STUDY.replace('(what == "b")', '1.5 * (what == "b")'))  # something else for one of two conditions
    with pytest.raises(ValueError, match="1 of 2 conditions give other numbers now, the first is .*'b'"):
        kept.renew("small")
    assert kept.stale("small")
