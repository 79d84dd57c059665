"""Layers that learn the size of their input."""

import copy

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim


@pytest.mark.parametrize("lazy, shape, weight, text", [
    (lambda: nn.LazyConv2d(8, 3, padding=1, groups=2), (2, 4, 5, 5), (8, 2, 3, 3), "(0, 8, kernel_size=(3, 3), stride=(1, 1)"),
    (lambda: nn.LazyConvTranspose2d(6, 2, stride=2), (2, 4, 5, 5), (4, 6, 2, 2), "(0, 6, kernel_size=(2, 2), stride=(2, 2))"),
    (lambda: nn.LazyConv1d(3, kernel_size=2, bias=False), (2, 4, 5), (3, 4, 2), "(0, 3, kernel_size=(2,), stride=(1,), bias="),
    (lambda: nn.LazyLinear(7), (2, 3, 5), (7, 5), "(in_features=0, out_features=7, bias=True)"),
    (lambda: nn.LazyBatchNorm2d(eps=0.1), (2, 4, 5, 5), (4,), "(0, eps=0.1, momentum=0.1, affine=True, "),
    (lambda: nn.LazyInstanceNorm3d(affine=True), (2, 4, 5, 5, 5), (4,), "(0, eps=1e-05, "),
])
def test_the_first_input_says_the_size(lazy, shape, weight, text):
    layer = lazy()
    name = type(layer).__name__
    assert repr(layer).startswith(name + text), repr(layer)
    before, x = list(layer.parameters()), tg.rand(*shape)
    assert all(type(p) is nn.UninitializedParameter and nn.parameter.is_lazy(p) for p in before)
    out = layer(x)
    assert type(layer).__name__ == name.removeprefix("Lazy") and layer.weight.shape == weight
    assert [p is q for p, q in zip(before, layer.parameters())] == [True] * len(before)
    assert layer(x).shape == out.shape and type(layer.weight) is nn.Parameter and not nn.parameter.is_lazy(layer.weight)
    assert repr(layer) == repr(copy.deepcopy(layer))


def test_a_network_is_trained_by_an_optimizer_made_before():
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2)).double()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    x = tg.rand(2, 3, 5, 5, dtype=tg.float64)
    net(x)
    start = net[0].weight.detach().clone()
    net(x).sum().backward()
    optimizer.step()
    assert net[4].weight.dtype == tg.float64 and not tg.equal(start, net[0].weight)
    assert net[1].running_mean.shape == (4,) and net.training


def test_a_state_says_the_size():
    told = nn.Sequential(nn.Conv2d(6, 4, 3, groups=2), nn.BatchNorm2d(4))
    lazy = nn.Sequential(nn.LazyConv2d(4, 3, groups=2), nn.LazyBatchNorm2d()).eval()
    lazy.load_state_dict(told.state_dict())
    x = tg.rand(1, 6, 5, 5)
    assert type(lazy[0]) is nn.Conv2d and tg.equal(lazy(x), told.eval()(x)) and not lazy[1].training


def test_hooks_stay():
    layer, seen = nn.LazyLinear(2), []
    layer.register_forward_hook(lambda module, args, out: seen.append(type(module)))
    layer(tg.ones(1, 3))
    layer(tg.ones(1, 3))
    assert seen == [nn.Linear, nn.Linear]


def test_no_axis_to_learn_from():
    with pytest.raises(RuntimeError, match="LazyConv2d: input has shape"):
        nn.LazyConv2d(2, 3)(tg.ones(3))
