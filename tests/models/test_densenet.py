"""DenseNet: growth by concatenation, the 16-channel stem, transitions, dropout."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn

from .test_resnet import images, parameters


def test_the_layers_of_a_block_see_all_before_them():
    block, x = models.DenseBlock(3, 5, 4), images(2, 5, 6, 7)
    assert [layer.norm1.num_features for layer in block] == [5, 9, 13] and block.outputs == 17
    maps = [x]
    for layer in block:
        maps.append(layer(tg.cat(maps, 1)))
        assert maps[-1].shape == (2, 4, 6, 7)
    out = block(x)
    np.testing.assert_allclose(out.detach().numpy(), tg.cat(maps, 1).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert (out[:, :5].detach().numpy() == x.detach().numpy()).all()


def test_layers_with_and_without_a_bottleneck():
    assert [(name, type(m)) for name, m in models.DenseLayer(6, 4).named_children()] == [
        ("norm1", nn.BatchNorm2d), ("relu1", nn.ReLU), ("conv1", nn.Conv2d),
        ("norm2", nn.BatchNorm2d), ("relu2", nn.ReLU), ("conv2", nn.Conv2d)]
    assert models.DenseLayer(6, 4).conv1.out_channels == 16 and models.DenseLayer(6, 4, bn_size=2).conv1.out_channels == 8
    plain = models.DenseLayer(6, 4, bn_size=None)
    assert [name for name, _ in plain.named_children()] == ["norm1", "relu1", "conv1"]
    x = images(3, 6, 5, 5)
    np.testing.assert_allclose(plain(x).detach().numpy(), plain.conv1(plain.norm1(x).relu()).detach().numpy(), rtol=1e-5,
                               atol=1e-6)


def test_stems():
    """16 maps; 2k with BC. 27.2M parameters for L = 100, k = 24 come of nothing else."""
    stems = {name: models.create(name).features.conv0 for name in ("cifar_densenet40_k12", "cifar_densenet_bc40_k12")}
    assert [conv.out_channels for conv in stems.values()] == [16, 24]
    assert all(conv.kernel_size == (3, 3) and conv.stride == (1, 1) for conv in stems.values())
    lua = models.cifar_densenet40_k12(num_init_features=24)
    assert parameters(lua) - parameters(models.cifar_densenet40_k12()) > 27_000
    assert models.DenseNet(4, (1, 1)).features.conv0.kernel_size == (7, 7)


@pytest.mark.parametrize("name, wanted", [("cifar_densenet40_k12", [(160, 160), (304, 304)]),
                                          ("cifar_densenet_bc40_k12", [(96, 48), (120, 60)])])
def test_only_bc_halves_the_maps(name, wanted):
    found = [m for m in models.create(name).modules() if isinstance(m, models.Transition)]
    assert [(m.conv.in_channels, m.conv.out_channels) for m in found] == wanted


def test_a_transition():
    layer, x = models.Transition(6, 3), images(2, 6, 7, 4)
    wanted = nn.functional.avg_pool2d(layer.conv(layer.norm(x).relu()), 2)
    assert layer(x).shape == (2, 3, 3, 2)
    np.testing.assert_allclose(layer(x).detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("build", [models.cifar_densenet40_k12, models.cifar_densenet_bc40_k12])
def test_dropout_follows_each_convolution_but_the_first(build):
    network = build(drop_rate=0.2)
    kinds = [type(m) for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Dropout))]
    convs = kinds.count(nn.Conv2d)
    assert kinds == [nn.Conv2d] + [nn.Conv2d, nn.Dropout] * (convs - 1)
    assert list(network.state_dict()) == list(build().state_dict())


def test_dropout_drops_while_training_only():
    tg.manual_seed(0)
    layer, x = models.DenseLayer(6, 40, drop_rate=0.25), images(4, 6, 8, 8)
    dropped = (layer(x).detach().numpy() == 0).mean()
    assert 0.2 < dropped < 0.3 and (layer.eval()(x).detach().numpy() != 0).all()


def test_less_memory_and_the_same_results():
    results = []
    for sparing in (False, True):
        tg.manual_seed(0)
        block, x = models.DenseBlock(3, 5, 4, drop_rate=0.2, memory_efficient=sparing), images(2, 5, 6, 7)
        out = block(x)
        (out * out).sum().backward()
        results.append([out, x.grad, *(p.grad for p in block.parameters()), *block.buffers()])
    for ours, wanted in zip(*results):
        np.testing.assert_allclose(ours.detach().numpy(), wanted.detach().numpy(), rtol=1e-4, atol=1e-5)
    assert models.DenseNet(4, (1, 1), memory_efficient=True).features.denseblock2.memory_efficient


def test_weights_start_with_variance_two_over_fan_out():
    tg.manual_seed(0)
    network = models.cifar_densenet_bc40_k12()
    assert np.std(network.features.conv0.weight.detach().numpy()) == pytest.approx((2 / (9 * 24)) ** 0.5, rel=0.1)
    assert not network.classifier.bias.detach().numpy().any()


def test_arguments_reach_the_network():
    network = models.DenseNet(4, (2, 1), 5, None, compression=1.0, num_classes=3, in_channels=2, small_images=True)
    assert network(images(2, 2, 9, 11)).shape == (2, 3) and network.classifier.in_features == 5 + 3 * 4
    assert models.cifar_densenet40_k12(compression=0.5, num_classes=100).classifier.out_features == 100
