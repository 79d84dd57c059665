"""The table of layers."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.models import create


def test_summary_of_the_keras_network():
    net = create("mnist_cnn")
    found = nn.summary(net, (1, 28, 28))
    assert found.parameters == found.trainable == 600_810 and found.macs == 6_094_208
    assert [row.shape for row in found.rows if row.parameters] == [(32, 26, 26), (32, 24, 24), (128,), (10,)]
    assert [row.parameters for row in found.rows if row.parameters] == [320, 9_248, 589_952, 1_290]
    text = str(found)
    assert max(map(len, text.splitlines())) == 80
    assert "2                        Conv2d          32x24x24               9,248    5.308 M" in text
    assert text.endswith("600,810 parameters; 6.094 M multiply-adds for one sample")
    assert all(p.device == "cpu" for p in net.parameters()) and net.training


def test_convolutions_of_every_kind_are_counted():
    net = nn.Sequential(nn.Conv2d(2, 6, 3, stride=2, groups=2), nn.ConvTranspose2d(6, 4, 2, stride=2),
                        nn.Flatten(2), nn.Linear(36, 5))
    assert [row.macs for row in nn.summary(net, (2, 8, 8)).rows] == [9 * 6 * 9, 9 * 6 * 4 * 4, 0, 4 * 36 * 5]


def test_shared_parameters_are_counted_once_and_calls_each_time():
    layer = nn.Linear(4, 4)
    found = nn.summary(nn.Sequential(layer, nn.ReLU(), layer).requires_grad_(False), (4,))
    assert [row.parameters for row in found.rows] == [20, 0, 0] and found.macs == 32
    assert found.trainable == 0 and "20 parameters, 0 of them trained" in str(found)


def test_long_names_keep_their_end():
    net = nn.Sequential()
    net.register_module("a_block_with_a_rather_long_name", nn.Sequential(nn.ReLU()))
    line = str(nn.summary(net, (3,))).splitlines()[4]
    assert line.startswith("~th_a_rather_long_name.0 ReLU")


def test_it_needs_no_memory_and_follows_the_dtype():
    conv = nn.Conv3d(3, 64, 3, padding=1, device="meta", dtype=tg.float64)
    net = nn.Sequential(conv, nn.BatchNorm3d(64, dtype=tg.float64))
    assert nn.summary(net, (3, 64, 512, 512)).rows[1].shape == (64, 64, 512, 512)


def test_a_wrong_input_is_refused():
    with pytest.raises(ValueError, match="input .* channels"):
        nn.summary(create("mnist_cnn"), (28, 28))
