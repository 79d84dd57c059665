"""Recomputation: the same values and gradients as without, less kept, batch statistics once, and what is refused."""

import weakref

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import grad_mode, models, nn, random
from tinygrad_cnn.devices import shapes_only

X = np.random.RandomState(0).randn(4, 3, 8, 8).astype(np.float32)


def network():
    """A net with everything that could go wrong: batch norm, dropout, a fused ReLU, pooling with places."""
    tg.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3),
        nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8, momentum=None), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(128, 5),
    )


def plain(net, x):
    return net(x)


def pieces(net, x):
    return tg.checkpoint(net[4:], tg.checkpoint(net[:4], x))


def nested(net, x):
    return tg.checkpoint(lambda x: tg.checkpoint(net[6:], tg.checkpoint(lambda x: net[2:6](net[:2](x)), x)), x)


def step(way, requires_grad):
    """All that a training step leaves behind."""
    net, x = network(), tg.tensor(X, requires_grad=requires_grad)
    tg.manual_seed(7)
    y = way(net, x)
    (y * y).sum().backward()
    found = [y.detach(), *(p.grad for p in net.parameters()), *net.buffers(), *([x.grad] if requires_grad else [])]
    return [t.numpy() for t in found], random.get_state()


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize("way", [pieces, nested])
def test_a_step_is_the_same_to_the_last_bit(way, requires_grad):
    """Gradients of the input and of the parameters, running statistics, and the random numbers that come next."""
    (wanted, state), (found, after) = step(plain, requires_grad), step(way, requires_grad)
    assert state == after and len(wanted) == len(found)
    assert all(np.array_equal(a, b) for a, b in zip(wanted, found))


def test_batches_are_counted_once():
    net = network()
    pieces(net, tg.tensor(X)).sum().backward()
    assert net[1].num_batches_tracked.item() == 1 and net[5].num_batches_tracked.item() == 1


@pytest.mark.parametrize("check,kept", [(lambda f, x: f(x), 3), (tg.checkpoint, 0)], ids=["plain", "checkpoint"])
def test_nothing_within_is_kept(check, kept):
    inside = []

    def function(x):
        for _ in range(3):
            x = x.exp()
            inside.append(weakref.ref(x.array))
        return x.sum()

    def alive():
        return sum(ref() is not None for ref in inside[:3])

    x = tg.rand(4, 5, requires_grad=True)
    y = check(function, x)
    assert alive() == kept
    y.backward()
    assert alive() == 0 and x.grad is not None


def test_activations_die_while_backward_goes_on():
    """Of ten pieces at most one is filled at any time."""
    alive, most = weakref.WeakSet(), []

    class Exp(tg.Function):
        saves = ("out",)

        def forward(self, x):
            out = np.exp(-x)
            alive.add(Held(self))
            return out

        def backward(self, g):
            most.append(len(alive))
            return g * -self.out

    class Held:
        """Lives as long as its node keeps what it has."""

        def __init__(self, node):
            node.held = self

    x = start = tg.rand(3, requires_grad=True)
    for _ in range(10):
        x = tg.checkpoint(lambda x: Exp()(Exp()(x)), x)
    assert len(alive) == 0
    x.sum().backward()
    assert max(most) == 2 and len(most) == 20 and len(alive) == 0 and np.isfinite(start.grad.numpy()).all()


def test_several_results_and_what_is_closed_over():
    w = tg.tensor([0.5, 2.0], requires_grad=True)

    def function(x, scale=1.0):
        y = x * w * scale
        return {"exp": y.exp(), "list": [y.sum(), y.detach()]}

    def gradients(call):
        x = tg.tensor([1.0, -1.0], requires_grad=True)
        out = call(x, scale=3.0)
        return [g.numpy() for g in tg.grad(out["exp"].sum() + out["list"][0] * 2, [x, w])]

    for a, b in zip(gradients(function), gradients(lambda x, scale: tg.checkpoint(function, x, scale=scale))):
        assert np.array_equal(a, b)
    x = tg.tensor([1.0, -1.0], requires_grad=True)
    unused = tg.checkpoint(function, x)["list"][0]
    unused.backward()
    assert np.array_equal(w.grad.numpy(), x.detach().numpy())


def test_gradients_of_gradients():
    w = tg.tensor([0.5, 2.0, 1.5], dtype=tg.float64, requires_grad=True)

    def function(x):
        x = nn.functional.batch_norm(x.reshape(3, 1) * w, None, None, w, training=True)  # Fused: it has a definition
        return (x * w).sum(1)

    x = tg.tensor([0.3, -0.2, 0.9], dtype=tg.float64, requires_grad=True)
    assert tg.gradcheck(lambda x: tg.checkpoint(function, x), (x,))
    assert tg.gradgradcheck(lambda x: tg.checkpoint(lambda x: tg.checkpoint(function, x), x), (x,))

    def second(call):
        first = tg.grad((call(x) ** 2).sum(), [x, w], create_graph=True)
        return [g.numpy() for g in tg.grad((first[0] * first[1]).sum(), [x, w])]

    for a, b in zip(second(function), second(lambda x: tg.checkpoint(function, x))):
        assert np.allclose(a, b, rtol=1e-12)


def test_retained_graphs_and_hooks():
    seen = []
    x = tg.tensor([1.0, 2.0], requires_grad=True)

    def function(x):
        y = x.exp()
        y.register_hook(lambda g: seen.append(g.numpy().copy()))
        return (y * y).sum()

    y = tg.checkpoint(function, x)
    y.backward(retain_graph=True)
    y.backward()
    assert np.allclose(x.grad.numpy(), 4 * np.exp([2.0, 4.0])) and len(seen) == 2
    assert np.allclose(seen[0], 2 * np.exp([1.0, 2.0]))
    with pytest.raises(RuntimeError, match="was already freed"):
        y.backward()


