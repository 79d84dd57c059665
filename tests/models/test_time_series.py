"""The network for time series: its even window, series of any length, learning."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, optim
from tinygrad_cnn.nn import functional as F


def test_an_even_window_sees_three_moments_before_and_four_behind():
    block = models.ConvBlock1d(1, 1, 8).eval()
    with tg.no_grad():
        block[0].weight.copy_(np.arange(1.0, 9).reshape(1, 1, 8))
        block[0].bias.zero_()
        pulse = np.zeros((1, 1, 16), np.float32)
        pulse[0, 0, 8] = 1
        answer = block[0](tg.tensor(pulse)).numpy()[0, 0]
    # out[t] = sum over k of w[k] x[t - 3 + k]: the pulse at 8 is seen from 4 (by w[7], 4 behind) to 11 (by w[0], 3 before)
    assert answer.tolist() == [0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("length", [1, 2, 7, 128, 301])
def test_length_is_kept_to_the_mean(length):
    network = models.time_series_fcn(num_classes=3, in_channels=2).eval()
    x = tg.randn(2, 2, length)
    with tg.no_grad():
        maps = network.b3(network.b2(network.b1(x)))
        assert maps.shape == (2, 128, length)
        assert np.allclose(network(x).numpy(), network.fc(tg.tensor(maps.numpy().mean(2))).numpy(), atol=1e-5)


def test_it_tells_a_rising_from_a_falling_tone():
    """Sweeps of the same frequencies in opposite order: the mean spectrum is the same, the convolutions see the order."""
    tg.manual_seed(0)
    random = np.random.RandomState(0)
    time = np.linspace(0, 1, 64)

    def sweeps(count):
        up = random.randint(0, 2, count)
        tones = np.sin(2 * np.pi * (random.rand(count, 1) + (2 + 6 * time) * time))
        tones = np.where(up[:, None] == 1, tones, tones[:, ::-1] * (time > -1)) * np.exp(-2 * time)
        return tg.tensor((tones + 0.05 * random.randn(count, 64))[:, None].astype(np.float32)), up.astype(np.int64)

    network = models.time_series_fcn()
    optimizer = optim.Adam(network.parameters(), lr=1e-3)  # the paper's optimizer and rate
    for _ in range(25):
        x, y = sweeps(16)
        loss = F.cross_entropy(network(x), tg.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, y = sweeps(64)
    with tg.no_grad():
        assert (network(x).numpy().argmax(1) == y).mean() > 0.95
