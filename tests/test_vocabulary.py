"""What programs written for PyTorch say around the network: places of names, `.data`, views, devices and switches."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.backends import cudnn


def test_view_of_what_a_convolution_made():
    """Channels-last order is the library's own affair: the lines around it see row-major order."""
    x = tg.from_numpy(np.arange(2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)).requires_grad_()
    y = nn.MaxPool2d(2)(x)
    assert not y.is_contiguous()
    flat = y.view(y.size(0), -1)
    np.testing.assert_array_equal(flat.detach().numpy(), y.detach().numpy().reshape(2, -1))
    (flat * tg.arange(24).view(2, 12)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[:, :, 1::2, 1::2].reshape(-1), np.arange(24))
    with pytest.raises(RuntimeError, match="view: shape .* cannot be seen as .* without a copy; use reshape"):
        tg.ones(3, 4).t().view(12)


def test_data_is_the_tensor_outside_the_graph():
    p = nn.Parameter(tg.ones(2, 3))
    p.data.mul_(3).add_(1)
    assert p.tolist() == [[4.0] * 3] * 2 and not p.data.requires_grad and p.requires_grad
    before = p.version.count
    p.data = tg.zeros(3, 2)
    assert p.shape == (3, 2) and p.requires_grad and p.version.count > before
    with pytest.raises(TypeError, match="data: dtype int64 is assigned to a tensor of dtype float32"):
        p.data = tg.zeros(3, 2).long()
    with pytest.raises(TypeError, match="data: a list is assigned"):
        p.data = [1.0]
    _, best = tg.max(nn.Linear(2, 4)(p).data, 1)
    assert best.shape == (3,)


def test_weights_written_through_data_are_used():
    """Packed weights are made anew after a write through `data`."""
    conv = nn.Conv2d(1, 1, 3, bias=False)
    x = tg.ones(1, 1, 4, 4)
    conv(x)
    conv.weight.data.fill_(1.0)
    assert conv(x).tolist() == [[[[9.0, 9.0], [9.0, 9.0]]]]


def test_moving():
    x = tg.ones(2)
    assert x.to("cpu", non_blocking=True) is x and x.to(tg.float32, copy=True) is not x
    assert nn.Linear(2, 2).to("cpu", non_blocking=True).weight.dtype == tg.float32
    assert x.cuda(non_blocking=True).device == "cuda"
    assert x.requires_grad_(requires_grad=True).requires_grad


def test_switches_and_places():
    device = tg.device("cuda" if tg.cuda.is_available() else "cpu")
    assert device == "cuda" and tg.cuda.device_count() == 1
    tg.cuda.synchronize()
    tg.cuda.manual_seed_all(3)
    first = tg.rand(2)
    tg.manual_seed(3)
    assert first.tolist() == tg.rand(2).tolist()
    assert tg.backends.cudnn is cudnn and cudnn.deterministic
    assert tg.autograd.grad is tg.grad and tg.autograd.gradcheck is tg.gradcheck
    assert isinstance(first.shape, tg.Size) and tg.Size([2]) == first.shape
    assert tg.utils.checkpoint.checkpoint is tg.checkpoint


def test_no_gpu(monkeypatch):
    from tinygrad_cnn.cuda import driver

    monkeypatch.setattr(driver, "available", lambda: (False, "no GPU"))
    assert not tg.cuda.is_available() and tg.cuda.device_count() == 0
    tg.cuda.synchronize()


def test_keywords_of_functions():
    x = tg.arange(6).view(2, 3)
    assert tg.flip(x, dims=(0, 1)).tolist() == x.flip(0, 1).tolist() == [[5, 4, 3], [2, 1, 0]]
    for make in (tg.linspace, tg.logspace):
        with pytest.raises(TypeError, match="space: steps is 1.0 but a whole number is needed"):
            make(0, 3, 1.0)
    with pytest.raises(TypeError, match="cat: tensor 1 is NoneType but a tensor is needed"):
        tg.cat((tg.ones(2), None))
    with pytest.raises(RuntimeError, match="arange: step is 2 from 0 to inf; use finite ends"):
        tg.arange(0, float("inf"), 2)
