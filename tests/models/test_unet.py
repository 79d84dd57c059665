"""U-Net: valid convolutions, crop and concatenation, initialization, dropout at the bottom, the weighted loss."""

from math import exp, log, sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn, optim
from tinygrad_cnn.devices import shapes_only
from tinygrad_cnn.models.unet import distance_to


def test_the_figure():
    """572 pixels come in, 28 reach the bottom, 388 come out; a skip is cropped from 64 to 56, 136 to 104, ..."""
    with shapes_only():
        network = models.unet().eval()
        sizes = []
        with nn.watch(lambda module, _, out: isinstance(module, models.DoubleConv) and sizes.append(out.shape[1:])):
            assert network(tg.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)
    assert sizes == [(64, 568, 568), (128, 280, 280), (256, 136, 136), (512, 64, 64), (1024, 28, 28),
                     (512, 52, 52), (256, 100, 100), (128, 196, 196), (64, 388, 388)]
    convolutions = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(convolutions) == 23


def test_the_middle_is_cropped_and_the_skip_comes_first():
    x = tg.tensor(np.arange(49.0).reshape(1, 1, 7, 7))
    assert models.center_crop(x, 3, 3).numpy()[0, 0].tolist() == [[16, 17, 18], [23, 24, 25], [30, 31, 32]]
    assert models.center_crop(x, 4, 7).numpy()[0, 0, :, 0].tolist() == [7, 14, 21, 28]
    network, seen = models.unet(width=2, depth=1).eval(), {}
    with tg.no_grad(), nn.watch(lambda module, inputs, out: seen.update({module: (inputs[0], out)})):
        network(tg.randn(1, 1, 20, 20))
    skip, up, merged = seen[network.down[0]][1].numpy(), seen[network.up[0]][1].numpy(), seen[network.merge[0]][0].numpy()
    assert np.array_equal(merged, np.concatenate([skip[:, :, 4:12, 4:12], up], 1))


def test_only_pixels_with_full_context_are_answered_for():
    """A change at the border of the image reaches the outermost pixel of the result, one further out does not exist."""
    tg.manual_seed(0)
    network = models.unet(width=4, depth=2).eval()
    x = np.random.RandomState(0).randn(1, 1, 60, 60).astype(np.float32)
    with tg.no_grad():
        before = network(tg.tensor(x)).numpy()
        x[0, 0, 0, :] += 1
        changed = np.abs(network(tg.tensor(x)).numpy() - before).max((0, 1, 3)) > 0
    assert before.shape == (1, 2, 20, 20) and changed[0] and not changed[-1]


def test_sizes_that_stay_even():
    network = models.unet(width=2, depth=2)
    assert [n for n in range(1, 60) if network.output_size(n)] == [44, 48, 52, 56]
    assert network(tg.zeros(1, 1, 44, 48)).shape[2:] == (4, 8) == (network.output_size(44), network.output_size(48))
    with pytest.raises(ValueError, match="unet: the image is 43x50 but every pooling needs .* beyond its border to 44x52"):
        network(tg.zeros(1, 1, 43, 50))
    assert models.UNet(2, 1, 2, 4, 0, 0.0).output_size(572) == 388
    assert models.unet(width=2, padding=1)(tg.zeros(1, 1, 16, 48)).shape == (1, 2, 16, 48)


def test_weights_start_with_variance_2_over_fan_in():
    tg.manual_seed(0)
    network = models.unet(width=16)
    block = network.down[2]
    weight = block[2].weight.detach().numpy()
    assert weight.shape == (64, 64, 3, 3)
    assert abs(weight.std() / sqrt(2 / (9 * 64)) - 1) < 0.02 and abs(weight.mean()) < 0.001
    assert not any(np.any(p.detach().numpy()) for name, p in network.named_parameters() if name.endswith("bias"))


def test_dropout_is_at_the_bottom():
    tg.manual_seed(0)
    network, seen = models.unet(width=2, depth=2, padding=1, dropout=0.75), []
    with tg.no_grad(), nn.watch(lambda module, inputs, out: isinstance(module, nn.Dropout) and seen.append((inputs[0], out))):
        network(tg.randn(2, 1, 64, 64))
        network.eval()(tg.randn(2, 1, 64, 64))
    (before, after), (same, still) = [(x.numpy(), out.numpy()) for x, out in seen]
    assert before.shape == (2, 8, 16, 16) and np.array_equal(same, still)
    assert abs((after[before > 0] > 0).mean() - 0.25) < 0.05


