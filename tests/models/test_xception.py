"""Xception: separable convolutions, where the ReLUs and shortcuts are, the dropout that drops."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.nn import functional as F

from .hashed import symmetric
from .published import meta


def maps(*shape):
    return tg.tensor(symmetric("maps", shape).astype(np.float32), requires_grad=True)


def numbers(x):
    return x.detach().numpy()


def weights(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("inputs, outputs, separable, full", [(128, 128, 17_536, 147_456), (728, 728, 536_536, 4_769_856)])
def test_weights_of_a_separable_convolution(inputs, outputs, separable, full):
    assert weights(models.SeparableConv2d(inputs, outputs, 3)) == separable == 9 * inputs + inputs * outputs
    assert weights(nn.Conv2d(inputs, outputs, 3, bias=False)) == full


@pytest.mark.parametrize("stride, padding, dilation", [(1, 1, 1), (2, 0, 1), (1, 2, 2)])
def test_a_separable_convolution_is_a_convolution_of_low_rank(stride, padding, dilation):
    """The filter from channel c to o is pointwise[o, c] times the one filter of channel c: nothing stands between."""
    tg.manual_seed(0)
    module, x = models.SeparableConv2d(4, 6, 3, stride, padding, dilation), maps(2, 4, 9, 8)
    full = module.pointwise.weight * module.conv1.weight.reshape(1, 4, 3, 3)
    np.testing.assert_allclose(numbers(module(x)), numbers(F.conv2d(x, full, None, stride, padding, dilation)), atol=1e-5)


def kinds(block):
    return [type(step).__name__ for step in block.rep]


def test_blocks():
    unit, pool = ["ReLU", "SeparableConv2d", "BatchNorm2d"], ["MaxPool2d"]
    assert kinds(models.XceptionBlock(4, 8, 2, 2)) == unit * 2 + pool
    assert kinds(models.XceptionBlock(4, 8, 2, 2, start_with_relu=False)) == unit[1:] + unit + pool
    assert kinds(models.XceptionBlock(4, 4, 3)) == unit * 3
    for grow_first, between in ((True, 8), (False, 4)):
        steps = list(models.XceptionBlock(4, 8, 3, grow_first=grow_first).rep)[1::3]
        widths = [(step.conv1.in_channels, step.pointwise.out_channels) for step in steps]
        assert widths == [(4, between), (between, between), (between, 8)]


def test_a_block_adds_its_input_before_any_relu():
    tg.manual_seed(0)
    block, x = models.XceptionBlock(4, 4, 3).eval(), maps(2, 4, 6, 5)
    assert block.skip is None
    np.testing.assert_allclose(numbers(block(x)), numbers(block.rep(x)) + numbers(x), atol=1e-6)
    block = models.XceptionBlock(4, 8, 2, 2).eval()
    shortcut = block.skipbn(block.skip(x))
    assert shortcut.shape == (2, 8, 3, 3) and (block.skip.kernel_size, block.skip.stride) == ((1, 1), (2, 2))
    np.testing.assert_allclose(numbers(block(x)), numbers(block.rep(x)) + numbers(shortcut), atol=1e-6)


def test_the_flows():
    network = meta("xception")
    blocks = [getattr(network, f"block{k}") for k in range(1, 13)]
    assert [b.skip is None for b in blocks] == [False] * 3 + [True] * 8 + [False]
    assert kinds(blocks[0])[0] == "SeparableConv2d" and all(kinds(b)[0] == "ReLU" for b in blocks[1:])
    separable = [m for m in network.modules() if isinstance(m, models.SeparableConv2d)]
    assert len(separable) + 2 == 36  # the paper's 36 convolutional layers, shortcuts not counted
    assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-5}
    assert not any(isinstance(m, nn.Conv2d) and m.bias is not None for m in network.modules())


def test_dropout_drops():
    """timm calls the dropout and throws its result away."""
    tg.manual_seed(0)
    network, x = models.xception(num_classes=3, drop_rate=1.0), maps(2, 3, 33, 33)
    assert (numbers(network(x)) == numbers(network.fc.bias)).all()
    assert not (numbers(network.eval()(x)) == numbers(network.fc.bias)).any()
    assert meta("xception").head_drop.p == 0.5


def test_first_weights():
    tg.manual_seed(0)
    pointwise = numbers(models.XceptionBlock(1, 1, 1).rep[1].pointwise.weight)
    assert np.abs(pointwise).max() <= 1  # a block alone starts as its layers do
    network = models.xception(num_classes=3)
    for conv in (network.conv2, network.conv4.pointwise, network.conv4.conv1):
        fan_out = nn.init.fans(conv.weight)[1] if conv.groups == 1 else 9 * conv.out_channels
        assert numbers(conv.weight).std() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)


def test_the_smallest_images():
    network = meta("xception").eval()
    assert network(tg.empty(1, 3, 7, 9, device="meta")).shape == (1, 1000)
    with pytest.raises(ValueError, match="conv2d: the window spans 3 but the padded input only 2"):
        network(tg.empty(1, 3, 6, 9, device="meta"))
