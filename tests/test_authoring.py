"""Sources, and what is made of them."""

import json
import shutil
import tomllib

import nbformat
import pytest

from course_lib.authoring import lint, source
from course_lib.authoring.build import build, checked
from course_lib.authoring.source import BuildError
from course_lib.authoring.workspace import lay_out

GOOD = '''# %% [markdown]
# # A set

# %% [markdown] ex="one" part="task" difficulty=2 importance=3 minutes=10
# ## 1. First

# %% ex="one" part="solution"
def one():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% ex="one" part="test" points=2
# check: sign
assert one() > 0, "positive"
### BEGIN HIDDEN TESTS
# check: value
assert one() == 1
### END HIDDEN TESTS

# %% [markdown] ex="one" part="hint"
# <details><summary>Help</summary>It is one.</details>
'''


def refused(tmp_path, text, *rules):
    path = tmp_path / "ps9_x.py"
    path.write_text(text)
    with pytest.raises(BuildError) as error:
        checked(path, *(rules or (lint.common, lint.problem_set)))
    return str(error.value)


def test_a_good_source_passes(tmp_path):
    path = tmp_path / "ps9_x.py"
    path.write_text(GOOD)
    cells = checked(path, lint.common, lint.problem_set)
    nb = source.notebook(cells, graded=True)
    assert "Difficulty 2/5 · importance 3/5 · about 10 minutes · 2 points" in nb.cells[1].source
    assert [c.id for c in nb.cells] == ["a-set", "one-task", "one-solution", "one-test", "one-hint"]
    assert nb.cells[3].metadata.nbgrader == {"schema_version": 3, "task": False, "grade_id": "one-test", "grade": True,
                                             "solution": False, "locked": True, "points": 2}


@pytest.mark.parametrize("old, new, message", [
    (" difficulty=2", "", "lacks difficulty="), (" importance=3", " importance=9", "lacks importance="), (" minutes=10", "", "lacks minutes="),
    (" points=2", "", "lacks points="), ('assert one() > 0, "positive"\n', "", "no visible assert"), ("assert one() == 1\n", "", "no hidden tests"),
    ("<details><summary>Help</summary>It is one.</details>", "It is one.", "hints fold away"), ("### BEGIN SOLUTION\n", "\n", "BEGIN SOLUTION"),
    ("# check: value\n", "", "name its checks"), ("# check: value", "# check: sign", "each differently"),
    ('ex="one" part="solution"', 'ex="one" part="answer"', "part='answer' does not exist"), ('# %% ex="one" part="test"', '# %% exercise="one" part="test"', "unknown tag 'exercise'"),
    ('# %% ex="one" part="test"', '# %% part="test"', "needs both ex= and part="), ("# # A set", "# Hello", "0 headings of level 1"),
    ("# ## 1. First", "# ### 1. First", "heading level jumps"), ("return 1", "return (1", "not valid Python"),
    ("    return 1\n", "    return 1\n" + "    x = 1\n" * 40, "a code cell of"), ('one() > 0, "positive"', "one() > 0; plt.show()", "instead of show()"),
    ('one() > 0, "positive"', 'one() > 0; figure(fig, caption="c")', "needs caption= and alt="), ('ex="one"', 'ex="One"', "small letters"),
    ("# # A set", "# # A set\n#\n# ![](x.png)", "without alternative text")])
def test_the_build_refuses(tmp_path, old, new, message):
    assert old in GOOD
    said = refused(tmp_path, GOOD.replace(old, new))
    assert message in said and "ps9_x.py:" in said


def test_a_lecture_without_claims_or_recall_is_refused(tmp_path):
    said = refused(tmp_path, "# %% [markdown]\n# # Title\n", lint.common, lint.lecture)
    assert "no claims cell" in said and "no recall questions" in said and "You need first" in said


def test_a_refused_source_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "source/problem_sets").mkdir(parents=True)
    (tmp_path / "source/problem_sets/ps9_x.py").write_text(GOOD.replace(" points=2", ""))
    with pytest.raises(BuildError):
        build(tmp_path)
    assert not (tmp_path / "solutions").exists()


