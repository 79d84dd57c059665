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
