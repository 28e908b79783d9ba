"""Do the tests of a problem set tell right from wrong, through our own marking and through nbgrader?"""

import collections
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib.grading import marking
from course_lib.grading.mutants import mutants, variants

SETS = [p.stem for p in sorted((Path(__file__).parents[1] / "source/problem_sets").glob("*.py"))]


@pytest.mark.parametrize("name", SETS)
def test_every_exercise_has_its_wrong_and_right_solutions(name):
    count = collections.Counter((ex, kind) for ex, _, kind, _ in variants(name))
    exercises = list(marking.solutions(marking.reference(name)))
    assert 5 <= len(exercises) <= 9
    for ex in exercises:
        assert count[ex, "wrong"] >= 4 and count[ex, "right"] >= 2, ex
    names = [(ex, v) for ex, v, _, _ in variants(name)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", SETS)
def test_reference_full_blank_none_wrong_caught_right_accepted(name):
    bad = [v for v in mutants(name) if not v.ok]
    assert not bad, "\n".join(f"{v.exercise}/{v.variant} ({v.kind}): {v.score} of {v.max}: {v.message}" for v in bad)


def submissions(name):
    """Each carries one variant of every exercise: the exercises do not use each other's functions in their tests."""
    good, found = marking.solutions(marking.reference(name)), collections.defaultdict(list)
    for ex, variant, kind, code in variants(name):
        found[ex, kind].append((variant, code))
    yield "reference", good, {}
    for kind in ("wrong", "right"):
        for i in range(max(len(v) for (_, k), v in found.items() if k == kind)):
            chosen = {ex: v[i] for (ex, k), v in found.items() if k == kind and i < len(v)}
            yield f"{kind}{i}", good | {ex: code for ex, (_, code) in chosen.items()}, {ex: variant for ex, (variant, _) in chosen.items()}


STOCK = """import os, sys
c = get_config()
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
c.CourseDirectory.source_directory, c.CourseDirectory.release_directory = {source!r}, "release"
c.Execute.timeout, c.Execute.shutdown_kernel = 300, "immediate"
"""


@pytest.mark.parametrize("name", SETS)
def test_stock_nbgrader_agrees(name, root, tmp_path):
    """All points where nbgrader's own autograding, in one kernel, gives all; at most half where it gives none."""
    release = nbformat.read(root / "assignments" / name / f"{name}.ipynb", as_version=4)
    plan = list(submissions(name)) + [("blank", {}, {})]
    for student, answers, _ in plan:
        nb = nbformat.from_dict(release)
        tests = [i for i, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
        for i, cell in enumerate(nb.cells):
            meta = cell.metadata.get("nbgrader", {})
            if meta.get("solution") and meta.get("grade_id") in answers:
                cell.source = answers[meta["grade_id"]]
            if student != "reference" and cell.cell_type == "code" and i > tests[-1]:
                cell.source = "pass"  # what comes after the last test is for looking at, and takes its time: once is enough
        path = tmp_path / "submitted" / student / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(nb, path)
    (tmp_path / "nbgrader_config.py").write_text(STOCK.format(source=os.path.relpath(root / "solutions", tmp_path)))
    for step in ("generate_assignment", "autograde"):
        done = subprocess.run([sys.executable, "-m", "nbgrader", step, name], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    from nbgrader.api import Gradebook

    whole = nbformat.read(tmp_path / "autograded/reference" / name / f"{name}.ipynb", as_version=4)
    assert not [o for c in whole.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    good = marking.solutions(marking.reference(name))
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        for student, answers, wrong in plan:
            ours = {m.exercise: m for m in marking.mark(name, answers or {ex: "raise NotImplementedError()" for ex in good})}
            grades = {g.name.removesuffix("-test"): (g.auto_score, g.max_score) for g in
                      book.find_submission_notebook(name, name, student).grades if g.name.endswith("-test")}
            assert list(grades) == list(ours)
            for ex, (score, most) in grades.items():
                want = 0 if student == "blank" or (student.startswith("wrong") and ex in wrong) else most
                assert score == want, f"{student}: {ex} ({wrong.get(ex, 'reference')}) got {score} of {most}"
                assert ours[ex].score == most if want else ours[ex].score <= most / 2, f"{student}: {ex}: {ours[ex].score} of {most}, {ours[ex].message}"


@pytest.mark.parametrize("seed", range(20))
def test_the_stochastic_thresholds_of_ps2_hold_on_every_seed(seed):
    """train_on_rounds: an error below 0.05 in every place was promised; the shares of drivers in dagger_ridge are drawn."""
    cells = {c.metadata.nbgrader.grade_id: c.source for c in marking.reference("ps2_dagger").cells if "nbgrader" in c.metadata}
    setup = next(c.source for c in marking.reference("ps2_dagger").cells if c.cell_type == "code")
    space = {}
    exec(setup + "\n" + cells["train_on_rounds"] + "\n" + cells["train_on_rounds-test"].split("_rounds, _exam")[0], space)
    history = space["train_on_rounds"]([space["_round"](i, 300, 100 + seed) for i in range(4)], seed=seed)
    for i in range(4):
        x, y = space["_round"](i, 200, 200 + seed)
        assert space["F"].mse_loss(space["_forward"](history[-1], x), y) < 0.05
    exec(cells["dagger_ridge"], space)
    again = cells["dagger_ridge-test"].replace("seed=3", f"seed={1000 + seed}").replace("80, 1e-3, 0)", "80, 1e-3, 7)")
    exec(again, space)


@pytest.mark.parametrize("seed", range(20))
def test_the_stochastic_threshold_of_ps1_holds_on_every_seed(seed):
    """fit_and_predict: held-out loss below 0.25 was promised; 20 of 20 seeds."""
    import numpy as np
    import torch
    from torch.nn import functional as F

    space = {"torch": torch, "np": np, "F": F}
    cells = {c.metadata.nbgrader.grade_id: c.source for c in marking.reference(SETS[0]).cells if "nbgrader" in c.metadata}
    exec(cells["fit_and_predict"], space)
    exec(cells["fit_and_predict-test"].split("_x, _y")[0], space)
    x, y = space["_quadrants"](3000, 100 + seed)
    q, a = space["_quadrants"](1000, 200 + seed)
    assert F.cross_entropy(space["fit_and_predict"](x, y, q, 4, seed=seed), a) < 0.25


# ---- course check -----------------------------------------------------------------------------------------------------

NAME = SETS[0]


def test_edited_moved_and_copied_cells_change_nothing():
    nb = marking.reference(NAME)
    for cell in nb.cells:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("grade") and cell.cell_type == "code":
            cell.source, meta["points"] = "pass", 1000  # the student blanks every test and pays themselves
    nb.cells = nb.cells[::-1] + nb.cells[3:5]
    answers = marking.solutions(nb)
    answers["masked_nll"] = "def masked_nll(logits, actions, mask):\n    return logits.sum() * 0"
    (m,) = marking.mark(NAME, answers, only="masked_nll")
    assert m.score <= m.max / 2 == 1.5 and "minus sign" in m.message


@pytest.mark.parametrize("code, message", [
    ("while True: pass", "endless loop"), ("import os; os._exit(0)", "ended the whole process"), ("raise SystemExit", "SystemExit"),
    ("def masked_nll(:", "SyntaxError"), ("def masked_nll(a, b, c):\n    return undefined", "undefined.*line 2 of masked_nll")])
def test_a_cell_that_misbehaves_gets_a_reason(code, message):
    (m,) = marking.mark(NAME, {"masked_nll": code}, only="masked_nll", limit_s=8)
    import re

    assert m.score == 0 and re.search(message, m.message), m.message


def test_one_endless_loop_does_not_cost_the_other_exercises():
    answers = marking.solutions(marking.reference(NAME)) | {"masked_nll": "while True: pass", "grouped_folds": "import os; os._exit(1)"}
    scores = {m.exercise: m.score == m.max for m in marking.mark(NAME, answers, limit_s=20)}
    assert scores == {ex: ex not in ("masked_nll", "grouped_folds") for ex in scores}


def test_nbgrader_works_as_configured_in_a_fresh_clone(root, tmp_path):
    """With the gradebook where nbgrader_config.py says, which nobody has made yet."""
    shutil.copy(root / "nbgrader_config.py", tmp_path)
    shutil.copytree(root / "solutions", tmp_path / "solutions")
    done = subprocess.run([sys.executable, "-m", "nbgrader", "generate_assignment", NAME], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1500:]
    assert (tmp_path / "gradebook/gradebook.db").exists() and (tmp_path / "assignments" / NAME / f"{NAME}.ipynb").exists()


def test_a_missing_cell_and_a_file_that_is_no_notebook(tmp_path):
    (m,) = marking.mark(NAME, {}, only="masked_nll")
    assert m.score == 0 and "missing from your notebook" in m.message
    with pytest.raises(ValueError, match="course lab"):
        marking.load(tmp_path / "nothing.ipynb")
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    with pytest.raises(ValueError, match="checkpoints"):
        marking.load(tmp_path / "half.ipynb")
    with pytest.raises(LookupError, match="there are: ps1"):
        marking.find("ps99")
