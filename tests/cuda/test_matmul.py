"""Products of matrices on CUDA: plain and tile kernels against numpy, any transposition, and which one is picked."""

import numpy as np
import pytest

from tinygrad_cnn.arrays import strided
from tinygrad_cnn.cuda import matmul, matmul_tile, tile
from tinygrad_cnn.cuda.memory import download, empty, upload


def operands(rng, batch, m, depth, n, a_turned, b_turned, dtype="float32"):
    """Whole numbers as numpy arrays, and on the device with their last two axes perhaps turned in memory."""
    a, b, bias = (rng.integers(-4, 5, s).astype(dtype) for s in ((batch, m, depth), (batch, depth, n), (n,)))

    def place(x, turned):
        return upload(np.ascontiguousarray(x.swapaxes(1, 2))).transpose((0, 2, 1)) if turned else upload(x)
    return (a, b, bias), (place(a, a_turned), place(b, b_turned), upload(bias))


@pytest.mark.parametrize("a_turned", [False, True])
@pytest.mark.parametrize("b_turned", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_plain(rng, a_turned, b_turned, dtype):
    (a, b, bias), (x, y, z) = operands(rng, 2, 5, 7, 3, a_turned, b_turned, dtype)
    out = empty((2, 5, 3), dtype)
    matmul.matmul(out, x, y, z, True)
    np.testing.assert_array_equal(download(out), np.maximum(a @ b + bias, 0))
    matmul.matmul(out, x, y, None, False)
    np.testing.assert_array_equal(download(out), a @ b)


def test_one_matrix_for_all(rng):
    (a, b, _), (x, y, _) = operands(rng, 1, 2, 3, 4, False, False)
    x, y = strided(x, (3, 2, 3), (0, 12, 4)), strided(y, (3, 3, 4), (0, 16, 4))
    out = empty((3, 2, 4), "float32")
    matmul.matmul(out, x, y, None, False)
    np.testing.assert_array_equal(download(out), np.repeat(a @ b, 3, 0))
    matmul_tile.matmul(out, x, y, None, False)
    np.testing.assert_array_equal(download(out), np.repeat(a @ b, 3, 0))


def test_nothing_to_sum_and_nothing_to_do():
    out = empty((1, 2, 3), "float32")
    bias = np.array([-1, 2, np.nan], "float32")
    matmul.matmul(out, empty((1, 2, 0), "float32"), empty((1, 0, 3), "float32"), upload(bias), True)
    np.testing.assert_array_equal(download(out), [[[0, 2, np.nan]] * 2])
    matmul.matmul(empty((1, 0, 3), "float32"), empty((1, 0, 4), "float32"), empty((1, 4, 3), "float32"), None, True)


@pytest.mark.parametrize("a_turned", [False, True])
@pytest.mark.parametrize("b_turned", [False, True])
@pytest.mark.parametrize("sizes", [(5, 9, 6), (8, 12, 4)], ids=["odd", "fours"])
def test_tile(rng, a_turned, b_turned, sizes, monkeypatch):
    monkeypatch.setattr(matmul_tile, "width_for", lambda rows, columns: tile.WIDTHS[-1])
    m, depth, n = sizes
    (a, b, bias), (x, y, z) = operands(rng, 1, m, depth, n, a_turned, b_turned)
    out = empty((1, m, n), "float32")
    matmul_tile.matmul(out, x, y, z, True)
    np.testing.assert_array_equal(download(out), np.maximum(a @ b + bias, 0))


@pytest.mark.parametrize("width", tile.WIDTHS, ids=lambda w: str(w.columns))
def test_tile_of_every_width_on_two_tiles(rng, width, monkeypatch):
    monkeypatch.setattr(matmul_tile, "width_for", lambda rows, columns: width)
    (a, b, _), (x, y, _) = operands(rng, 1, 3, 4, width.columns + 1, False, False)
    out = empty((1, 3, width.columns + 1), "float32")
    matmul_tile.matmul(out, x, y, None, False)
    np.testing.assert_array_equal(download(out), a @ b)


@pytest.mark.parametrize("relu", [False, True])
def test_a_long_sum_is_split(rng, relu, monkeypatch):
    monkeypatch.setattr(matmul_tile, "LONGEST", 8)
    (a, b, bias), (x, y, z) = operands(rng, 1, 5, 18, 6, False, True)         # parts of 16 and of 2 terms
    out = empty((1, 5, 6), "float32")
    matmul_tile.matmul(out, x, y, z, relu)
    np.testing.assert_array_equal(download(out), np.maximum(a @ b + bias, 0) if relu else a @ b + bias)


def test_part_of_a_matrix(rng):
    whole = rng.integers(-4, 5, (1, 6, 9)).astype("float32")
    x, y = upload(whole)[:, 1:5, 1:8], upload(whole)[:, :, 2:][:, :7 - 1, :5]
    out = empty((1, 4, 5), "float32")
    matmul_tile.matmul(out, x[:, :, :6], y, None, False)
    np.testing.assert_array_equal(download(out), whole[:, 1:5, 1:7] @ whole[:, :, 2:7])


def test_tiles_are_picked_for_enough_work():
    def arrays(m, depth, n, dtype="float32", count=1):
        return empty((count, m, n), dtype), empty((count, m, depth), dtype), empty((count, depth, n), dtype)
    assert matmul_tile.fits(*arrays(64, 64, 64))
    assert not matmul_tile.fits(*arrays(64, 64, 63))
    assert not matmul_tile.fits(*arrays(64, 64, 64, "float64"))
    assert not matmul_tile.fits(*arrays(4, 4, 4, count=1 << 16))
    out, a, b = arrays(64, 64, 64)
    assert not matmul_tile.fits(out, strided(a, (1, 64, 32), (0, 256, 8)), b[:, ::2])
