"""Pooling kernels: against loops in numpy, twins, adjoints, ties, NaN, large windows."""

import itertools

import numpy as np
import pytest

from tinygrad_cnn import layer_shapes

from .twins import both, close, on_cpu

WINDOWS = [  # size, kernel, stride, padding, dilation, ceil
    ((1, 6, 7), (1, 2, 2), (1, 2, 2), (0, 0, 0), (1, 1, 1), False),  # side by side, with a column to spare
    ((1, 5, 7), (1, 2, 2), (1, 2, 2), (0, 0, 0), (1, 1, 1), True),
    ((4, 4, 4), (2, 2, 2), (2, 2, 2), (0, 0, 0), (1, 1, 1), False),
    ((1, 7, 6), (1, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1), False),
    ((1, 7, 6), (1, 3, 2), (1, 1, 3), (0, 1, 1), (1, 2, 1), True),
    ((3, 4, 5), (2, 3, 3), (1, 2, 1), (1, 1, 0), (2, 1, 2), False),
    ((1, 1, 9), (1, 1, 4), (1, 1, 5), (0, 0, 2), (1, 1, 1), False),  # gaps between windows
    ((1, 1, 9), (1, 1, 2), (1, 1, 1), (0, 0, 1), (1, 1, 10), False),  # a window that lies in the padding alone
]


def windows(x, size, kernel, stride, padding, dilation):
    """For each window: its place, and {number of a cell: its elements}, cells in the image only."""
    for place in itertools.product(*map(range, size)):
        cells = {}
        for number, cell in enumerate(itertools.product(*map(range, kernel))):
            at = [p * s + i * d - o for p, s, i, d, o in zip(place, stride, cell, dilation, padding)]
            if all(0 <= a < n for a, n in zip(at, x.shape[1:4])):
                cells[number] = x[(slice(None), *at)]
        yield (slice(None), *place), cells


def setting(window, rng, dtype, n=2, c=3):
    size, kernel, stride, padding, dilation, ceil = window
    x = rng.integers(-4, 5, (n, *size, c)).astype(dtype)
    return x, layer_shapes.window("pool", size, kernel, stride, padding, dilation, ceil), (kernel, stride, padding, dilation)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("window", WINDOWS)
def test_max(window, dtype, rng):
    x, size, arguments = setting(window, rng, dtype)
    shape = (len(x), *size, x.shape[-1])
    out, index = both("pool", "max_forward", [(shape, dtype), (shape, "uint8")], x, *arguments, exact=True)
    for place, cells in windows(x, size, *arguments):
        values = np.stack(list(cells.values())) if cells else np.full((1, *x[:, 0, 0, 0].shape), -np.inf)
        np.testing.assert_array_equal(out[place], values.max(0))
        np.testing.assert_array_equal(index[place], np.array(list(cells) or [0])[values.argmax(0)])
    y, g = rng.integers(-4, 5, x.shape).astype(dtype), rng.integers(-4, 5, shape).astype(dtype)
    picked, = both("pool", "max_gather", [(shape, dtype)], y, index, *arguments, exact=True)
    back, = both("pool", "max_backward", [(x.shape, dtype)], g, index, *arguments, exact=True)
    assert (picked * g).sum() == (back * y).sum()  # adjoint
    found = on_cpu("pool", "max_gather", [(shape, dtype)], x, index, *arguments)[0]
    np.testing.assert_array_equal(found, np.where(np.isinf(out), 0, out))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", [(True, 0), (False, 0), (True, 3)])
@pytest.mark.parametrize("window", [w for w in WINDOWS if w[4] == (1, 1, 1)])
def test_average(window, rule, dtype, rng):
    x, size, arguments = setting(window, rng, dtype)
    shape = (len(x), *size, x.shape[-1])
    include, divisor = rule
    out, = both("pool", "average_forward", [(shape, dtype)], x, *arguments[:3], *rule)
    padded = np.zeros((1, *[n + 2 * p for n, p in zip(x.shape[1:4], arguments[2])], 1))
    for (place, cells), (_, counted) in zip(windows(x, size, *arguments),
                                            windows(padded, size, *arguments[:2], (0, 0, 0), arguments[3])):
        close(out[place], sum(cells.values()) / (divisor or len(counted if include else cells)))
    g, y = (rng.standard_normal(s).astype(dtype) for s in (shape, x.shape))
    back, = both("pool", "average_backward", [(x.shape, dtype)], g, *arguments[:3], *rule)
    across = on_cpu("pool", "average_forward", [(shape, dtype)], y, *arguments[:3], *rule)[0]
    np.testing.assert_allclose((across * g).sum(), (back * y).sum(), rtol=1e-4 if dtype == "float32" else 1e-12)


def test_a_nan_is_the_maximum_and_minus_infinity_may_be(rng):
    x = np.full((1, 1, 2, 4, 2), -np.inf, np.float32)
    x[0, 0, 1, 1, 0] = np.nan
    shape = (1, 1, 1, 2, 2)
    arguments = (1, 2, 2), (1, 2, 2), (0, 0, 0), (1, 1, 1)
    out, index = both("pool", "max_forward", [(shape, "float32"), (shape, "uint8")], x, *arguments, exact=True)
    assert np.isnan(out[0, 0, 0, 0, 0]) and index[0, 0, 0, 0, 0] == 3
    assert (out.ravel()[1:] == -np.inf).all() and not index.ravel()[1:].any()


def test_a_large_window_has_a_wide_index(rng):
    x = rng.permutation(17 * 17).reshape(1, 1, 17, 17, 1).astype(np.float32)
    shape, arguments = (1, 1, 1, 1, 1), ((1, 17, 17), (1, 1, 1), (0, 0, 0), (1, 1, 1))
    _, index = both("pool", "max_forward", [(shape, "float32"), (shape, "int32")], x, *arguments)
    assert index.item() == x.argmax()


def test_no_images(rng):
    x, shape = np.zeros((0, 1, 4, 4, 3), np.float32), (0, 1, 2, 2, 3)
    arguments = (1, 2, 2), (1, 2, 2), (0, 0, 0), (1, 1, 1)
    both("pool", "max_forward", [(shape, "float32"), (shape, "uint8")], x, *arguments)
    both("pool", "average_forward", [(shape, "float32")], x, *arguments[:3], True, 0)


def test_threads_do_not_change_a_result(rng):
    x = rng.standard_normal((8, 1, 33, 33, 24)).astype(np.float32)
    shape, arguments = (8, 1, 17, 17, 24), ((1, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1))
    outs = [(shape, "float32"), (shape, "uint8")]
    found = on_cpu("pool", "max_forward", outs, x, *arguments)  # enough work for several threads
    for n in range(8):
        alone = on_cpu("pool", "max_forward", [((1, *shape[1:]), dtype) for _, dtype in outs], x[n:n + 1], *arguments)
        for a, b in zip(found, alone):
            np.testing.assert_array_equal(a[n:n + 1], b)
