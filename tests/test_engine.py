"""The engine: the walk back, what it frees, what it refuses."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import Function, Tensor
from tinygrad_cnn.grad_mode import recording
from tinygrad_cnn.ops.fused import Alias, Fused


def leaf(*values, dtype=tg.float64):
    return tg.tensor(list(values), dtype=dtype, requires_grad=True)


# ---- the walk --------------------------------------------------------------------------------------------------------


def test_a_value_used_twice():
    """A node waits until all its gradients have arrived: without a topological order, y would be walked twice."""
    x = leaf(3.0)
    y = x * x
    z = y * y + y
    z.sum().backward()
    assert x.grad.tolist() == [4 * 3.0**3 + 2 * 3.0]


@pytest.fixture
def short_stack():
    """Deep graphs must not lean on the recursion limit, not even when they die."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_deep_graph(short_stack):
    x = tg.ones(1, requires_grad=True)
    start = time.thread_time()
    y = x
    for _ in range(100_000):
        y = Alias()(y)
    y.backward()
    assert x.grad.tolist() == [1.0]
    assert time.thread_time() - start < 60
    for _ in range(100_000):
        y = Alias()(y)
    node = weakref.ref(y.detach())
    del y  # a chain of 100,000 nodes is destroyed, one by one
    assert node() is None


def test_wide_graph():
    x = tg.ones(1, requires_grad=True)
    tg.cat([x * k for k in range(500)]).sum().backward()
    assert x.grad.tolist() == [500 * 499 / 2]


def test_activations_die_while_the_walk_goes_on(short_stack):
    """Of ten saved activations fewer and fewer live on; reference counts alone must free them."""
    x = leaf(0.5)
    alive, y, counts = [], x, []
    for _ in range(10):
        y = y.exp()
        alive.append(weakref.ref(y.array))
        y.register_hook(lambda g: counts.append(sum(ref() is not None for ref in alive)))
        y = y * 0.1
    y.backward()
    assert counts == sorted(counts, reverse=True) and counts[0] == 10 and counts[-1] <= 2
    assert sum(ref() is not None for ref in alive) == 0


def test_results_of_no_gradient_keep_nothing(short_stack):
    x = tg.ones(4)
    inner = x.exp()
    held = weakref.ref(inner.array)
    outer = inner * inner
    del inner
    assert held() is None and outer.node is None and not outer.requires_grad


def test_graph_without_cycles(short_stack):
    """Forgetting the result forgets the graph."""
    x = leaf(1.0, 2.0)
    (x.exp() * x).softmax(0)  # compiles: the frames of the compiler keep what it was called with for a while
    y = (x.exp() * x).softmax(0)
    nodes = [weakref.ref(y.node), weakref.ref(y.array)]
    del y
    assert [node() for node in nodes] == [None, None]


def test_second_walk():
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="backward: the graph behind mul was already freed .* retain_graph=True"):
        y.backward()
    assert repr(y) == "tensor([4.], dtype=float64, grad_fn=<mul>)"  # its node still has a name


def test_retain_graph():
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]


def test_create_graph():
    x = leaf(2.0)
    y = x * x * x
    for derivative in (12.0, 12.0, 6.0):
        (y,) = tg.grad(y.sum(), x, create_graph=True)
        assert y.tolist() == [derivative]
    y = (x * x * x).sum()
    y.backward(create_graph=True)
    assert x.grad.requires_grad
    y.backward()  # create_graph has retained the graph
    assert x.grad.tolist() == [24.0]


def test_gradients_need_no_graph_by_default():
    x = leaf(2.0)
    (g,) = tg.grad((x * x).sum(), x)
    assert not g.requires_grad and g.node is None and x.grad is None


def test_grad_unused():
    x, other = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match=r"grad: input 1 of shape \(1,\) was not used .* allow_unused=True"):
        tg.grad((x * 2).sum(), [x, other])
    g, nothing = tg.grad((x * 2).sum(), [x, other], allow_unused=True)
    assert g.tolist() == [2.0] and nothing is None


