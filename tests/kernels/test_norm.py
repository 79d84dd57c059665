"""Batch norm kernels: against float64, twins, few and many channels, with and without gamma, beta and the ReLU."""

import numpy as np
import pytest

from .twins import both, close, on_cpu

SHAPES = [(2, 1), (37, 1), (700, 2), (531, 3), (40, 16), (9, 33), (5, 600)]


def reference(x):
    x = x.astype(np.float64)
    return x.mean(0), x.var(0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_statistics(shape, dtype, rng):
    x = (rng.standard_normal(shape) * rng.random(shape[1]) + 3).astype(dtype)
    found = both("norm", "statistics", [((shape[1],), dtype)] * 2, x)
    for a, b in zip(found, reference(x)):
        close(a, b)


@pytest.mark.parametrize("shape", [(1_000_003, 1), (70_001, 3), (20_000, 16), (3000, 130)])
def test_statistics_of_many_rows_far_from_zero(shape, rng):
    x = (rng.standard_normal(shape) + 1000).astype(np.float32)  # the mean of squares would lose the variance
    for found, wanted in zip(on_cpu("norm", "statistics", [((shape[1],), "float32")] * 2, x), reference(x)):
        np.testing.assert_allclose(found, wanted, rtol=2e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("affine", ["both", "gamma", "beta", "none"])
@pytest.mark.parametrize("relu", [False, True])
def test_normalize(affine, relu, dtype, rng):
    for shape in ((37, 3), (5, 40)):
        x, mean, rstd, gamma, beta = (rng.standard_normal(s).astype(dtype) for s in (shape, *shape[1:] * 4))
        given = gamma if affine in ("both", "gamma") else None, beta if affine in ("both", "beta") else None
        out, = both("norm", "normalize", [(shape, dtype)], x, mean, rstd, *given, relu)
        wanted = (x - mean) * rstd * (1 if given[0] is None else gamma) + (0 if given[1] is None else beta)
        close(out, np.maximum(wanted, 0) if relu else wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward(shape, fixed, relu, affine, dtype, rng):
    x, g, out = (rng.standard_normal(shape).astype(dtype) for _ in range(3))
    mean, rstd, gamma = (rng.standard_normal(shape[1]).astype(dtype) for _ in range(3))
    outs = [(shape, dtype), ((shape[1],), dtype), ((shape[1],), dtype)]
    dx, dgamma, dbeta = both("norm", "backward", outs, g, out if relu else None, x, mean, rstd,
                             gamma if affine else None, fixed, length=shape[0])
    passed, xhat = g * (out > 0) if relu else g, (x.astype(np.float64) - mean) * rstd
    close(dbeta, passed.sum(0, dtype=np.float64), shape[0])
    close(dgamma, (passed * xhat).sum(0), shape[0])
    moving = 0 if fixed else passed.mean(0) + xhat * (passed * xhat).mean(0)
    wanted = (gamma if affine else 1) * rstd * (passed - moving)
    close(dx, wanted, shape[0])


def test_nan_and_infinity_stay(rng):
    x = rng.standard_normal((20, 3)).astype(np.float32)
    x[3, 0], x[4, 1] = np.nan, np.inf
    mean, var = both("norm", "statistics", [((3,), "float32")] * 2, x)
    assert np.isnan(mean[0]) and np.isinf(mean[1]) and np.isnan(var[:2]).all() and np.isfinite([mean[2], var[2]]).all()
    one = np.ones(3, np.float32)
    out, = both("norm", "normalize", [((20, 3), "float32")], x, one, one, None, None, True)
    assert np.isnan(out[3, 0]) and np.isinf(out[4, 1])


@pytest.mark.parametrize("shape", [(0, 3), (4, 0)])
def test_nothing(shape):
    x, c = np.zeros(shape, np.float32), np.zeros(shape[1], np.float32)
    both("norm", "statistics", [(c.shape, "float32")] * 2, x)
    both("norm", "normalize", [(shape, "float32")], x, c, c, c, c, True)
    both("norm", "backward", [(shape, "float32"), (c.shape, "float32"), (c.shape, "float32")], x, x, x, c, c, c, False)