def test_without_recording_it_is_the_function():
    calls = []

    def function(x):
        calls.append(grad_mode.recording())
        return x.exp()

    with tg.no_grad():
        assert not tg.checkpoint(function, tg.rand(2, requires_grad=True)).requires_grad
    assert not tg.checkpoint(function, tg.rand(2)).requires_grad and calls == [False, True]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("same", [True, False])
def test_random_numbers_are_the_same_unless_unwanted(same, device):
    tg.manual_seed(0)
    x = tg.ones(100, device=device, requires_grad=True)
    y = tg.checkpoint(nn.functional.dropout, x, preserve_rng_state=same)
    y.sum().backward()
    assert np.array_equal(y.detach().cpu().numpy(), x.grad.cpu().numpy()) == same
    assert set(x.grad.cpu().numpy()) == {0, 2}


def test_errors_leave_everything_as_it_was():
    tg.manual_seed(3)
    before = random.get_state()
    calls = []

    def function(x):
        calls.append(1)
        if len(calls) == 2:
            raise KeyError("the second call")
        return nn.functional.dropout(x)

    y = tg.checkpoint(function, tg.ones(8, requires_grad=True)).sum()
    after = random.get_state()
    with pytest.raises(KeyError, match="the second call"):
        y.backward()
    assert random.get_state() == after != before
    assert not grad_mode.recomputing() and grad_mode.followers() == () and grad_mode.recording()


def test_refusals():
    x = tg.rand(3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="checkpoint: use_reentrant is True but only False is supported"):
        tg.checkpoint(lambda x: x, x, use_reentrant=True)
    turns = iter([2, 3, 2, 1, 0, 1])

    def moody(x):
        turn = next(turns)
        for _ in range(turn):
            x = x.exp()
        return x.sum() if turn else x.log().sum()

    for faults in ("made 3 operations but 4", "made 3 operations but 2", "was log with results .* but is exp"):
        y = tg.checkpoint(moody, x)
        with pytest.raises(RuntimeError, match=f"checkpoint: .*{faults}"):
            y.backward()
    h = x * 2
    y = tg.checkpoint(lambda h: (h * h).sum(), h)
    with tg.no_grad():
        h.add_(1)
    with pytest.raises(RuntimeError, match=r"checkpoint: a tensor of shape \(3,\) was changed in place since the call"):
        y.backward()
    w = nn.Parameter(tg.rand(3))
    y = tg.checkpoint(lambda x: (x * w).sum(), x)
    with tg.no_grad():
        w.zero_()
    with pytest.raises(RuntimeError, match=r"\(3,\) was changed in place since the call \(version 2, then 1\)"):
        y.backward()


def test_a_checkpointed_sequential_has_the_same_keys_and_gradients():
    def build(kind):
        tg.manual_seed(0)
        return kind(*[m for _ in range(5) for m in (nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU())])

    a, b = build(nn.Sequential), build(nn.Checkpointed)
    assert list(a.state_dict()) == list(b.state_dict())
    x = tg.rand(6, 4)
    a(x).sum().backward()
    b(x).sum().backward()
    assert all(np.array_equal(p.grad.numpy(), q.grad.numpy()) for p, q in zip(a.parameters(), b.parameters()))
    assert nn.Checkpointed()(x) is x


def kept(x):
    """The bytes that the graph behind x keeps for backward."""
    stack, seen, sizes = [x.node], set(), {}
    while stack:
        node = stack.pop()
        if isinstance(node, tg.Function) and node not in seen:
            seen.add(node)
            stack += [to[0] for to in node.edges if to is not None]
            saved = [value for value, *_ in (node._saved or {}).values()]
            saved += [t for t, _ in node.region.versions.values()] if node.region else []
            for value in saved:
                array = value.array if isinstance(value, tg.Tensor) else value
                sizes[id(array)] = array.size * array.itemsize
    return sum(sizes.values())


@pytest.mark.parametrize("name,batch,kwargs,least,most", [
    ("cifar_preresnet1001", 32, {}, 4e9, 8e9),
    ("cifar_preresnet1001", 128, {"checkpoint": True}, 5e8, 1e9),
    ("cifar_resnet1202", 16, {"checkpoint": True}, 1e8, 2e8),
])
def test_deep_networks_keep_little(name, batch, kwargs, least, most):
    """What a step of training keeps, in bytes, parameters included; the meta device has the shapes."""
    with shapes_only():
        loss = models.create(name, **kwargs)(tg.empty(batch, 3, 32, 32)).sum()
    size = kept(loss)
    assert least < size < most


def test_a_sequence_is_computed_again_part_by_part():
    net, x = tg.nn.Sequential(tg.nn.Linear(3, 3), tg.nn.ReLU(), tg.nn.Linear(3, 2)), tg.ones(2, 3, requires_grad=True)
    plain, = tg.grad(net(x).sum(), [x])
    for segments in (1, 2, 3):
        again, = tg.grad(tg.utils.checkpoint.checkpoint_sequential(net, segments, x).sum(), [x])
        assert again.tolist() == plain.tolist()
    with pytest.raises(ValueError, match="checkpoint_sequential: segments is 4 but there are 3 functions"):
        tg.utils.checkpoint.checkpoint_sequential(net, 4, x)
