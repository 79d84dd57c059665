"""Running sums: against NumPy and between twins, of rows shorter and longer than the pieces that CUDA cuts them into."""

import numpy as np
import pytest

from .twins import both


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", [(2, 1, 3), (1, 32, 1), (2, 33, 2), (1, 1100, 1), (3, 0, 2)])
def test_cumsum(shape, reverse, rng):
    x = rng.integers(-4, 5, shape)
    for dtype in ("float32", "float64", "int64"):
        out, = both("scan", "cumsum", [(shape, dtype)], x.astype(dtype), reverse, exact=True)
        wanted = np.cumsum(x[:, ::-1], 1)[:, ::-1] if reverse else np.cumsum(x, 1)
        np.testing.assert_array_equal(out, wanted)
