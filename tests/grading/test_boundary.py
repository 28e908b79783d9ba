"""A call across the boundary against the same call in one process: values, gradients of two orders, errors."""

import multiprocessing as mp
import threading

import msgpack
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_lib.envs import Drive
from course_lib.grading.boundary import Gone, Peer, Remote, StudentError
from course_lib.grading.checks import checks, defined
from course_lib.grading.trial import student_side
from course_lib.grading.wire import pack, unpack

VALUES = [None, True, 3, -2**80, 2.5, float("inf"), "ü\n", b"\0\1", 1 + 2j, (1, (2, [3])), {"a": 1, (1, 2): [None]}, {1, 2}, frozenset({"x"}), range(2, 9, 3), slice(None, 4),
          np.float32(1.5), np.int8(-3), np.bool_(True), np.str_("s"), np.arange(6.0).reshape(2, 3)[:, ::2], np.array([], dtype=np.int32), np.array(["ab", "c"]), np.array(7),
          torch.tensor([[1, 2], [3, 4]]), torch.tensor(2.5), torch.randn(3, 2, 2).transpose(0, 2), torch.tensor([True, False]), torch.ones(2, dtype=torch.bfloat16), torch.empty(0, 3),
          torch.ones(1).expand(4), torch.Size([2, 3]), torch.float16, torch.device("cpu"), np.dtype("f4")]


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and a.device == b.device and a.requires_grad == b.requires_grad and torch.equal(a, b)
    if isinstance(a, (np.ndarray, np.generic)):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__}")
def test_what_crosses_arrives_as_it_was(value):
    assert same(unpack(pack(value)[0])[0], value)


def test_not_a_number_a_meta_tensor_generators_and_the_course_s_dataclasses_cross():
    assert np.isnan(unpack(pack(float("nan"))[0])[0])
    meta = unpack(pack(torch.empty(2, 3, device="meta"))[0])[0]
    assert meta.device.type == "meta" and meta.shape == (2, 3)
    for make in (lambda: np.random.default_rng(3), lambda: np.random.Generator(np.random.MT19937(1))):
        assert np.array_equal(unpack(pack(make())[0])[0].random(5), make().random(5))
    assert torch.equal(torch.rand(3, generator=unpack(pack(torch.Generator().manual_seed(5))[0])[0]), torch.rand(3, generator=torch.Generator().manual_seed(5)))
    world = Drive(horizon=17, gusts=0.2)
    assert unpack(pack(world)[0])[0] == world


@pytest.mark.parametrize("value", [object(), lambda: 1, np.array([object()]), torch.ones(2).to_sparse(), {1: object()}, torch.nn.Linear(2, 2)])
def test_what_cannot_cross_says_so(value):
    with pytest.raises(TypeError, match="cannot cross"):
        pack(value)


def test_to_read_a_message_imports_nothing_and_makes_nothing_but_data():
    for module, name in (("os", "system"), ("course_lib.grading.sandbox", "Sandbox"), ("course_lib.envs.drive", "np"), ("subprocess", "Popen")):
        raw = msgpack.packb(msgpack.ExtType(17, msgpack.packb([module, name, ["true"]])))
        with pytest.raises(TypeError, match="no dataclass"):
            unpack(raw)
    with pytest.raises((TypeError, ValueError)):
        unpack(msgpack.packb(msgpack.ExtType(2, msgpack.packb(["|O", [1], b"\0" * 8]))))


@pytest.fixture
def student():
    """A Peer that can call into a "student's process" (a thread here: the messages are the same)."""
    ours, theirs = mp.Pipe()
    thread = threading.Thread(target=student_side, args=(theirs,), daemon=True)
    thread.start()
    peer = Peer(ours, {}, open=False, wait=lambda: 20)
    yield peer
    ours.close()
    thread.join(10)


def define(peer, text, name):
    kind, said, _ = peer.ask("run", "cell", text)
    assert not kind, said
    return Remote(peer, name, name)


def test_gradients_of_two_orders_are_those_of_one_process(student):
    text = "import torch\ndef f(x, y):\n    return (x ** 3 * y).sum(1), torch.exp(x[:, 0]) * y[:, 1]\n"
    there, space = define(student, text, "f"), {}
    exec(text, space)
    g = torch.Generator().manual_seed(0)
    x, y = (torch.randn(4, 3, generator=g, dtype=torch.float64).requires_grad_() for _ in range(2))
    results = []
    for f in (there, space["f"]):
        a, b = f(x, y)
        first = torch.autograd.grad((a * torch.arange(4.0)).sum() + b.sum(), (x, y), create_graph=True)
        second = torch.autograd.grad(sum((t ** 2).sum() for t in first), (x, y))
        results.append([a, b, *first, *second])
    for ours, theirs in zip(*results):
        assert torch.allclose(ours, theirs, atol=1e-12)
    assert torch.autograd.gradcheck(lambda x: there(x, y.detach())[0], (x,))
    loss = F.mse_loss(there(x, y)[1], torch.zeros(4, dtype=torch.float64))
    loss.backward()
    assert x.grad is not None and (x.grad[:, 1:] == 0).all()


