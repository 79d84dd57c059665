"""The tiled multiplication of matrices equals NumPy's, for any strides; it reads and writes nothing outside."""

import numpy as np
import pytest

from tinygrad_cnn.cpu import launch, matmul

from ..kernels.twins import guarded

SIZES = [(1, 9, 17, 33), (2, 8, 40, 32), (3, 1, 300, 5), (1, 20, 1, 40), (1, 33, 8, 1), (1, 128, 4608, 10),
         (1, 70, 1030, 65)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matmul(size, turned, dtype, rng):
    batch, M, K, N = size
    a, b = rng.standard_normal((batch, M, K)).astype(dtype), rng.standard_normal((batch, K, N)).astype(dtype)
    bias = rng.standard_normal(N).astype(dtype) if turned else None
    exact = a.astype(np.float64) @ b + (0 if bias is None else bias)
    a, b = (guarded(np.swapaxes(x, 1, 2))[0].swapaxes(1, 2) if name in turned else guarded(x)[0]
            for name, x in (("a", a), ("b", b)))
    relu = turned == "b"
    out, zone = guarded(np.full((batch, M, N), np.nan, dtype))
    matmul.matmul(out, a, b, bias, relu)
    epsilon = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(out, np.maximum(exact, 0) if relu else exact, rtol=0, atol=epsilon * np.sqrt(K) * 9)
    assert np.isnan(zone).sum() == zone.size - out.size

    count, again = launch.threads(), np.empty_like(out)
    try:
        launch.set_num_threads(1)
        matmul.matmul(again, a, b, bias, relu)
    finally:
        launch.set_num_threads(count)
    np.testing.assert_array_equal(out, again, "one thread and several differ")


def test_strides_of_slices_and_of_expanded_axes(rng):
    a = rng.standard_normal((4, 6, 20), dtype=np.float32)[::2, ::-1, 1::3]
    b = np.broadcast_to(rng.standard_normal((14, 30), dtype=np.float32)[::2, ::3], (2, 7, 10))
    out = np.empty((2, 6, 10), np.float32)
    matmul.matmul(out, a, b, None, False)
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_empty_sums_are_zero(dtype):
    out = np.full((1, 2, 3), np.nan, dtype)
    matmul.matmul(out, np.ones((1, 2, 0), dtype), np.ones((1, 0, 3), dtype), None, False)
    assert not out.any()
