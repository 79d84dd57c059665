"""Gradients limited, parameters as one vector."""

import math

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import utils


def parameters(*gradients):
    found = [nn.Parameter(tg.zeros(len(g))) for g in gradients]
    for p, g in zip(found, gradients):
        p.grad = tg.tensor(g)
    return found


@pytest.mark.parametrize("order, norm", [(2.0, 13.0), (1, 19.0), (math.inf, 12.0), (3.0, (27 + 64 + 1728) ** (1 / 3))])
def test_the_norm_of_all_gradients_is_limited(order, norm):
    given = [*parameters([3.0, 0.0], [-4.0], [12.0]), nn.Parameter(tg.zeros(1))]
    assert utils.clip_grad_norm_(given, norm * 2, order).item() == pytest.approx(norm)
    assert given[0].grad.tolist() == [3.0, 0.0]
    assert utils.clip_grad_norm_(iter(given), norm / 2, order).item() == pytest.approx(norm)
    np.testing.assert_allclose([given[0].grad[0].item(), given[1].grad.item()], [1.5, -2.0], rtol=1e-5)
    assert utils.get_total_norm([p.grad for p in given[:3]], order).item() == pytest.approx(norm / 2)
    assert utils.clip_grad_norm_([given[3]], 1.0).item() == 0.0


def test_a_norm_that_is_not_finite():
    given = parameters([math.nan], [1.0])
    with pytest.raises(RuntimeError, match="the norm of order 2.0 of the gradients is nan and cannot be scaled"):
        utils.clip_grad_norm_(given, 1.0, error_if_nonfinite=True)
    assert math.isnan(utils.clip_grad_norm_(given[0], 1.0).item())


def test_elements_are_limited():
    given = parameters([3.0, -0.5, -7.0])
    utils.clip_grad_value_(given, 1)
    assert given[0].grad.tolist() == [1.0, -0.5, -1.0]
    utils.clip_grads_with_norm_(given, 1.0, tg.tensor(4.0))
    np.testing.assert_allclose(given[0].grad.numpy(), [0.25, -0.125, -0.25], rtol=1e-5)


def test_parameters_as_a_vector_and_back():
    layer = nn.Linear(3, 2)
    vector = utils.parameters_to_vector(layer.parameters())
    assert vector.shape == (8,) and vector.requires_grad
    utils.vector_to_parameters(tg.arange(8).float(), layer.parameters())
    assert layer.weight.tolist() == [[0, 1, 2], [3, 4, 5]] and layer.bias.tolist() == [6, 7]
    with pytest.raises(TypeError, match="vector_to_parameters: vec is a list"):
        utils.vector_to_parameters([1.0], layer.parameters())


@pytest.mark.parametrize("order, norm", [(0.0, 2.0), (float("-inf"), 0.0)])
def test_norms_of_order_zero_and_of_the_smallest(order, norm):
    assert nn.utils.get_total_norm([tg.tensor([3.0, 0.0]), tg.tensor([0.0, -4.0])], order).item() == norm


def test_a_submodule_is_set_at_a_path():
    net = nn.Sequential(nn.ReLU())
    for target, module in (("", nn.ReLU()), ("0", 5)):
        with pytest.raises(ValueError, match="Sequential.set_submodule: target is"):
            net.set_submodule(target, module)
