"""Highway networks: gates and their bias."""

import numpy as np
import pytest

from tinygrad_cnn import models, nn

from .test_resnet import images, parameters

LAYERS = [pytest.param(lambda **k: models.HighwayLayer(6, **k), (5, 6), "tanh", id="fully connected"),
          pytest.param(lambda **k: models.HighwayConv2d(6, **k), (2, 6, 5, 4), "relu", id="convolution")]


@pytest.mark.parametrize("build, shape, activation", LAYERS)
def test_the_gate_mixes_transform_and_input(build, shape, activation):
    layer, x = build(gate_bias=-1.0), images(*shape)
    t = layer.gate(x).sigmoid().detach().numpy()
    h = getattr(layer.transform(x), activation)().detach().numpy()
    np.testing.assert_allclose(layer(x).detach().numpy(), h * t + x.detach().numpy() * (1 - t), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("build, shape, activation", LAYERS)
def test_a_closed_gate_copies_and_an_open_one_transforms(build, shape, activation):
    x = images(*shape)
    closed, opened = build(gate_bias=-1e4), build(gate_bias=1e4)
    y = closed(x)
    assert (y.detach().numpy() == x.detach().numpy()).all()
    y.sum().backward()
    assert (x.grad.numpy() == 1).all()
    wanted = getattr(opened.transform(x), activation)()
    assert (opened(x).detach().numpy() == wanted.detach().numpy()).all()


@pytest.mark.parametrize("build, shape, activation", LAYERS)
def test_first_biases(build, shape, activation):
    layer = build(gate_bias=-3.0)
    assert (layer.gate.bias.detach().numpy() == -3).all() and not layer.transform.bias.detach().numpy().any()
    assert (build().gate.bias.detach().numpy() < 0).all()
    assert isinstance(build(activation=nn.Sigmoid()).activation, nn.Sigmoid)


def test_gates_of_networks():
    for name, bias in (("highway10", -2), ("highway50", -4)):
        network = models.create(name)
        assert all((layer.gate.bias.detach().numpy() == bias).all() for layer in network.body)
    assert (models.highway10(gate_bias=-7.0).body[0].gate.bias.detach().numpy() == -7).all()


def test_widths_are_chosen_for_equal_parameters():
    assert parameters(models.HighwayLayer(50)) == 5100 and parameters(nn.Linear(71, 71)) == 5112
    network = models.highway10(in_channels=3, num_classes=4, width=8)
    assert parameters(network) == 3 * 784 * 8 + 8 + 9 * 2 * (64 + 8) + 8 * 4 + 4


def test_a_hundred_closed_layers_copy():
    body, x = models.highway100(gate_bias=-30.0).body, images(3, 50)
    y = body(x)
    np.testing.assert_allclose(y.detach().numpy(), x.detach().numpy(), rtol=1e-6, atol=1e-6)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1, rtol=1e-5)


def test_another_size_is_refused_in_a_sentence():
    for network in (models.highway10(), models.highway_conv_w16()):
        with pytest.raises(ValueError, match=r"linear: .*; "):
            network(images(1, 1, 33, 32))