def test_distances_are_exact():
    random = np.random.RandomState(0)
    for density in (0.002, 0.05, 0.6):
        mask = random.rand(23, 31) < density
        y, x = np.nonzero(mask)
        rows, columns = np.mgrid[:23, :31][..., None]
        wanted = np.sqrt((rows - y) ** 2 + (columns - x) ** 2).min(2, initial=np.inf)
        assert np.array_equal(distance_to(mask), wanted)
    assert np.isinf(distance_to(np.zeros((3, 4), bool))).all()


def test_weight_map():
    """w_c + 10 exp(-(d1 + d2)^2 / (2 * 5^2)) between two cells, three pixels apart."""
    cells = np.zeros((9, 20), np.int64)
    cells[2:7, 3:8], cells[2:7, 11:15] = 1, 2
    weights = models.weight_map(cells, class_weights=(1.0, 3.0))
    assert weights.dtype == np.float32 and weights.shape == cells.shape
    for x, d1, d2 in ((8, 1, 3), (9, 2, 2), (10, 1, 3), (0, 3, 11), (17, 3, 10)):
        assert weights[4, x] == pytest.approx(1 + 10 * exp(-((d1 + d2) ** 2) / 50))
    assert weights[0, 9] == pytest.approx(1 + 10 * exp(-((2 * sqrt(8)) ** 2) / 50))
    assert (weights[cells > 0] == 3).all()
    balanced = models.weight_map(cells, w0=0.0)
    assert balanced[cells > 0].sum() == pytest.approx(balanced[cells == 0].sum()) == pytest.approx(90)
    assert (models.weight_map((cells == 1).astype(int), (1.0, 3.0)) == np.where(cells == 1, 3, 1)).all()


def test_weighted_cross_entropy():
    logits = tg.tensor([[[[2.0, 0.0]], [[0.0, 0.0]]]], requires_grad=True)
    target, weight = tg.tensor([[[0, 1]]]), tg.tensor([[[3.0, 0.5]]])
    wanted = np.array([3 * log(1 + exp(-2)), 0.5 * log(2)])
    none = models.weighted_cross_entropy(logits, target, weight, reduction="none")
    assert none.shape == (1, 1, 2) and np.allclose(none.detach().numpy(), wanted)
    assert models.weighted_cross_entropy(logits, target, weight, "sum").item() == pytest.approx(wanted.sum())
    loss = models.weighted_cross_entropy(logits, target, weight)
    assert loss.item() == pytest.approx(wanted.mean())
    loss.backward()
    assert logits.grad.numpy()[0, 1, 0] == pytest.approx([1.5 / (1 + exp(2)), -0.125])
    with pytest.raises(ValueError, match=r"weight has shape \(1, 2, 2\) but the input \(1, 2, 1, 2\) needs \(1, 1, 2\)"):
        models.weighted_cross_entropy(logits, target, tg.ones(1, 2, 2))
    with pytest.raises(ValueError, match="weighted_cross_entropy: reduction is 'max'"):
        models.weighted_cross_entropy(logits, target, weight, "max")


def disks(count, size, random):
    """Images (count, 1, size, size) of bright disks in noise, which of their pixels are disks, and these one by one."""
    y, x = np.mgrid[:size, :size]
    cells = np.zeros((count, size, size), np.int64)
    for image in cells:
        for k in range(1, 4):
            a, b = random.uniform(6, size - 6, 2)
            image[(y - a) ** 2 + (x - b) ** 2 < random.uniform(3, 6) ** 2] = k
    images = random.normal(0.0, 0.5, cells.shape) + (cells > 0)
    return images[:, None].astype(np.float32), cells


def test_cells_are_found():
    """Its loss and its weights, on images of noisy disks it has not seen: better than any threshold."""
    tg.manual_seed(0)
    random = np.random.RandomState(0)
    images, cells = disks(24, 32, random)
    weights = np.stack([models.weight_map(c) for c in cells])
    network = models.unet(width=8, depth=2, padding=1, dropout=0.0)
    optimizer = optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    for _ in range(60):
        batch = random.choice(20, 4, replace=False)
        loss = models.weighted_cross_entropy(network(tg.tensor(images[batch])), tg.tensor((cells[batch] > 0).astype(np.int64)),
                                             tg.tensor(weights[batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with tg.no_grad():
        found = network.eval()(tg.tensor(images[20:])).numpy().argmax(1) > 0
    wanted = cells[20:] > 0

    def iou(mask):
        return (mask & wanted).sum() / (mask | wanted).sum()

    threshold = max(iou(images[20:, 0] > t) for t in np.linspace(-1, 2, 31))
    assert iou(found) > threshold + 0.1
