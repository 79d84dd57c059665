"""What no emulator shows, as it follows another machine's rules: every launch is checked and recorded, none is run."""

import numpy as np
import pytest

from tinygrad_cnn.cuda import check, copy, driver, group_norm, loss, matmul, norm, reduce, softmax
from tinygrad_cnn.cuda.memory import empty

MANY = 1 << 22                             # more than 65,535 blocks of 32: too many for the second axis of a grid


@pytest.fixture
def recorder():
    made = check.Recorder()
    before = driver.use(made)
    yield made
    driver.use(before)


def layer_norm():
    x, weight, one = empty((4, 1, MANY), "float32"), empty((MANY,), "float32"), empty((4, 1), "float32")
    group_norm.forward(x, one, one, x, weight, weight, 1e-5)
    group_norm.backward(x, weight, weight, x, x, one, one, weight)


def batch_norm(rows, channels):
    x, channel = empty((rows, channels), "float32"), empty((channels,), "float32")
    norm.statistics(channel, channel, x)
    norm.normalize(x, x, channel, channel, channel, channel, True)
    norm.backward(x, channel, channel, x, None, x, channel, channel, channel, False)


def product(rows, depth, columns):
    b = empty((1, columns, depth), "float32").transpose((0, 2, 1))
    matmul.matmul(empty((1, rows, columns), "float32"), empty((1, rows, depth), "float32"), b, None, False)


def rows_and_columns(rows, columns):
    x = empty((rows, columns, 1), "float32")
    softmax.softmax(x, x)
    loss.nll(empty((rows, 1), "float32"), empty((rows, 1), "float32"), x, empty((rows, 1), "int64"), None, -100)
    reduce.sum(empty((1, columns), "float32"), empty((1, rows, columns, 1), "float32"))
    reduce.sum(empty((rows, 1), "float32"), empty((rows, columns, 1, 1), "float32"))


@pytest.mark.parametrize("call", [
    layer_norm, lambda: batch_norm(64, MANY), lambda: batch_norm(64 * MANY, 4), lambda: product(1, 8, MANY),
    lambda: product(MANY, 8, 16), lambda: rows_and_columns(64, MANY), lambda: rows_and_columns(MANY, 64)])
def test_no_grid_is_too_large(call, recorder):
    call()
    assert recorder.launched


def test_a_grid_that_is_too_large_is_refused(recorder):
    x = empty((8,), "float32")
    kernel = next(iter(driver.KERNELS.values()))
    with pytest.raises(ValueError, match=r"a grid of \(1, 65536, 1\) blocks is more than the .* of a GPU"):
        driver.launch(kernel, (1, 65536), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_below_zero_wrap_in_uint8(dtype, recorder):
    """A GPU makes 0 of -1.0 as uint8, but 255 of -1: so no kernel goes from floats to uint8 at once."""
    copy.copy(empty((4, 5), "uint8"), empty((4, 5), dtype))
    assert len(recorder.launched) == 2
    for _, kinds in recorder.launched:
        assert {kind[0] for kind in kinds if isinstance(kind, tuple)} != {np.dtype(dtype), np.dtype("uint8")}
