"""AlexNet's two towers and its competing channels; how both AlexNets and the VGGs start."""

from math import sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.models.vgg import vgg_features

from .published import meta


@pytest.fixture(scope="module")
def two_towers():
    tg.manual_seed(0)
    return models.alexnet_2012(num_classes=5)


def test_the_towers_meet_in_the_third_convolution(two_towers):
    """What the second half of the first layer sees does not reach the first half of the second, but all of the third."""
    x = tg.randn(1, 96, 27, 27, requires_grad=True)
    second = two_towers.conv2(x)
    second[:, :128].sum().backward()
    reached = x.grad.numpy().any(axis=(0, 2, 3))
    assert reached[:48].all() and not reached[48:].any()
    assert [layer.groups for layer in two_towers if isinstance(layer, nn.Conv2d)] == [1, 2, 1, 2, 2]


def test_channels_compete_as_in_the_paper(two_towers):
    """b = a / (2 + 1e-4 * the sum of squares over the five nearest channels) ** 0.75, the sum not divided by five."""
    x = 100 * np.random.default_rng(0).standard_normal((1, 8, 2, 2)).astype(np.float32)
    sums = [sum(x[:, j] ** 2 for j in range(max(0, i - 2), min(8, i + 3))) for i in range(8)]
    expected = x / (2 + 1e-4 * np.stack(sums, 1)) ** 0.75
    np.testing.assert_allclose(two_towers.lrn1(tg.tensor(x)).numpy(), expected, rtol=1e-5)
    order = [name for name, _ in two_towers.named_children()]
    assert order[:4] == ["conv1", "relu1", "lrn1", "pool1"] and order[4:8] == ["conv2", "relu2", "lrn2", "pool2"]


def test_alexnet_starts_as_published(two_towers):
    for name, layer in two_towers.named_children():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            weight = layer.weight.detach().numpy()
            assert abs(weight.std() / 0.01 - 1) < 4 / sqrt(weight.size)
            assert (layer.bias.detach().numpy() == (name in ("conv2", "conv4", "conv5", "fc6", "fc7"))).all()


def test_other_sizes_are_refused_or_pooled():
    with pytest.raises(ValueError, match="linear: input .1, 6400. does not end with the 9216 features"):
        meta("alexnet_2012")(tg.zeros(1, 3, 195, 195, device="meta"))
    assert meta("alexnet")(tg.zeros(1, 3, 63, 301, device="meta")).shape == (1, 1000)
    assert meta("vgg11")(tg.zeros(1, 3, 32, 75, device="meta")).shape == (1, 1000)
    with pytest.raises(ValueError, match="max_pool2d: the window spans 2 but the padded input only 1"):
        meta("vgg11")(tg.zeros(1, 3, 31, 75, device="meta"))


def test_vgg_starts_by_the_outputs():
    """He's variance, 2 / fan_out, in the convolutions."""
    tg.manual_seed(0)
    network = models.VGG((1, 1, 1, 1, 1), num_classes=3, batch_norm=True)
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            weight = layer.weight.detach().numpy()
            std = sqrt(2 / nn.init.fans(layer.weight)[1]) if isinstance(layer, nn.Conv2d) else 0.01
            assert abs(weight.std() / std - 1) < 4 / sqrt(weight.size) and not layer.bias.detach().numpy().any()
    plain = models.VGG((1, 1, 1, 1, 1), num_classes=3, init_weights=False)
    assert plain.classifier[6].bias.detach().numpy().any()


@pytest.mark.parametrize("name, places", [("alexnet_2012", 2), ("alexnet", 2), ("vgg11", 2), ("vgg19_bn", 2)])
def test_dropout_is_an_argument(name, places):
    assert [layer.p for layer in meta(name, dropout=0.3).modules() if isinstance(layer, nn.Dropout)] == [0.3] * places


def test_dense_layers_hold_most_of_vgg16():
    assert sum(p.numel() for p in meta("vgg16").classifier.parameters()) == 123_642_856


def test_the_convolutions_of_vgg_can_be_used_alone():
    features = vgg_features((1, 1, 2, 2, 2), in_channels=1)
    assert features(tg.zeros(2, 1, 65, 32)).shape == (2, 512, 2, 1)
    with pytest.raises(ValueError, match="zip"):
        vgg_features((1, 1))
