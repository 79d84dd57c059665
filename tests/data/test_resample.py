"""The compiled kernels and the same functions as plain Python against references written with whole arrays."""

import numpy as np
import pytest

from tinygrad_cnn.data import resample


@pytest.fixture(params=["compiled", "python"])
def kernel(request):
    def pick(name):
        compiled = getattr(resample, name)
        return compiled if request.param == "compiled" else compiled.py_func

    return pick


def random(*shape, low=0.0, high=1.0):
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def sample(x, rows, columns, fill):
    """x[n, c, rows[n], columns[n]] for whole-numbered places, `fill` outside."""
    padded = np.pad(x, ((0, 0), (0, 0), (9, 9), (9, 9)), constant_values=fill)
    return np.stack([image[:, row + 9, column + 9] for image, row, column in zip(padded, rows, columns, strict=True)])


def test_identity_and_affine(kernel):
    grid = np.full((2, 2, 3, 4), np.nan, np.float32)
    kernel("identity")(grid)
    np.testing.assert_array_equal(grid[1], np.mgrid[:3, :4])
    matrix, offset = random(2, 2, 2), random(2, 2)
    kernel("affine")(grid, matrix, offset)
    expected = np.einsum("nab,bij->naij", matrix, np.mgrid[:3, :4]) + offset[:, :, None, None]
    np.testing.assert_allclose(grid, expected, rtol=1e-5)


@pytest.mark.parametrize("width", [1, 4, 9])
def test_smooth_convolves_along_both_axes(kernel, width):
    planes, weights = random(2, 5, width), random(7)
    expected = np.stack([np.stack([np.convolve(column, weights[::-1])[3:-3] for column in plane.T]).T
                         for plane in planes])
    expected = np.stack([np.stack([np.convolve(row, weights[::-1])[3:-3] for row in plane]) for plane in expected])
    kernel("smooth")(planes, weights, np.empty((5, width), np.float32))
    np.testing.assert_allclose(planes, expected, rtol=1e-5)


@pytest.mark.parametrize("fill", [0.0, -1.5])
def test_warp_interpolates_between_four_pixels(kernel, fill):
    x, grid, out = random(2, 3, 5, 4), random(2, 2, 6, 7, low=-3, high=7), np.empty((2, 3, 6, 7), np.float32)
    kernel("warp")(out, x, grid, np.float32(fill))
    corner = np.floor(grid).astype(int)
    down, right = np.moveaxis(grid - corner, 1, 0)[:, :, None]
    rows, columns = corner[:, 0], corner[:, 1]
    expected = ((1 - down) * (1 - right) * sample(x, rows, columns, fill)
                + (1 - down) * right * sample(x, rows, columns + 1, fill)
                + down * (1 - right) * sample(x, rows + 1, columns, fill)
                + down * right * sample(x, rows + 1, columns + 1, fill))
    np.testing.assert_allclose(out, expected, atol=1e-5)


def test_warp_nearest(kernel):
    x, grid, out = random(2, 3, 5, 4), random(2, 2, 6, 7, low=-3, high=7), np.empty((2, 3, 6, 7), np.float32)
    kernel("warp_nearest")(out, x, grid, np.float32(9))
    rows, columns = np.moveaxis(np.rint(grid).astype(int), 1, 0)
    np.testing.assert_array_equal(out, sample(x, rows, columns, 9))


def test_crop(kernel):
    x, out = random(3, 2, 5, 4), np.empty((3, 2, 4, 6), np.float32)
    top, left = np.array([0, -2, 3]), np.array([-1, 1, -7])
    kernel("crop")(out, x, top, left, np.float32(9))
    rows, columns = top[:, None, None] + np.arange(4)[:, None], left[:, None, None] + np.arange(6)
    np.testing.assert_array_equal(out, sample(x, *np.broadcast_arrays(rows, columns), 9))
