"""Initialization: bounds and variances, and what layers start with."""

from math import sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import init

SHAPE = 60, 50, 3, 3  # fan_in 450, fan_out 540


@pytest.mark.parametrize("fill, std", [
    (init.xavier_uniform_, sqrt(2 / 990)),
    (init.xavier_normal_, sqrt(2 / 990)),
    (lambda w: init.xavier_normal_(w, gain=5 / 3), 5 / 3 * sqrt(2 / 990)),
    (init.kaiming_uniform_, sqrt(2 / 450)),
    (init.kaiming_normal_, sqrt(2 / 450)),
    (lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"), sqrt(2 / 540)),
    (lambda w: init.kaiming_uniform_(w, a=1.0, nonlinearity="leaky_relu"), sqrt(1 / 450)),
    (lambda w: init.kaiming_normal_(w, nonlinearity="tanh"), 5 / 3 / sqrt(450)),
    (lambda w: init.uniform_(w, -1, 3), 4 / sqrt(12)),
    (lambda w: init.normal_(w, 2, 0.3), 0.3),
])
def test_variances(fill, std):
    tg.manual_seed(1)
    w = nn.Parameter(tg.empty(SHAPE))
    assert fill(w) is w and w.requires_grad and w.is_leaf
    values = w.detach().numpy()
    assert abs(values.std() / std - 1) < 0.02
    mean = {(-1.0, 3.0): 1, (2.0, 0.3): 2}
    assert any(abs(values.mean() - m) < 4 * std / sqrt(values.size) for m in (0, *mean.values()))


def test_uniform_stays_within_its_bounds():
    tg.manual_seed(2)
    w = init.xavier_uniform_(tg.empty(30, 20)).numpy()
    bound = sqrt(6 / 50)
    assert -bound <= w.min() < -0.9 * bound and 0.9 * bound < w.max() <= bound


def test_constants_and_gains():
    w = tg.empty(2, 3)
    assert init.ones_(w).tolist() == [[1] * 3] * 2 and init.zeros_(w).tolist() == [[0] * 3] * 2
    assert init.constant_(w, 0.5).tolist() == [[0.5] * 3] * 2
    assert init.calculate_gain("relu") == sqrt(2) and init.calculate_gain("conv2d") == 1
    assert init.calculate_gain("leaky_relu", 1.0) == 1 and init.calculate_gain("tanh") == 5 / 3


def test_what_cannot_be_initialized():
    with pytest.raises(ValueError, match=r"a tensor of shape \(3,\) has no fan_in and fan_out"):
        init.xavier_normal_(tg.empty(3))
    with pytest.raises(ValueError, match="nonlinearity is 'swish'; use one of linear"):
        init.kaiming_normal_(tg.empty(3, 3), nonlinearity="swish")
    with pytest.raises(ValueError, match="mode is 'fan'; use 'fan_in' or 'fan_out'"):
        init.kaiming_normal_(tg.empty(3, 3), mode="fan")


@pytest.mark.parametrize("layer, fan_in", [
    (nn.Linear(400, 50), 400), (nn.Conv2d(40, 50, 3), 360), (nn.Conv1d(40, 50, 3, groups=2), 60),
    (nn.ConvTranspose2d(40, 50, 3), 450)])
def test_layers_start_as_pytorchs_do(layer, fan_in):
    for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
        bound = 1 / sqrt(fan_in)
        assert np.abs(values).max() <= bound and abs(values.std() / (bound / sqrt(3)) - 1) < 0.25


def test_a_seed_repeats_a_network():
    draws = []
    for _ in range(2):
        tg.manual_seed(5)
        draws.append(nn.Conv2d(2, 3, 3).weight.tolist())
    assert draws[0] == draws[1] != nn.Conv2d(2, 3, 3).weight.tolist()


@pytest.mark.parametrize("mean, std, a, b", [(0, 1, -2, 2), (0, 0.02, -2, 2), (0, 1, 1, 3), (0.5, 2, -1, 0.75)])
def test_truncated_normal(mean, std, a, b):
    """Mean and variance of the part of a normal distribution that lies within the bounds."""
    tg.manual_seed(1)
    w = init.trunc_normal_(tg.empty(300, 300), mean, std, a, b).numpy().astype(np.float64)
    grid = np.linspace(max(a, mean - 9 * std), min(b, mean + 9 * std), 200001)
    density = np.exp(-(((grid - mean) / std) ** 2) / 2)
    wanted = (grid * density).sum() / density.sum()
    spread = sqrt(((grid - wanted) ** 2 * density).sum() / density.sum())
    assert a <= w.min() and w.max() <= b
    assert abs(w.mean() - wanted) < 5 * spread / 300 and abs(w.std() / spread - 1) < 0.01


def test_a_mean_far_outside_is_warned_about():
    with pytest.warns(UserWarning, match="trunc_normal_: mean 5.0 is more than 2 std"):
        assert init.trunc_normal_(tg.empty(100), mean=5.0).numpy().max() <= 2


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (6, 2, 3, 3)])
def test_orthogonal(shape):
    w = init.orthogonal_(nn.Parameter(tg.empty(shape)), gain=2.0).detach().numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_identities():
    assert init.eye_(tg.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    x = tg.randn(2, 4, 5, 5)
    layer = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False)
    init.dirac_(layer.weight, groups=2)
    np.testing.assert_allclose(layer(x).detach().numpy(), x.numpy(), atol=1e-6)


