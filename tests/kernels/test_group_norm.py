"""Group norm kernels: against float64, twins, more rows and images than are added at a time."""

import numpy as np
import pytest

from .twins import both, close

CASES = [((2, 3, 8), 2), ((3, 600, 4), 2), ((70, 2, 6), 6), ((150, 1, 33), 1), ((2, 1, 300), 1), ((2, 5, 6), 1)]

# Few elements are tried in every way, many in one of each dtype.
COMBINATIONS = [(*c, affine, dtype) for c in CASES for affine in ("both", "gamma", "none") for dtype in ("float32", "float64")
                if np.prod(c[0]) < 100 or (affine, dtype) in (("both", "float32"), ("none", "float64"))]


def standard(x, groups):
    """(mean, 1 / sqrt(variance + 0.1), (x - mean) / sqrt(variance + 0.1)) of the groups, in float64."""
    parts = x.astype(np.float64).reshape(*x.shape[:2], groups, -1)
    mean, rstd = parts.mean((1, 3)), 1 / np.sqrt(parts.var((1, 3)) + 0.1)
    return mean, rstd, ((parts - mean[:, None, :, None]) * rstd[:, None, :, None]).reshape(x.shape)


@pytest.mark.parametrize("shape, groups, affine, dtype", COMBINATIONS)
def test_group_norm(shape, groups, affine, dtype, rng):
    x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    gamma, beta = (rng.standard_normal(shape[2]).astype(dtype) if kind in ("both", affine) and affine != "none" else None
                   for kind in ("gamma", "both" if affine == "both" else ""))
    few = (shape[0], groups)
    outs = [(shape, dtype), (few, dtype), (few, dtype)]
    out, mean, rstd = both("group_norm", "forward", outs, x, gamma, beta, 0.1, length=shape[1] * shape[2])
    wanted_mean, wanted_rstd, xhat = standard(x, groups)
    close(mean, wanted_mean, x[0].size)
    close(rstd, wanted_rstd, x[0].size)
    scale = 1 if gamma is None else gamma
    close(out, xhat * scale + (0 if beta is None else beta), x[0].size)
    outs = [(shape, dtype), ((shape[2],), dtype), ((shape[2],), dtype)]
    dx, dgamma, dbeta = both("group_norm", "backward", outs, g, x, mean, rstd, gamma, length=x.size)
    close(dbeta, g.sum((0, 1), dtype=np.float64), x.size)
    close(dgamma, (g * xhat).sum((0, 1)), x.size)
    h, parts = g * scale, (*shape[:2], groups, -1)
    means = [v.reshape(parts).mean((1, 3))[:, None, :, None] for v in (h, h * xhat)]
    inner = h.reshape(parts) - means[0] - xhat.reshape(parts) * means[1]
    close(dx, (inner * wanted_rstd[:, None, :, None]).reshape(shape), x[0].size)


def test_no_images():
    x, c, few = np.zeros((0, 2, 4), np.float32), np.ones(4, np.float32), np.zeros((0, 2), np.float32)
    both("group_norm", "forward", [(x.shape, "float32"), (few.shape, "float32"), (few.shape, "float32")], x, c, c, 0.1)
    outs = [(x.shape, "float32"), (c.shape, "float32"), (c.shape, "float32")]
    _, dgamma, dbeta = both("group_norm", "backward", outs, x, x, few, few, c)
    assert not dgamma.any() and not dbeta.any()
