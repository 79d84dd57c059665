"""Pre-activation ResNet: the order within a block, the shared first activation, closed forms."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn

from .test_resnet import images, parameters


def close(ours, wanted):
    np.testing.assert_allclose(ours.detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("depth", [11, 20, 164])
def test_parameters_in_closed_form(depth):
    n = (depth - 2) // 9
    for classes in (10, 100):
        network = models.CifarPreResNet(models.PreActBottleneck, depth, classes)
        assert parameters(network) == 92_736 * n + 34_010 + 257 * (classes - 10)
    assert parameters(models.CifarPreResNet(models.PreActBlock, 20)) == 269_722


def test_a_thousand_layers_without_batch_norm_are_the_papers_figure():
    network = models.cifar_preresnet1001()
    norms = sum(p.numel() for m in network.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters())
    assert (parameters(network), parameters(network) - norms) == (10_327_706, 10_178_490)


def test_normalize_activate_convolve_and_add_to_a_clean_path():
    block, x = models.PreActBlock(4, 4), images(3, 4, 6, 6)
    y = block.conv2(block.bn2(block.conv1(block.bn1(x).relu())).relu())
    close(block(x), x + y)
    assert (block(x).detach().numpy() < 0).any()  # nothing is rectified behind the sum


def test_the_original_order_differs_only_in_order():
    original, x = models.BasicBlock(4, 4), images(3, 4, 6, 6)
    ours = models.PreActBlock(4, 4)
    ours.load_state_dict(original.state_dict())
    close(original(x), (x + original.bn2(original.conv2(original.bn1(original.conv1(x)).relu()))).relu())
    assert np.abs((original(x) - ours(x)).detach().numpy()).max() > 0.1


@pytest.mark.parametrize("first", ["branch", "both", "none"])
def test_what_the_first_activation_activates(first):
    way = nn.Conv2d(4, 6, 1, 2, bias=False)
    block, x = models.PreActBlock(4, 6, 2, way, first), images(3, 4, 5, 6)
    active = x if first == "none" else block.bn1(x).relu()
    y = block.conv2(block.bn2(block.conv1(active)).relu())
    close(block(x), y + way(x if first == "branch" else active))
    assert (block.bn1 is None) == (first == "none")


def test_bottlenecks():
    block, x = models.PreActBottleneck(8, 2), images(3, 8, 6, 6)
    y = block.conv2(block.bn2(block.conv1(block.bn1(x).relu())).relu())
    close(block(x), x + block.conv3(block.bn3(y).relu()))
    with pytest.raises(ValueError, match="PreActBottleneck: first is 'all'; use 'branch', 'both' or 'none'"):
        models.PreActBottleneck(8, 2, first="all")


def test_blocks_of_a_network():
    """The first block of each stage shares its activation; CIFAR's bottlenecks have the stride in their first 1x1."""
    network = models.cifar_preresnet164()
    for layer, stride in ((network.layer1, 1), (network.layer2, 2), (network.layer3, 2)):
        assert [block.first for block in layer] == ["both"] + ["branch"] * 17
        assert layer[0].conv1.stride == layer[0].downsample.stride == (stride, stride) and layer[0].conv2.stride == (1, 1)
        assert all(block.downsample is None for block in layer[1:])
    basic = models.cifar_preresnet110()
    assert [basic.layer1[0].first, basic.layer2[0].first, basic.layer2[1].first] == ["both", "both", "branch"]
    assert [basic.layer1[0].downsample, type(basic.layer2[0].downsample)] == [None, models.ZeroPadShortcut]


def test_blocks_of_the_network_for_imagenet():
    network = models.PreResNet(models.PreActBottleneck, (2, 1, 1, 1))
    assert [block.first for block in network.layer1] == ["none", "branch"] and network.layer2[0].first == "both"
    assert network.layer2[0].conv2.stride == (2, 2) == network.layer2[0].downsample.stride
    x = images(2, 3, 41, 35)
    y = network.pool(network.bn1(network.conv1(x)).relu())
    y = network.bn(network.layer4(network.layer3(network.layer2(network.layer1(y))))).relu()
    close(network(x), network.fc(y.mean((2, 3))))


def test_the_network_ends_in_an_activation():
    network, x = models.CifarPreResNet(models.PreActBlock, 8, widths=(4, 8, 16)), images(2, 3, 11, 10)
    y = network.layer3(network.layer2(network.layer1(network.conv1(x))))
    close(network(x), network.fc(network.bn(y).relu().mean((2, 3))))


def test_the_signal_passes_a_thousand_layers_as_a_sum():
    """With every branch silent the network is its stem, its projections and its end."""
    tg.manual_seed(0)
    network, x = models.cifar_preresnet1001(widths=(2, 4, 8)).eval(), images(1, 3, 8, 8)
    for block in (b for layer in (network.layer1, network.layer2, network.layer3) for b in layer):
        nn.init.zeros_(block.conv3.weight)
    y = network.conv1(x)
    for layer in (network.layer1, network.layer2, network.layer3):
        y = layer[0].downsample(layer[0].bn1(y).relu())
    close(network(x), network.fc(network.bn(y).relu().mean((2, 3))))