def test_whether_a_result_requires_a_gradient_is_seen(student):
    net = define(student, "import torch\nnet = torch.nn.Linear(3, 1)\ndef f(x):\n    return net(x)\ndef g(x):\n    return net(x).detach()\n", "f")
    assert net(torch.ones(2, 3)).requires_grad and not Remote(student, "g")(torch.ones(2, 3)).requires_grad
    with torch.no_grad():
        x = torch.ones(2, 3, requires_grad=True)
        assert not Remote(student, "g")(x).requires_grad


@pytest.mark.parametrize("text, kind, message", [
    ("raise ValueError('too few')", ValueError, "too few"), ("{}['k']", KeyError, "k"), ("raise NotImplementedError()", NotImplementedError, ""),
    ("class E(ValueError): pass\n    raise E('mine')", ValueError, "mine"), ("class E(Exception): pass\n    raise E('mine')", StudentError, "E: mine"),
    ("import sys; sys.exit(3)", StudentError, "SystemExit"), ("raise KeyboardInterrupt", StudentError, "KeyboardInterrupt"), ("1 / 0", ZeroDivisionError, "")])
def test_an_error_there_is_an_error_here(student, text, kind, message):
    f = define(student, f"def f():\n    {text}\n", "f")
    with pytest.raises(kind) as caught:
        f()
    assert message in str(caught.value) and "of cell" in caught.value.where


def test_objects_stay_there_and_claim_nothing_here(student):
    make = define(student, "class C:\n    def __init__(self): self.n = 0\n    def add(self, k):\n        self.n += k\n        return self\n"
                           "    def __eq__(self, o): return True\n    __hash__ = None\n    def __len__(self): return 2\n    def __getitem__(self, i): return [5, 6][i]\n", "C")
    c = make()
    assert c.add(3).add(4).n == 7 and len(c) == 2 and list(c) == [5, 6] and c[1] == 6
    assert c != 7 and not (c == make()) and not isinstance(c, int)
    with pytest.raises(TypeError):
        c + 1
    with pytest.raises(AttributeError):
        c._secret  # noqa: B018
    with pytest.raises(AttributeError):
        c.missing  # noqa: B018


def test_a_function_that_is_handed_over_can_be_called_and_nothing_else(student):
    twice = define(student, "def twice(f, x):\n    return f(f(x))\n", "twice")
    assert twice(lambda x: x + 1, 3) == 5
    x = torch.tensor([2.0], requires_grad=True)
    twice(lambda t: t ** 2, x).backward()
    assert x.grad.item() == pytest.approx(4 * 2**3)
    for look in ("f.__globals__", "f.__self__", "f.real", "f[0]", "list(f)"):
        peep = define(student, f"def peep(f):\n    return {look}\n", "peep")
        with pytest.raises((AttributeError, TypeError)):
            peep(abs)
    with pytest.raises(TypeError, match="cannot be handed"):
        twice(object(), 3)


def test_arguments_are_copies(student):
    spoil = define(student, "def spoil(a, t, l):\n    a[:] = 9\n    t[:] = 9\n    l.append(9)\n    return a.sum() + t.sum().item() + len(l)\n", "spoil")
    a, t, many = np.zeros(2), torch.zeros(2), [1]
    assert spoil(a, t, many) == 38 and not a.any() and not t.any() and many == [1]


def test_silence_and_a_broken_line_end_the_wait():
    ours, theirs = mp.Pipe()
    peer = Peer(ours, {}, open=False, wait=lambda: 0.2)
    with pytest.raises(Gone, match="slow"):
        peer.ask("fresh")
    theirs.send_bytes(b"\xc1 no message")
    with pytest.raises(Gone, match="garbled"):
        peer.ask("fresh")
    theirs.close()
    with pytest.raises(Gone, match="ended"):
        peer.ask("fresh")


def test_the_checks_of_a_cell():
    cell = "# check: first\na = 1\nassert a\n# check: second\nassert a\n### BEGIN HIDDEN TESTS\n# check: third\nb = 2\nassert b\n### END HIDDEN TESTS\n"
    assert [(c.name, c.hidden, len(c.statements)) for c in checks(cell)] == [("first", False, 2), ("second", False, 1), ("third", True, 2)]
    plain = "x = 1\nassert x\n### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS\n"
    assert [(c.name, c.hidden) for c in checks(plain)] == [("tests", False), ("hidden tests", True)]
    assert [(c.name, len(c.statements)) for c in checks("import os\n# check: only\nassert os\n")] == [("only", 2)]
    assert defined("import x\ndef f(): y = 1\nclass C: z = 2\na, (b, c) = 1, (2, 3)\nd: int = 4\n") == ["f", "C", "a", "b", "c", "d"]