def test_sparse_columns():
    w = init.sparse_(tg.empty(10, 6), 0.33, std=0.5).numpy()
    assert ((w == 0).sum(0) == 4).all() and 0.2 < w[w != 0].std() < 0.9


@pytest.mark.parametrize("call, error, text", [
    (lambda: init.eye_(tg.empty(3)), ValueError, "eye_: a tensor of shape .* is no matrix"),
    (lambda: init.sparse_(tg.empty(3), 0.5), ValueError, "sparse_: a tensor of shape .* is no matrix"),
    (lambda: init.orthogonal_(tg.empty(3)), ValueError, "orthogonal_: a tensor of shape .* is no matrix"),
    (lambda: init.dirac_(tg.empty(3, 3)), ValueError, "dirac_: a tensor of shape .* is no weight of a convolution"),
    (lambda: init.dirac_(tg.empty(3, 3, 3), 2), ValueError, "dirac_: 3 output channels in 2 groups"),
    (lambda: init.uniform_(tg.empty(3), 1, 0), RuntimeError, "uniform_: a is 1 but b 0"),
    (lambda: init.normal_(tg.empty(3), std=-1), RuntimeError, "normal_: std is -1"),
    (lambda: init.calculate_gain("leaky_relu", "x"), ValueError, "calculate_gain: param is 'x'")])
def test_what_initializers_refuse(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_nothing_to_initialize():
    assert init.orthogonal_(tg.empty(0, 3)).shape == (0, 3)
    with pytest.warns(UserWarning, match="kaiming: a tensor without elements"):
        init.kaiming_normal_(tg.empty(0, 3))


@pytest.mark.parametrize("fill", [init.uniform_, init.normal_, init.trunc_normal_, init.xavier_uniform_, init.xavier_normal_,
                                  init.kaiming_uniform_, init.kaiming_normal_, init.orthogonal_,
                                  lambda x, generator: init.sparse_(x, 0.5, generator=generator)])
def test_a_generator_draws_the_same_again_and_leaves_the_stream_alone(fill):
    first, again = (fill(tg.empty(4, 5), generator=tg.Generator().manual_seed(7)).tolist() for _ in range(2))
    assert first == again
    tg.manual_seed(1)
    fill(tg.empty(4, 5), generator=tg.Generator().manual_seed(7))
    drawn = tg.rand(3).tolist()
    tg.manual_seed(1)
    assert drawn == tg.rand(3).tolist()