def test_committed_notebooks_match_their_sources(root, tmp_path):
    """Twice into two places, and both equal to what is committed, byte for byte."""
    for out in (tmp_path / "a", tmp_path / "b"):
        made = build(root, out)
        assert made
        for path in made:
            name = path.relative_to(out)
            assert path.read_bytes() == (root / name).read_bytes(), f"{name} is not what its source gives: run `make build`"
    kept = {p.relative_to(root) for d in ("notebooks", "solutions", "assignments") for p in (root / d).rglob("*.ipynb")
            if ".ipynb_checkpoints" not in p.parts}
    assert kept == {p.relative_to(tmp_path / "b") for p in made}, "a notebook without a source"


def test_students_get_neither_solutions_nor_hidden_tests(root):
    for path in (root / "assignments").rglob("*.ipynb"):
        text = path.read_text()
        assert "HIDDEN TESTS" not in text and "BEGIN SOLUTION" not in text
        nb = nbformat.read(path, as_version=4)
        cells = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("solution") and c.cell_type == "code"]
        assert cells and all("raise NotImplementedError()" in c.source for c in cells)


def test_nothing_generated_has_outputs_and_code_cells_are_short(root):
    lengths = []
    for path in [*(root / "notebooks").glob("*.ipynb"), *(root / "solutions").rglob("*.ipynb")]:
        nb = nbformat.read(path, as_version=4)
        code = [c for c in nb.cells if c.cell_type == "code"]
        assert not any(c.outputs or c.execution_count for c in code)
        if path.parent.name == "notebooks":
            lengths += [c.source.count("\n") + 1 for c in code]
    lengths.sort()
    assert lengths[len(lengths) // 2] <= 10 and lengths[int(len(lengths) * 0.9)] <= 30


def test_promised_claims_are_listed_for_every_notebook(root):
    promised = tomllib.loads((root / "source/claims.toml").read_text())
    assert set(promised) == {p.stem for p in (root / "notebooks").glob("*.ipynb")}


# ---- the learner's copy -----------------------------------------------------------------------------------------

@pytest.fixture
def house(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "assignments/ps1_x").mkdir(parents=True)
    (tmp_path / "notebooks/00_a.ipynb").write_text("one")
    (tmp_path / "assignments/ps1_x/ps1_x.ipynb").write_text("set")
    return tmp_path


def test_a_workspace_is_laid_once_and_never_overwritten(house):
    mine = house / "workspace"
    assert lay_out(house, mine) == ["new: 00_a.ipynb", "new: problem_sets/ps1_x.ipynb"] and lay_out(house, mine) == []
    (mine / "00_a.ipynb").write_text("my work")
    assert lay_out(house, mine) == []
    (house / "notebooks/00_a.ipynb").write_text("two")
    (house / "assignments/ps1_x/ps1_x.ipynb").write_text("set two")
    said = lay_out(house, mine)
    assert "yours kept: 00_a.ipynb" in said[0] and said[1] == "updated: problem_sets/ps1_x.ipynb"
    assert (mine / "00_a.ipynb").read_text() == "my work"
    (beside,) = mine.glob("00_a.new-*.ipynb")
    assert beside.read_text() == "two" and lay_out(house, mine) == []


def test_a_damaged_record_loses_no_work(house):
    mine = house / "workspace"
    lay_out(house, mine)
    (mine / "00_a.ipynb").write_text("my work")
    (mine / ".course.json").write_text("{")
    (house / "notebooks/00_a.ipynb").write_text("two")
    lay_out(house, mine)
    assert (mine / "00_a.ipynb").read_text() == "my work" and json.loads((mine / ".course.json").read_text())


def test_course_build_names_the_file_and_line(root, tmp_path):
    from typer.testing import CliRunner

    from course_lib import cli

    copy = tmp_path / "house"
    shutil.copytree(root / "source", copy / "source")
    shutil.copy(root / "nbgrader_config.py", copy)
    path = copy / "source/problem_sets/ps1_behavior_cloning.py"
    path.write_text(path.read_text().replace(' part="task" difficulty=2', ' part="task"', 1))
    import os
    here = os.getcwd()
    try:
        os.chdir(copy)
        result = CliRunner().invoke(cli.app, ["build"])
    finally:
        os.chdir(here)
    assert result.exit_code == 1 and "lacks difficulty=" in result.output and not (copy / "notebooks").exists()


def test_every_picture_and_file_that_the_readme_names_is_there(root):
    import re

    text = (root / "README.md").read_text(encoding="utf8")
    named = [x for x in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in x]
    assert len(named) > 10 and not [x for x in named if not (root / x).exists()]
