"""C3D and R3D-18: windows of one frame are 2-D convolutions, sizes, motion."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn, optim
from tinygrad_cnn.devices import shapes_only
from tinygrad_cnn.nn import functional as F


@pytest.mark.parametrize("size,stride,padding", [(1, 1, 0), (3, 1, 1), (3, 2, 1), (5, 2, 0)])
def test_a_window_of_one_frame_is_a_convolution_of_each_frame(size, stride, padding):
    tg.manual_seed(0)
    x = tg.randn(2, 3, 4, 9, 10, requires_grad=True)
    weight = tg.randn(5, 3, size, size, requires_grad=True)
    volume = F.conv3d(x, weight.unsqueeze(2), stride=(1, stride, stride), padding=(0, padding, padding))
    frames = F.conv2d(x.permute(0, 2, 1, 3, 4).flatten(0, 1), weight, stride=stride, padding=padding)
    frames = frames.reshape(2, 4, *frames.shape[1:]).permute(0, 2, 1, 3, 4)
    assert np.allclose(volume.detach().numpy(), frames.detach().numpy(), rtol=1e-5, atol=1e-5)
    gradient = tg.randn(*volume.shape)
    for ours, theirs in zip(tg.grad(volume, [x, weight], gradient), tg.grad(frames, [x, weight], gradient)):
        assert np.allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-4)


def test_c3d_keeps_time_in_its_first_pool():
    with shapes_only():
        network, seen = models.c3d(), []
        with nn.watch(lambda module, _, out: isinstance(module, nn.MaxPool3d) and seen.append(out.shape[1:])):
            network(tg.empty(1, 3, 16, 112, 112))
    assert seen == [(64, 16, 56, 56), (128, 8, 28, 28), (256, 4, 14, 14), (512, 2, 7, 7), (512, 1, 4, 4)]


def test_c3d_says_which_clips_it_takes():
    with shapes_only():
        network = models.c3d(num_classes=5)
        assert network(tg.empty(2, 3, 1, 97, 112)).shape == (2, 5)
        for size in ((16, 128, 171), (17, 112, 112), (16, 96, 112), (112, 112)):
            with pytest.raises(ValueError, match=r"c3d: the input has shape .* for \(n, 3, 16, 112, 112\); "):
                network(tg.empty(1, 3, *size))


def test_r3d_takes_clips_of_any_size_and_a_block_stands_alone():
    with shapes_only():
        network = models.r3d_18(num_classes=7, in_channels=1).eval()
        assert network(tg.empty(1, 1, 1, 1, 1)).shape == network(tg.empty(1, 1, 9, 31, 50)).shape == (1, 7)
    block = models.BasicBlock3d(4, 6, stride=2)
    assert block(tg.randn(2, 4, 5, 6, 7)).shape == (2, 6, 3, 3, 4)
    assert models.BasicBlock3d(4, 4).downsample is None
    same = models.BasicBlock3d(4, 4).eval()
    nn.init.zeros_(same.conv2[1].weight)  # the residual is zero: what is left is the shortcut and the ReLU
    x = tg.randn(1, 4, 2, 5, 5)
    assert np.array_equal(same(x).detach().numpy(), x.relu().numpy())


def moving_dots(count, random):
    """Clips (count, 1, 8, 12, 12) of a dot that moves a pixel a frame, in one of four directions, and these."""
    clips, ways = np.zeros((count, 1, 8, 12, 12), np.float32), random.randint(0, 4, count)
    for clip, way in zip(clips, ways):
        y, x = random.randint(0, 12, 2)
        for t in range(8):
            dy, dx = ((0, 1), (0, -1), (1, 0), (-1, 0))[way]
            clip[0, t, (y + t * dy) % 12, (x + t * dx) % 12] = 1
    return clips, ways.astype(np.int64)


def accuracy(frames):
    """After 120 steps, of two layers of convolutions over `frames` frames."""
    tg.manual_seed(0)
    random = np.random.RandomState(0)
    network = nn.Sequential(
        nn.Conv3d(1, 8, (frames, 3, 3), padding=(frames // 2, 1, 1)), nn.ReLU(),
        nn.Conv3d(8, 16, (frames, 3, 3), padding=(frames // 2, 1, 1)), nn.ReLU(),
        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(16, 4),
    )
    optimizer = optim.Adam(network.parameters(), lr=0.01)
    for _ in range(120):
        clips, ways = moving_dots(16, random)
        loss = F.cross_entropy(network(tg.tensor(clips)), tg.tensor(ways))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    clips, ways = moving_dots(100, random)
    with tg.no_grad():
        return (network(tg.tensor(clips)).numpy().argmax(1) == ways).mean()


def test_convolution_over_time_sees_motion():
    """A dot moves up, down, left or right, from anywhere: single frames do not tell which."""
    assert accuracy(frames=3) > 0.95
    assert accuracy(frames=1) < 0.45
