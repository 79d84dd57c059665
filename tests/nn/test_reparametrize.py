"""Weights computed of others: weight and spectral norm, parametrizations; batch norm folded into a layer."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn.utils import parametrizations, parametrize


def close(a, b, tolerance=1e-5):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), tolerance, tolerance)


@pytest.mark.parametrize("dim, shape", [(0, (3, 1, 1, 1)), (1, (1, 2, 1, 1)), (None, ())])
def test_weight_norm(dim, shape):
    conv, x = nn.Conv2d(2, 3, 2), tg.rand(1, 2, 4, 4)
    weight, before = conv.weight.detach().clone(), conv(x)
    assert nn.utils.weight_norm(conv, dim=dim) is conv
    assert list(conv.state_dict()) == ["bias", "weight_g", "weight_v"] and conv.weight_g.shape == shape
    close(conv(x), before)
    with tg.no_grad():
        conv.weight_g.mul_(2)
    close(conv(x) - conv.bias.reshape(1, -1, 1, 1), (before - conv.bias.reshape(1, -1, 1, 1)) * 2)
    conv(x).sum().backward()
    assert conv.weight_v.grad is not None and conv.weight_g.grad.shape == shape
    with pytest.raises(RuntimeError, match="weight_norm: weight of Conv2d is normalized already"):
        nn.utils.weight_norm(conv)
    nn.utils.remove_weight_norm(conv)
    assert list(conv.state_dict()) == ["bias", "weight"] and isinstance(conv.weight, nn.Parameter)
    close(conv.weight, weight * 2)
    with pytest.raises(ValueError, match="remove_weight_norm: weight of Conv2d is not normalized"):
        nn.utils.remove_weight_norm(conv)


@pytest.mark.parametrize("layer", [lambda: nn.Linear(4, 6), lambda: nn.ConvTranspose2d(2, 3, 2)])
def test_spectral_norm(layer):
    tg.manual_seed(0)
    layer = layer()
    rows = layer.weight.detach().numpy()
    rows = rows.swapaxes(0, 1).reshape(rows.shape[1], -1) if rows.ndim == 4 else rows
    nn.utils.spectral_norm(layer, n_power_iterations=60)
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    x = tg.rand(2, 4) if rows.shape == (6, 4) else tg.rand(2, 2, 3, 3)
    layer(x).sum().backward()
    assert layer.weight_orig.grad is not None
    close(layer.weight * float(np.linalg.norm(rows, 2)), layer.weight_orig, 1e-4)
    layer.eval()
    u = layer.weight_u.clone()
    layer(x)
    assert tg.equal(u, layer.weight_u)  # no step in evaluation
    nn.utils.remove_spectral_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]
    for wrong, text in ((lambda: nn.utils.remove_spectral_norm(layer), "not normalized"),
                        (lambda: nn.utils.spectral_norm(layer, n_power_iterations=0), "n_power_iterations is 0")):
        with pytest.raises(ValueError, match=text):
            wrong()


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)


class Doubled(nn.Module):
    def forward(self, x):
        return x * 2

    def right_inverse(self, x):
        return x / 2


def test_parametrizations():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert type(layer).__name__ == "ParametrizedLinear" and parametrize.is_parametrized(layer, "weight")
    assert tg.equal(layer.weight, layer.weight.t()) and not parametrize.is_parametrized(layer, "bias")
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    layer(tg.rand(2, 3)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None
    with parametrize.cached():
        assert layer.weight is layer.weight
    with pytest.raises(RuntimeError, match="right_inverse: Symmetric has none"):
        layer.weight = tg.ones(3, 3)
    now = layer.weight.detach()
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and tg.equal(layer.weight, now) and list(layer.state_dict()) == ["bias", "weight"]
    parametrize.register_parametrization(layer, "bias", Doubled())
    layer.bias = tg.full((3,), 6.0)
    assert layer.bias.tolist() == [6.0] * 3 and layer.parametrizations.bias.original.tolist() == [3.0] * 3
    parametrize.register_parametrization(layer, "bias", Doubled())
    assert layer.bias.tolist() == [12.0] * 3
    parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    assert layer.bias.tolist() == [3.0] * 3
    for wrong, text in ((lambda: parametrize.register_parametrization(layer, "weight", nn.Flatten(0)), "becomes"),
                        (lambda: parametrize.register_parametrization(layer, "wieght", Doubled()), "no parameter or buffer"),
                        (lambda: parametrize.remove_parametrizations(layer, "weight"), "is not parametrized")):
        with pytest.raises(ValueError, match=text):
            wrong()


def test_norms_as_parametrizations():
    tg.manual_seed(0)
    layer, x = nn.Linear(4, 3), tg.rand(2, 4)
    before = layer(x)
    parametrizations.weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]
    close(layer(x), before)
    with pytest.raises(ValueError, match="made of 2 tensors"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    spectral = parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=60)
    spectral(x)
    assert abs(np.linalg.norm(spectral.weight.detach().numpy(), 2) - 1) < 1e-4
    assert sorted(spectral.state_dict()) == ["bias", *(f"parametrizations.weight.{k}" for k in ("0._u", "0._v", "original"))]


@pytest.mark.parametrize("pair, shape", [
    (lambda: (nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3)), (2, 2, 4, 4)),
    (lambda: (nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3, affine=False)), (2, 2, 4, 4)),
    (lambda: (nn.ConvTranspose2d(2, 3, 2), nn.BatchNorm2d(3)), (2, 2, 4, 4)),
    (lambda: (nn.Linear(4, 3), nn.BatchNorm1d(3)), (5, 4))])
def test_batch_norm_in_the_layer_before(pair, shape):
    layer, norm = pair()
    x = tg.rand(*shape)
    fuse = nn.utils.fuse_linear_bn_eval if isinstance(layer, nn.Linear) else nn.utils.fuse_conv_bn_eval
    with pytest.raises(AssertionError, match="training mode"):
        fuse(layer, norm)
    norm(layer(x))
    norm.eval(), layer.eval()
    options = {"transpose": True} if isinstance(layer, nn.ConvTranspose2d) else {}
    close(fuse(layer, norm, **options)(x), norm(layer(x)))


def test_skip_init():
    layer = nn.utils.skip_init(nn.Linear, 3, 2)
    assert layer.weight.shape == (2, 3) and layer.weight.device == "cpu"
