"""Softmax kernels: against float64, twins, infinities, of any length, however they lie."""

import numpy as np
import pytest

from .twins import both, close

SHAPES = [(1, 1, 1), (3, 2, 1), (300, 5, 1), (2, 33, 1), (3, 64, 1), (2, 130, 1), (2, 301, 1), (2, 3, 5), (3, 4, 40),
          (2, 5, 200), (1, 1000, 3)]


def log_softmax(x):
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        x = x - x.max(1, keepdims=True)
        return x - np.log(np.exp(x).sum(1, keepdims=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(shape, dtype, rng):
    x = (rng.standard_normal(shape) * 20).astype(dtype)
    y, = both("softmax", "softmax", [(shape, dtype)], x)
    np.testing.assert_allclose(y, np.exp(log_softmax(x)), rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-37)
    z, = both("softmax", "log_softmax", [(shape, dtype)], x)
    close(z, log_softmax(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward(shape, dtype, rng):
    g, z = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    dx, = both("softmax", "softmax_backward", [(shape, dtype)], g, z, length=shape[1])
    close(dx, z * (g - (g * z).sum(1, keepdims=True)), shape[1])
    dx, = both("softmax", "log_softmax_backward", [(shape, dtype)], g, z, length=shape[1])
    close(dx, g - np.exp(z) * g.sum(1, keepdims=True), shape[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinities(dtype):
    inf, nan = np.inf, np.nan
    x = np.array([[0, -inf, 0], [-inf] * 3, [inf, 0, 0], [0, nan, 0], [nan, 0, 0], [1000, -1000, 1000]], dtype)[..., None]
    y, = both("softmax", "softmax", [(x.shape, dtype)], x)
    np.testing.assert_array_equal(y[..., 0], [[0.5, 0, 0.5], [nan] * 3, [nan] * 3, [nan] * 3, [nan] * 3, [0.5, 0, 0.5]])
    z, = both("softmax", "log_softmax", [(x.shape, dtype)], x)
    close(z[0, :, 0], np.array([np.log(0.5), -inf, np.log(0.5)]))
    assert np.isnan(z[1:5]).all()
    close(z[5, :, 0], np.array([np.log(0.5), -2000 + np.log(0.5), np.log(0.5)]))


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 2, 0)])
def test_nothing(shape):
    x = np.zeros(shape, np.float32)
    both("softmax", "softmax", [(shape, "float32")], x)
    both("softmax", "log_softmax_backward", [(shape, "float32")], x, x)