def test_grad_of_a_value_within_the_graph():
    x = leaf(3.0)
    y = x * x
    z = (y * y).sum()
    gx, gy = tg.grad(z, [x, y])
    assert gy.tolist() == [18.0] and gx.tolist() == [108.0]


def test_grad_of_several_outputs():
    x = leaf(3.0, 4.0)
    (g,) = tg.grad(
        [x * 2, x * x], x, [tg.tensor([1.0, 0.0], dtype=tg.float64), tg.tensor([1.0, 1.0], dtype=tg.float64)]
    )
    assert g.tolist() == [8.0, 8.0]
    with pytest.raises(ValueError, match="grad: 1 gradients for 2 outputs"):
        tg.grad([x * 2, x * x], x, [None])


def test_backward_refuses():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"backward: shape \(2,\) has 2 elements .* pass a gradient"):
        (x * 2).backward()
    with pytest.raises(ValueError, match=r"backward: the shape of the gradient is \(3,\) but \(2,\) is needed"):
        (x * 2).backward(tg.ones(3, dtype=tg.float64))
    with pytest.raises(RuntimeError, match="backward: .* does not require grad"):
        tg.ones(1).backward()
    with pytest.raises(RuntimeError, match="requires_grad: dtype int64 is not floating"):
        tg.tensor([1]).requires_grad_()


# ---- gradients -------------------------------------------------------------------------------------------------------


def test_gradients_add_up():
    x = leaf(1.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0] and x.grad is first


def test_leaf_gradients_are_their_own():
    """add sends the very same gradient both ways: the two leaves must not share its memory, nor take the caller's."""
    a, b = leaf(1.0), leaf(1.0)
    g = tg.ones(1, dtype=tg.float64)
    (a + b).backward(g)
    a.grad.zero_()
    assert b.grad.tolist() == [1.0] and g.tolist() == [1.0]
    c = leaf(1.0, 2.0)
    c.reshape(2, 1).backward(g2 := tg.ones(2, 1, dtype=tg.float64))
    c.grad.zero_()
    assert g2.tolist() == [[1.0], [1.0]]


def test_expanded_gradient_is_whole():
    """The gradient of a sum is one element seen many times; a leaf's has memory of its own."""
    x = tg.zeros(2, 3, requires_grad=True)
    x.sum().backward()
    x.grad.add_(tg.arange(6).reshape(2, 3).float())
    assert x.grad.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_hooks():
    x = leaf(1.0)
    y = x * 2
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: seen.append(g.tolist()))
    (y * 3).sum().backward(retain_graph=True)
    assert seen == [[3.0], [60.0]] and x.grad.tolist() == [60.0]
    handle.remove()
    (y * 3).sum().backward()
    assert len(seen) == 3
    with pytest.raises(RuntimeError, match="register_hook: .* requires_grad_"):
        tg.ones(1).register_hook(print)


def test_hook_sees_the_whole_gradient():
    x = leaf(1.0)
    y = x * 1.0
    seen = []
    y.register_hook(lambda g: seen.append(g.item()))
    (y * 2 + y * 3 + y).sum().backward()
    assert seen == [6.0]


def test_retain_grad():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [4.0] and x.grad.tolist() == [8.0]


def test_detach():
    x = leaf(2.0)
    y = (x * x).detach()
    assert not y.requires_grad and y.is_leaf
    (x * y).sum().backward()
    assert x.grad.tolist() == [4.0]
    z = x * x
    assert z.detach_() is z and z.is_leaf and not z.requires_grad and z.grad_fn is None


# ---- recording -------------------------------------------------------------------------------------------------------


def test_no_grad():
    x = leaf(1.0)
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert recording()


def test_no_grad_as_decorator():
    @tg.no_grad()
    def double(x, depth):
        return double(x, depth - 1) if depth else x * 2

    assert not double(leaf(1.0), 3).requires_grad and recording()


def test_no_grad_is_of_one_thread():
    flags = []
    inside, done = threading.Event(), threading.Event()

    def other():
        inside.wait()
        flags.append(recording())
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with tg.no_grad():
        inside.set()
        done.wait()
    thread.join()
    assert flags == [True]


