"""FC-DenseNet: channels of every block, upsampling of the last block's new maps, crops, initialization, dropout."""

from math import sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.devices import shapes_only

MAPS = {
    "fc_densenet56": [96, 144, 192, 240, 288, 336, 384, 336, 288, 240, 192],
    "fc_densenet67": [128, 208, 288, 368, 448, 528, 608, 528, 448, 368, 288],
    "fc_densenet103": [112, 192, 304, 464, 656, 896, 1088, 816, 576, 384, 256],
}


def tiny(**kwargs):
    return models.FCDenseNet(4, (2, 3, 4, 3, 2), num_classes=3, num_init_features=6, **kwargs)


@pytest.mark.parametrize("name", MAPS)
def test_maps_behind_the_blocks(name):
    """The paper's table 2, its misprints put right (880, 1072, 800 and 368 are these numbers less 16)."""
    with shapes_only():
        network, maps = models.create(name), []
        with nn.watch(lambda module, _, out: isinstance(module, models.DenseBlock) and maps.append(out.shape[1])):
            network(tg.empty(1, 3, 224, 224))
    assert maps == MAPS[name]
    convolutions = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(convolutions) == int(name.removeprefix("fc_densenet"))


def test_only_new_maps_are_brought_up():
    """What came into a block does not go on to the next size by the up-convolution."""
    tg.manual_seed(0)
    network, seen = tiny().eval(), {}
    with tg.no_grad(), nn.watch(lambda module, inputs, out: seen.update({module: (inputs, out)})):
        network(tg.randn(1, 3, 19, 22))
    (x,), y = seen[network.bottleneck]
    (new, skip), up = seen[network.grow[0]]
    assert new.shape[1] == 4 * 4 and np.array_equal(new.numpy(), y.numpy()[:, x.shape[1]:])
    assert np.array_equal(skip.numpy(), seen[network.down[1]][1].numpy())
    assert np.array_equal(up.numpy()[:, 16:], skip.numpy()) and up.shape[2:] == (9, 11)
    assert [layer.conv.in_channels for layer in network.grow] == [16, 12]


def test_an_up_convolution_is_cropped_to_the_skip():
    grow = models.TransitionUp(2)
    assert grow.conv(tg.zeros(1, 2, 5, 5)).shape == (1, 2, 11, 11)
    x, skip = tg.randn(1, 2, 5, 5), tg.randn(1, 3, 10, 11)
    with tg.no_grad():
        assert np.array_equal(grow(x, skip).numpy(), np.concatenate([grow.conv(x).numpy()[:, :, :10], skip.numpy()], 1))


@pytest.mark.parametrize("size", [(8, 8), (5, 11), (18, 31)])
def test_every_size_comes_out_as_it_went_in(size):
    network = tiny(in_channels=2)
    out = network(tg.randn(1, 2, *size))
    assert out.shape == (1, 3, *size)
    (out * out).sum().backward()
    assert all(np.isfinite(p.grad.numpy()).all() and p.grad.numpy().any() for p in network.parameters())


def test_weights_start_uniform_with_variance_2_over_fan_in():
    tg.manual_seed(0)
    network = models.fc_densenet56()
    for layer in (network.bottleneck[3].conv1, network.grow[0].conv):
        bound = sqrt(6 / np.prod(layer.weight.shape[1:]))
        weight = layer.weight.detach().numpy()
        assert 0.99 * bound < np.abs(weight).max() <= bound * (1 + 1e-6)
        assert abs(weight.std() * sqrt(3) / bound - 1) < 0.02 and not layer.bias.detach().numpy().any()


def test_dropout_follows_every_convolution_of_blocks_and_transitions_down():
    network = models.fc_densenet56()
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == [0.2] * (11 * 4 + 5)
    assert [name for name, _ in network.shrink[0].named_children()] == ["norm", "relu", "conv", "drop", "pool"]
    assert not [m for m in models.fc_densenet56(drop_rate=0.0).modules() if isinstance(m, nn.Dropout)]
