"""ResNet: shortcuts, plain counterparts, where the stride is, closed forms."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.models.resnet import shortcut
from tinygrad_cnn.nn import functional as F

from .published import meta


def images(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32), requires_grad=True)


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("depth", [8, 20, 32, 44, 56, 110])
@pytest.mark.parametrize("option, more", [("A", 0), ("B", 2752)])
def test_parameters_in_closed_form(depth, option, more):
    n = (depth - 2) // 6
    for classes in (10, 100):
        network = models.CifarResNet(models.BasicBlock, depth, classes, shortcut=option)
        assert parameters(network) == 97_216 * n - 21_926 + more + 65 * (classes - 10)


def test_depth_counts_the_weighted_layers():
    for block, depth in ((models.BasicBlock, 14), (models.PlainBlock, 14), (models.Bottleneck, 20)):
        modules = list(models.CifarResNet(block, depth).modules())
        assert sum(isinstance(m, (nn.Conv2d, nn.Linear)) for m in modules) == depth
    for depth in (2, 10, 19, 21):
        with pytest.raises(ValueError, match=f"CifarResNet: depth is {depth} but 6n \\+ 2 is needed; use "):
            models.CifarResNet(models.BasicBlock, depth)


def test_option_a_takes_every_other_pixel_and_adds_zeros():
    x = images(2, 3, 5, 7)
    out = models.ZeroPadShortcut(3, 8, 2)(x)
    assert out.shape == (2, 8, 3, 4)
    assert (out[:, :3].detach().numpy() == x.detach().numpy()[:, :, ::2, ::2]).all()
    assert not out[:, 3:].detach().numpy().any()
    out.sum().backward()
    wanted = np.zeros(x.shape)
    wanted[:, :, ::2, ::2] = 1
    assert (x.grad.numpy() == wanted).all()


@pytest.mark.parametrize("option, stays, changes", [("A", None, models.ZeroPadShortcut), ("B", None, nn.Sequential),
                                                    ("C", nn.Sequential, nn.Sequential)])
def test_shortcut_options(option, stays, changes):
    for kind, way in ((stays, shortcut(option, 8, 8, 1)), (changes, shortcut(option, 8, 16, 2)),
                      (changes, shortcut(option, 8, 16, 1))):
        assert way is None if kind is None else isinstance(way, kind)
    if changes is nn.Sequential:
        assert [type(m) for m in shortcut(option, 8, 16, 2)] == [nn.Conv2d, nn.BatchNorm2d]
    blocks = models.CifarResNet(models.BasicBlock, 20, shortcut=option).layer2
    assert [b.downsample is not None for b in blocks] == [True, stays is not None, stays is not None]


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError, match="ResNet: shortcut is 'D'; use 'A' .*, 'B' .* or 'C'"):
        models.resnet18(shortcut="D")


def test_a_block_adds_its_input_and_rectifies_the_sum():
    block = models.BasicBlock(4, 4).eval()
    x = images(2, 4, 6, 6)
    y = block.bn2(block.conv2(block.bn1(block.conv1(x)).relu()))
    np.testing.assert_allclose(block(x).detach().numpy(), (y + x).relu().detach().numpy(), rtol=1e-5, atol=1e-6)
    nn.init.zeros_(block.bn2.weight)
    assert (block(x).detach().numpy() == np.maximum(x.detach().numpy(), 0)).all()


def test_a_plain_block_adds_nothing():
    block = models.PlainBlock(4, 6, 2).eval()
    x = images(2, 4, 6, 6)
    y = block.bn2(block.conv2(block.bn1(block.conv1(x)).relu())).relu()
    np.testing.assert_allclose(block(x).detach().numpy(), y.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("plain, residual", [(models.cifar_plain20, models.cifar_resnet20),
                                             (models.plain18, lambda: models.resnet18(shortcut="A"))])
def test_a_plain_network_has_the_keys_of_the_residual_one(plain, residual):
    keys = [{key: value.shape for key, value in build().state_dict().items()} for build in (plain, residual)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("kwargs, strides, macs", [({}, (1, 2, 1), 4_089_184_256),
                                                   ({"stride_in_1x1": True}, (2, 1, 1), 3_857_973_248)])
def test_where_a_bottleneck_has_its_stride(kwargs, strides, macs):
    network = meta("resnet50", **kwargs)
    block = network.layer2[0]
    assert tuple(conv.stride[0] for conv in (block.conv1, block.conv2, block.conv3)) == strides
    assert nn.summary(network, (3, 224, 224)).macs == macs


def test_groups_and_width():
    network = meta("resnet50", groups=32, width_per_group=4)
    assert parameters(network) == 25_028_904  # ResNeXt-50 32x4d
    assert parameters(meta("resnet50", width_per_group=128)) == 68_883_240  # Wide ResNet-50-2
    with pytest.raises(ValueError, match="BasicBlock: groups is 2, .* but only 1, 64, False are possible; use a Bottl"):
        models.resnet18(groups=2)


@pytest.mark.parametrize("block", [models.BasicBlock, models.Bottleneck])
def test_blocks_can_start_as_the_identity(block):
    network = models.ResNet(block, (1, 1, 1, 1), zero_init_residual=True)
    last = "bn3" if block is models.Bottleneck else "bn2"
    for name, p in network.named_parameters():
        if "bn" in name and name.endswith("weight"):
            assert (p.detach().numpy() == (0 if f"{last}.weight" in name else 1)).all(), name


def test_weights_start_with_variance_two_over_fan_out():
    tg.manual_seed(0)
    network = models.cifar_resnet20()
    for conv in (m for m in network.layer3.modules() if isinstance(m, nn.Conv2d)):
        assert np.std(conv.weight.detach().numpy()) == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.05)


def test_odd_sizes_and_several_widths():
    network = models.cifar_resnet20(widths=(4, 8, 16), in_channels=1, num_classes=3)
    out = network(images(2, 1, 13, 14))
    loss = F.cross_entropy(out, tg.tensor([0, 2]))
    loss.backward()
    assert out.shape == (2, 3) and all(np.isfinite(p.grad.numpy()).all() for p in network.parameters())