# ---- functions of one's own ------------------------------------------------------------------------------------------


class Halves(Function):
    """Several results, of which one may go unused."""

    def forward(self, x):
        return x[:1].copy(), x[1:].copy()

    def backward(self, a, b):
        self.seen.append((a is None, b is None))
        some = a if a is not None else b
        zero = some * 0
        return tg.cat([zero if a is None else a, zero if b is None else b])

    seen = []


@pytest.mark.parametrize(
    "use, expected, seen",
    [((0,), [3.0, 0.0], (False, True)), ((1,), [0.0, 5.0], (True, False)), ((0, 1), [3.0, 5.0], (False, False))],
)
def test_several_results(use, expected, seen):
    x = leaf(1.0, 2.0)
    halves = Halves()(x)
    sum([halves[k] * (3.0, 5.0)[k] for k in use], tg.zeros(1, dtype=tg.float64)).backward()
    assert x.grad.tolist() == expected and Halves.seen[-1] == seen


class Product(Fused):
    """a * b with a backward of its own for the first order."""

    calls = 0

    def forward(self, a, b):
        return a * b

    def fused_backward(self, g):
        Product.calls += 1
        return g * self.b, g * self.a

    def definition(self, a, b):
        return a * b


def test_fused():
    a, b = leaf(2.0), leaf(5.0)
    Product()(a, b).backward()
    assert (a.grad.tolist(), b.grad.tolist(), Product.calls) == ([5.0], [2.0], 1)
    ga, gb = tg.grad(Product()(a, b), [a, b], create_graph=True)
    assert Product.calls == 1, "create_graph must take the definition"
    assert [g.tolist() for g in tg.grad(ga * gb * gb, [a, b])] == [[20.0], [4.0]]


def test_fused_of_the_same_tensor_twice():
    """f(x, x): both arguments have a gradient of their own, even where the graph cannot tell them apart."""
    x = leaf(3.0)
    (g,) = tg.grad(Product()(x, x), x)
    assert g.tolist() == [6.0]
    (g,) = tg.grad(Product()(x, x), x, create_graph=True)
    assert g.tolist() == [6.0]
    (g,) = tg.grad(g, x)
    assert g.tolist() == [2.0]


def test_fused_with_one_input_that_needs_nothing():
    x, c = leaf(3.0), tg.tensor([4.0], dtype=tg.float64)
    (g,) = tg.grad(Product()(c, x), x, create_graph=True)
    assert g.tolist() == [4.0]


def test_wrong_count_of_gradients():
    class One(Function):
        def forward(self, a, b):
            return a + b

        def backward(self, g):
            return g

    with pytest.raises(RuntimeError, match="backward: One returned 1 gradients for 2 inputs"):
        One()(leaf(1.0), leaf(1.0)).backward()


def test_unfinished_functions():
    class Nothing(Function):
        pass

    class Forward(Function):
        def forward(self, x):
            return x.copy()

    with pytest.raises(NotImplementedError, match="Nothing: forward is missing; define forward"):
        Nothing()(leaf(1.0))
    with pytest.raises(NotImplementedError, match="Forward: backward is missing; define backward"):
        Forward()(leaf(1.0)).backward()


def test_gradients_of_integers():
    """Integer inputs and results take no part."""
    x = leaf(1.0, 5.0, 3.0)
    values, places = x.max(0)
    assert places.dtype == tg.int64 and not places.requires_grad
    values.backward()
    assert x.grad.tolist() == [0.0, 1.0, 0.0]


def test_tensor_is_no_number():
    x = tg.tensor([[1.0, 2.0]])
    assert isinstance(np.ones(2) * x, Tensor) and len(x) == 1 and [row.tolist() for row in x] == [[1.0, 2.0]]
    with pytest.raises(RuntimeError, match="item: .* exactly one"):
        x.item()
    with pytest.raises(RuntimeError, match=r"numpy: .* x\.detach\(\)"):
        leaf(1.0).numpy()
