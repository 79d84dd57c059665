"""Sums and last writers of what goes to one place: against NumPy and between twins; by a thread and by a block."""

import numpy as np
import pytest

from .twins import both


@pytest.mark.parametrize("places, count", [(7, 30), (3, 1), (2, 700), (1, 257)])
def test_segments(places, count, rng):
    index = rng.integers(0, places, count)
    order, starts = both("segments", "sort", [((count,), "int64"), ((places + 1,), "int64")], index, exact=True)
    np.testing.assert_array_equal(order, np.argsort(index, kind="stable"))
    np.testing.assert_array_equal(np.diff(starts), np.bincount(index, minlength=places))
    x = rng.integers(-3, 4, (2, count, 3)).astype("float32")
    wanted = np.zeros((2, places, 3), "float32")
    np.add.at(wanted, (slice(None), index), x)
    out, = both("segments", "add", [(wanted.shape, "float32")], x, order, starts, exact=True)
    np.testing.assert_array_equal(out, wanted)
    last = np.full(wanted.shape, 9, "float32")
    last[:, index] = x
    twin_cpu, = both("segments", "write", [(wanted.shape, "float32")], x, order, starts, exact=True)
    present = np.unique(index)
    np.testing.assert_array_equal(twin_cpu[:, present], last[:, present])
