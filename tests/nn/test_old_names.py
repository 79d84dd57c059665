"""Names that programs of other years use, and what is drawn at random, by hand."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F


@pytest.mark.parametrize("old, new", [
    (lambda x: F.upsample(x, scale_factor=2), lambda x: F.interpolate(x, scale_factor=2)),
    (lambda x: F.upsample(x, 5, mode="bilinear", align_corners=False), lambda x: F.interpolate(x, 5, mode="bilinear")),
    (lambda x: F.upsample_nearest(x, 5), lambda x: F.interpolate(x, 5)),
    (lambda x: F.upsample_bilinear(x, 5), lambda x: F.interpolate(x, 5, mode="bilinear", align_corners=True))])
def test_upsampling_warns(old, new):
    x = tg.rand(1, 2, 3, 3)
    with pytest.warns(UserWarning, match="is deprecated; use nn.functional.interpolate"):
        found = old(x)
    assert found.tolist() == new(x).tolist()


def test_corners_are_to_be_named():
    x = tg.rand(1, 1, 2, 3)
    with pytest.warns(UserWarning, match="affine_grid: align_corners is not given"):
        grid = F.affine_grid(tg.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), x.shape)
    with pytest.warns(UserWarning, match="grid_sample: align_corners is not given"):
        found = F.grid_sample(x, grid)
    assert tg.allclose(found, x, atol=1e-6)


def test_slopes_are_drawn_in_training():
    x = tg.tensor([-1.0] * 1000 + [2.0], requires_grad=True)
    layer = nn.RReLU(0.2, 0.4)
    y = layer(x)
    y.sum().backward()
    slopes = -y[:-1]
    assert ((slopes >= 0.2) & (slopes < 0.4)).all() and len(set(slopes.tolist())) > 900 and y[-1] == 2
    assert tg.allclose(x.grad[:-1], slopes) and x.grad[-1] == 1
    assert layer.eval()(x)[0].item() == pytest.approx(-0.3)
    assert repr(layer) == "RReLU(lower=0.2, upper=0.4)"


def test_one_process_has_the_whole_batch():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    x = tg.rand(2, 3, 6, 6)
    net(x)
    net.eval()
    wanted, before = net(x), dict(net.named_parameters())
    made = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert made is net and all(p is before[name] for name, p in net.named_parameters())
    assert isinstance(net[1], nn.SyncBatchNorm) and isinstance(net[2][0], nn.SyncBatchNorm) and not net[1].training
    assert net(x).tolist() == wanted.tolist()
    assert isinstance(nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm1d(2)), nn.SyncBatchNorm)
