"""Modules that move elements between channels and places, and the table of vectors."""

import math

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F


def test_pixels_and_back():
    x = tg.randn(2, 8, 3, 3)
    y = nn.PixelShuffle(2)(x)
    assert y.shape == (2, 2, 6, 6) and nn.PixelUnshuffle(2)(y).tolist() == x.tolist()
    assert y[0, 0, 0].tolist()[:4] == [x[0, 0, 0, 0].item(), x[0, 1, 0, 0].item(), x[0, 0, 0, 1].item(), x[0, 1, 0, 1].item()]


def test_channels_in_turns():
    x = tg.arange(6).reshape(1, 6, 1, 1)
    assert nn.ChannelShuffle(2)(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    with pytest.raises(ValueError, match="channel_shuffle: groups 4 for 6 channels"):
        nn.ChannelShuffle(4)(x)


def test_table():
    table = nn.Embedding(5, 3, padding_idx=-1)
    assert [*table.state_dict()] == ["weight"] and table.padding_idx == 4 and table.weight[4].tolist() == [0, 0, 0]
    optimizer = tg.optim.SGD(table.parameters(), lr=1.0)
    before = table.weight.detach().clone()
    table(tg.tensor([[0, 4], [0, 2]])).sum().backward()
    optimizer.step()
    assert (before - table.weight.detach()).tolist() == [pytest.approx([n] * 3, abs=1e-6) for n in (2, 0, 1, 0, 0)]
    with pytest.raises(AssertionError, match="padding_idx is 7 but there are 5 vectors"):
        nn.Embedding(5, 3, 7)
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        table(tg.tensor([5]))


def test_what_they_say():
    assert str(nn.PixelShuffle(2)) == "PixelShuffle(upscale_factor=2)"
    assert str(nn.PixelUnshuffle(3)) == "PixelUnshuffle(downscale_factor=3)"
    assert str(nn.ChannelShuffle(2)) == "ChannelShuffle(groups=2)" and str(nn.Embedding(4, 2)) == "Embedding(4, 2)"


@pytest.mark.parametrize("mode, padding, wanted", [
    ("bilinear", "zeros", [math.nan] * 3), ("bilinear", "border", [1, 4, 1]), ("bilinear", "reflection", [1, 1, 1]),
    ("nearest", "zeros", [0, 0, 0]), ("nearest", "border", [1, 4, 1]), ("bicubic", "border", [math.nan] * 3)])
def test_places_that_are_not_finite(mode, padding, wanted):
    x, row = tg.arange(1.0, 5.0).reshape(1, 1, 1, 4), [[[math.nan, 0.0]], [[math.inf, 0.0]], [[-math.inf, 0.0]]]
    found = F.grid_sample(x, tg.tensor([row]), mode, padding, align_corners=True)
    np.testing.assert_array_equal(found.flatten().numpy(), wanted)


def test_the_nearest_element_does_not_depend_on_the_place():
    grid = tg.zeros(1, 2, 2, 2, requires_grad=True)
    F.grid_sample(tg.ones(1, 1, 3, 3), grid, "nearest", align_corners=False).sum().backward()
    assert grid.grad.tolist() == tg.zeros(1, 2, 2, 2).tolist()
