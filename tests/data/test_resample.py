"""The compiled kernels and the same functions as plain Python against references written with whole arrays."""

import numpy as np
import pytest

from tinygrad_cnn.data import copies, resample


@pytest.fixture(params=["compiled", "python"])
def kernel(request):
    def pick(name, module=resample):
        compiled = getattr(module, name)
        return compiled if request.param == "compiled" else compiled.py_func

    return pick


def random(*shape, low=0.0, high=1.0):
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def scratch(pixels):
    return np.empty(pixels, np.uint32), np.empty((2, pixels), np.float32)


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
    kernel("warp")(out, x, grid, np.float32(fill), np.float32(0), *scratch(42))
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
    kernel("warp_nearest")(out, x, grid, np.float32(9), np.float32(0), *scratch(42))
    rows, columns = np.moveaxis(np.rint(grid).astype(int), 1, 0)
    np.testing.assert_array_equal(out, sample(x, rows, columns, 9))


def test_crop(kernel):
    x, out = random(3, 2, 5, 4), np.empty((3, 2, 4, 6), np.float32)
    top, left = np.array([0, -2, 3]), np.array([-1, 1, -7])
    kernel("crop", copies)(out, x, top, left, np.float32(9))
    rows, columns = top[:, None, None] + np.arange(4)[:, None], left[:, None, None] + np.arange(6)
    np.testing.assert_array_equal(out, sample(x, *np.broadcast_arrays(rows, columns), 9))


@pytest.mark.parametrize("name", ["warp", "warp_nearest"])
def test_an_affine_warp_is_that_of_its_grid(kernel, name):
    x, matrix, offset = random(2, 3, 5, 7), random(2, 2, 2, low=-1.5, high=1.5), random(2, 2, low=-2, high=5)
    grid, whole, rows = np.empty((2, 2, 5, 7), np.float32), np.empty_like(x), np.empty_like(x)
    resample.identity(grid)
    resample.affine(grid, matrix, offset)
    getattr(resample, name)(whole, x, grid, np.float32(9), np.float32(0), *scratch(35))
    by_rows = {"warp": "warp_affine", "warp_nearest": "warp_affine_nearest"}[name]
    kernel(by_rows)(rows, x, matrix, offset, np.empty((2, 5, 7), np.float32), np.float32(9), np.float32(0), *scratch(35))
    np.testing.assert_allclose(rows, whole, atol=1e-5)
    assert (rows == 9).any() and (rows != 9).any()


@pytest.mark.parametrize("side", [1, 2])
def test_pictures_of_a_pixel_or_two(kernel, side):
    x, places = random(1, 1, side, side), np.float32([-1.5, -0.5, 0, 0.25, 1, 1.75])
    grid, out = np.stack(np.meshgrid(places, places, indexing="ij"))[None], np.empty((1, 1, 6, 6), np.float32)
    kernel("warp")(out, x, grid, np.float32(0), np.float32(0), *scratch(36))
    triangles = np.maximum(0, 1 - abs(places[:, None] - np.arange(side)))
    np.testing.assert_allclose(out[0, 0], triangles @ x[0, 0] @ triangles.T, atol=1e-6)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e30])
def test_places_that_are_no_places(kernel, strange):
    x, grid, out = random(1, 1, 3, 3), np.full((1, 2, 2, 5), strange, np.float32), np.empty((1, 1, 2, 5), np.float32)
    for name in "warp", "warp_nearest":
        kernel(name)(out, x, grid, np.float32(7), np.float32(0), *scratch(10))
        assert (out == 7).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_copies(kernel, dtype):
    x = np.random.default_rng(0).integers(0, 256, (3, 2, 5, 16)).astype(dtype)
    out, flipped = np.empty_like(x), np.array([True, False, True])
    kernel("flip_rows", copies)(out, x, flipped)
    np.testing.assert_array_equal(out, np.where(flipped[:, None, None, None], x[:, :, ::-1], x))
    mirrored, flat = np.where(flipped[:, None, None, None], x[..., ::-1], x), (3, 10, 16)
    kernel("flip_columns", copies)(out.reshape(flat), x.reshape(flat), flipped)
    np.testing.assert_array_equal(out, mirrored)
    if dtype == np.uint8:
        out[:] = 0
        kernel("flip_words", copies)(out.reshape(flat).view(np.uint64), x.reshape(flat).view(np.uint64), flipped)
        np.testing.assert_array_equal(out, mirrored)
    views = np.empty((3, 4, 2, 3, 4), dtype)
    kernel("views", copies)(views, x, np.array([0, 2]), np.array([1, 9]))
    expected = x[:, :, :3, 1:5], x[:, :, 2:, 9:13], x[..., ::-1][:, :, :3, 1:5], x[..., ::-1][:, :, 2:, 9:13]
    np.testing.assert_array_equal(views, np.stack(expected, axis=1))
