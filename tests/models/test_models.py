"""The registry, and the networks for digits."""

from math import sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.nn import functional as F

PARAMETERS = {"mnist_cnn": 600_810, "mnist_cnn_bn": 468_138}


def test_names_are_listed_and_matched():
    assert set(PARAMETERS) <= set(models.list_models()) == set(models.list_models("*"))
    assert models.list_models("mnist_cnn*") == ["mnist_cnn", "mnist_cnn_bn"] and models.list_models("nothing") == []


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="models: there is no network 'mnist_cmm'; did you mean 'mnist_cnn'"):
        models.create("mnist_cmm")
    with pytest.raises(ValueError, match=r"there is no network '123'; use one of .*mnist_cnn"):
        models.create("123")


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="register: 'mnist_cnn' is the name of two networks"):
        models.register(input=(1, 28, 28), paper=models.entry("mnist_cnn").paper)(models.mnist_cnn)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_and_gradients(name):
    tg.manual_seed(0)
    net = models.create(name)
    assert sum(p.numel() for p in net.parameters()) == PARAMETERS[name]
    assert models.entry(name).input == (1, 28, 28)
    x = tg.randn(4, 1, 28, 28)
    loss = F.cross_entropy(net(x), tg.tensor(np.arange(4)))
    loss.backward()
    assert all(p.grad is not None and np.abs(p.grad.numpy()).sum() > 0 for p in net.parameters())
    out = net.eval()(x)
    assert out.shape == (4, 10) and np.isfinite(out.detach().numpy()).all()
    assert models.create(name, num_classes=7).eval()(x).shape == (4, 7)


def test_the_keras_network_starts_as_keras_does():
    net = models.create("mnist_cnn")
    for layer in net:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            fan_in, fan_out = nn.init.fans(layer.weight)
            weight = layer.weight.detach().numpy()
            assert np.abs(weight).max() <= sqrt(6 / (fan_in + fan_out)) * (1 + 1e-6) and np.abs(weight).max() > 0
            assert not np.abs(layer.bias.detach().numpy()).any()


def test_the_layers_are_the_slides():
    kinds = [type(m).__name__ for m in models.create("mnist_cnn")]
    assert kinds == ["Conv2d", "ReLU", "Conv2d", "ReLU", "MaxPool2d", "Dropout", "Flatten",
                     "Linear", "ReLU", "Dropout", "Linear"]
    assert [m.p for m in models.create("mnist_cnn").modules() if isinstance(m, nn.Dropout)] == [0.25, 0.5]
