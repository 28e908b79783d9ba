"""The rules of the house: who may import whom, and how light the door is."""

import ast
import subprocess
import sys

import pytest

ROOMS = ["plots", "machine", "show", "claims", "kept", "server", "envs", "data", "rl", "humans", "imitation", "irl", "preferences", "theory_of_mind",
         "language", "widgets", "grading", "authoring", "cli"]
GROUND = {"plots", "machine", "show", "claims", "kept", "server"}


def rooms_imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level > 1:  # from ..room import x
            yield from [node.module.split(".")[0]] if node.module else (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0 and node.module.startswith("course_lib"):
            if node.module == "course_lib":
                yield from (a.name for a in node.names)
            else:
                yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("course_lib."))


def violations(files):
    for room, path in files:
        for other in rooms_imported(path):
            if other != room and ROOMS.index(other) > ROOMS.index(room) and not {room, other} <= GROUND:
                yield f"{path.name} in {room} imports {other}, which stands later"


def test_rooms_import_only_earlier_rooms(root):
    files = []
    for path in (root / "course_lib").rglob("*.py"):
        room = path.relative_to(root / "course_lib").parts[0].removesuffix(".py")
        if room != "__init__":
            assert room in ROOMS, f"{room} is not a room of the house"
            files.append((room, path))
    assert len(files) > 30
    assert not list(violations(files))


def test_the_import_rule_can_fail(tmp_path):
    bad = tmp_path / "bad.py"
    for line in ("from course_lib.widgets import PairLabeler", "from ..widgets import x", "from .. import widgets", "import course_lib.cli"):
        bad.write_text(line + "\n")
        assert list(violations([("envs", bad)])), line


def test_importing_the_library_is_light():
    code = ("import sys, time; t = time.perf_counter(); import course_lib; s = time.perf_counter() - t;"
            "assert 'torch' not in sys.modules and 'numpy' not in sys.modules; assert s < 0.3, s")
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("word", ["TODO", "FIXME", "NotImplementedError()"])
def test_nothing_is_left_for_later(root, word):
    assert not [p for p in (root / "course_lib").rglob("*.py") if word in p.read_text()]
