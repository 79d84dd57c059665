"""The networks for digits: layers in their order, and how their numbers start."""

from math import sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn

HIDDEN = ["Linear", "BatchNorm1d", "Sigmoid"]
LAYERS = {
    "mlp": ["Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear"],
    "softmax_regression": ["Flatten", "Linear"],
    "mlp_dropout": ["Flatten", "Dropout", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"],
    "mlp_batchnorm": ["Flatten", *HIDDEN, *HIDDEN, *HIDDEN, "Linear"],
    "mlp_sigmoid_100_100": ["Flatten", "Linear", "Sigmoid", "Linear", "Sigmoid", "Linear"],
    "lenet": ["Conv2d", "MaxPool2d", "Conv2d", "MaxPool2d", "Flatten", "Linear", "ReLU", "Linear"],
    "mnist_cnn": ["Conv2d", "ReLU", "Conv2d", "ReLU", "MaxPool2d", "Dropout", "Flatten", "Linear", "ReLU", "Dropout",
                  "Linear"],
}
# The standard deviation of the weights, of fan_in and fan_out.
STARTS = {
    "mlp": lambda i, o: sqrt(2 / i),
    "softmax_regression": lambda i, o: sqrt(2 / (i + o)),
    "mlp_dropout": lambda i, o: 0.01,
    "mlp_batchnorm": lambda i, o: sqrt(2 / (i + o)),
    "mlp_sigmoid_100_100": lambda i, o: sqrt(2 / (i + o)),
    "lenet": lambda i, o: sqrt(1 / i),
    "mnist_cnn": lambda i, o: sqrt(2 / (i + o)),
}
UNIFORM = ("softmax_regression", "mlp_sigmoid_100_100", "lenet", "mnist_cnn")


def weighted(network):
    return [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    assert [type(layer).__name__ for layer in models.create(name)] == LAYERS[name]


@pytest.mark.parametrize("name", STARTS)
def test_starts(name):
    tg.manual_seed(0)
    for layer in weighted(models.create(name)):
        weight, std = layer.weight.detach().numpy(), STARTS[name](*nn.init.fans(layer.weight))
        assert abs(weight.std() / std - 1) < 4 / sqrt(weight.size)
        if name in UNIFORM:
            assert 0.9 * sqrt(3) * std < np.abs(weight).max() <= sqrt(3) * std * (1 + 1e-6)
        assert layer.bias is None or not layer.bias.detach().numpy().any()


def test_dropout_is_where_the_papers_have_it():
    def chances(name, **kwargs):
        return [layer.p for layer in models.create(name, **kwargs).modules() if isinstance(layer, nn.Dropout)]

    assert chances("mlp_dropout") == [0.2, 0.5, 0.5] and chances("mnist_cnn") == [0.25, 0.5]
    assert chances("mlp_dropout", dropout=0.3, input_dropout=0.0) == [0.0, 0.3, 0.3]


def test_the_activation_of_the_mlp_and_its_start():
    tg.manual_seed(0)
    network = models.mlp(activation="tanh")
    assert [type(layer).__name__ for layer in network] == ["Flatten", "Linear", "Tanh", "Linear", "Tanh", "Linear"]
    for layer in weighted(network):
        assert np.abs(layer.weight.detach().numpy()).max() <= sqrt(6 / sum(nn.init.fans(layer.weight))) * (1 + 1e-6)
    with pytest.raises(ValueError, match="mlp: activation is 'gelu'; use one of 'relu', 'tanh'"):
        models.mlp(activation="gelu")


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_signal_neither_grows_nor_dies(activation):
    """Weights of these variances keep the variance of the hidden layers within a factor of 4 of the input's."""
    tg.manual_seed(0)
    x = tg.randn(200, 1, 28, 28)
    with tg.no_grad():
        for layer in models.mlp(activation=activation)[:5]:
            x = layer(x)
    assert 0.25 < (x.numpy() ** 2).mean() < 4


def test_digits_of_another_size_are_refused():
    with pytest.raises(ValueError, match="linear: input .2, 1024. does not end with the 784 features"):
        models.mlp()(tg.zeros(2, 1, 32, 32))


def test_the_normalized_network_has_no_bias_before_a_shift():
    network = models.mnist_cnn_bn()
    assert [layer.bias is None for layer in weighted(network)] == [True] * 5 + [False]
    assert sum(p.numel() for p in network.parameters()) == 468_138
