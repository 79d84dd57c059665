"""FCN: fixed bilinear kernels, the border of 100, crops, scores that start at zero, net surgery, the loss not divided."""

from math import log

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.devices import shapes_only
from tinygrad_cnn.models.fcn import CROPS
from tinygrad_cnn.models.vgg import WIDTHS

NETWORKS = {32: models.fcn32s, 16: models.fcn16s, 8: models.fcn8s}


def small(stride, **kwargs):
    return NETWORKS[stride](**{"num_classes": 3, "width": 4, "hidden": 8} | kwargs)


def test_bilinear_kernels():
    """A ramp stays a ramp; between channels nothing is mixed; a pixel spreads as a triangle."""
    layer = models.BilinearUpsampling(2, 4)
    assert layer.weight.shape == (2, 2, 8, 8) and not layer.weight.requires_grad
    assert np.allclose(layer.weight[0, 0, 3].numpy(), np.array([1, 3, 5, 7, 7, 5, 3, 1]) / 8 * 7 / 8)
    ramp = np.zeros((1, 2, 6, 7), np.float32)
    ramp[0, 0] = np.arange(6)[:, None] * 4 + 10 * np.arange(7) * 4
    out = layer(tg.tensor(ramp)).numpy()
    assert out.shape == (1, 2, 28, 32) and not out[0, 1].any()
    inside = out[0, 0, 4:-4, 4:-4]
    assert np.allclose(np.diff(inside, axis=0), 1, atol=1e-4) and np.allclose(np.diff(inside, axis=1), 10, atol=1e-4)


@pytest.mark.parametrize("stride,frozen", [(32, 1_806_336), (16, 458_640), (8, 127_008)])
def test_kernels_are_not_trained(stride, frozen):
    with shapes_only():
        network = NETWORKS[stride]()
    fixed = {name: p.numel() for name, p in network.named_parameters() if not p.requires_grad}
    assert sum(fixed.values()) == frozen and all(name.startswith("upscore") for name in fixed)
    assert {name.split(".")[0] for name in fixed} == {m for m, layer in network.named_children()
                                                      if isinstance(layer, models.BilinearUpsampling)}


def test_border_and_pools():
    with shapes_only():
        network = models.fcn8s()
        assert network.features[0].padding == (100, 100) and network.features[2].padding == (1, 1)
        sizes = []
        with nn.watch(lambda module, _, out: isinstance(module, nn.MaxPool2d) and sizes.append(out.shape[2])):
            network(tg.empty(1, 3, 500, 500))
    assert sizes == [349, 175, 88, 44, 22]  # 698 at first; halves are rounded up
    assert CROPS == {32: 19, 16: 27, 8: 31}


@pytest.mark.parametrize("stride", NETWORKS)
def test_every_size_comes_out_as_it_went_in(stride):
    with shapes_only():
        network = small(stride, in_channels=2).eval()
        for size in [*range(1, 66), 500]:
            assert network(tg.empty(1, 2, size, 70)).shape == (1, 3, size, 70)


@pytest.mark.parametrize("stride", NETWORKS)
def test_scores_lie_on_their_pixels(stride):
    """The crops put the middle of what a score looks at where the interpolated score lies: a bright bar in the image, and a
    network that only averages, give a map whose center of mass is the bar's."""
    network = small(stride, in_channels=1, num_classes=1, hidden=1).eval()
    with tg.no_grad():
        for name, p in network.named_parameters():
            if not name.startswith("upscore"):
                p.fill_(0.0 if name.endswith("bias") else 1 / np.prod(p.shape[1:]))
        image = np.zeros((1, 1, 128, 128), np.float32)
        image[0, 0, 60:68, 60:68] = 1
        out = network(tg.tensor(image)).numpy()[0, 0].astype(np.float64)
    middle = [(out.sum(axis) @ np.arange(128)) / out.sum() for axis in (1, 0)]
    assert np.allclose(middle, 63.5, atol=stride / 2)


def test_scores_start_at_zero_and_all_layers_learn_once_they_do_not():
    tg.manual_seed(0)
    network = small(8, dropout=0.0)
    x, target = tg.randn(1, 3, 20, 20), tg.tensor(np.arange(400).reshape(1, 20, 20) % 3)
    loss = models.pixel_loss(network(x), target)
    assert loss.item() == pytest.approx(400 * log(3), rel=1e-5)
    loss.backward()
    for name, p in network.named_parameters():
        if p.requires_grad:
            assert np.isfinite(p.grad.numpy()).all() and p.grad.numpy().any() == name.startswith("score"), name
            nn.init.normal_(p, 0.0, 0.1)
    network.zero_grad()
    models.pixel_loss(network(x), target).backward()
    assert all(p.grad.numpy().any() for p in network.parameters() if p.requires_grad)


def test_a_finer_network_starts_as_the_coarser_one():
    """16s with the weights of 32s: the scores of the fourth pool add nothing yet, only the interpolation is finer."""
    tg.manual_seed(0)
    coarse, fine = small(32).eval(), small(16).eval()
    nn.init.normal_(coarse.score_fr.weight)
    missing, unexpected = fine.load_state_dict(coarse.state_dict(), strict=False)
    assert missing == ["upscore2.weight", "score_pool4.weight", "score_pool4.bias", "upscore16.weight"]
    assert unexpected == ["upscore32.weight"]
    x = tg.randn(1, 3, 64, 64)
    with tg.no_grad():
        a, b = coarse(x).numpy(), fine(x).numpy()
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98


def test_net_surgery():
    """The dense layers of a VGG-16 and fc6, fc7 are the same function of a 7x7 map."""
    tg.manual_seed(0)
    network = small(32, num_classes=5).eval()
    widths = [w // 16 for w in WIDTHS]
    features = models.vgg_features((1, 1, 1, 1, 1))  # too wide and too few: refused below
    dense = nn.Sequential(nn.Linear(widths[4] * 49, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 8), nn.ReLU(), nn.Dropout())
    state = {f"features.{k}": v for k, v in models.vgg_features((2, 2, 3, 3, 3), widths=widths).state_dict().items()}
    state |= {f"classifier.{key}": value for key, value in dense.state_dict().items()}
    network.load_vgg16(state)
    x = tg.randn(1, widths[4], 7, 7)
    with tg.no_grad():
        ours = network.fc7(network.fc6(x).relu()).relu().flatten(1).numpy()
        assert np.allclose(ours, dense.eval()(x.flatten(1)).numpy(), atol=1e-5) and ours.any()
    assert np.array_equal(network.features[28].weight.detach().numpy(), state["features.28.weight"].numpy())
    with pytest.raises(ValueError, match=r"load_vgg16: features.0.weight is \(64, 3, 3, 3\) but features.0.weight has"):
        network.load_vgg16(state | {f"features.{k}": v for k, v in features.state_dict().items()})
    with pytest.raises(ValueError, match="load_vgg16: classifier.3.bias is missing but fc7.bias has shape .* give the"):
        network.load_vgg16({key: value for key, value in state.items() if key != "classifier.3.bias"})


def test_pixel_loss_adds_up_and_leaves_out_255():
    logits, target = tg.zeros(2, 4, 2, 3), np.zeros((2, 2, 3), np.int64)
    assert models.pixel_loss(logits, tg.tensor(target)).item() == pytest.approx(12 * log(4))
    target[0] = 255
    assert models.pixel_loss(logits, tg.tensor(target)).item() == pytest.approx(6 * log(4))
