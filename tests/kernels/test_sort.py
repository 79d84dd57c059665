"""Sorting rows and their first elements: against NumPy's stable sort and between twins, with ties, NaN and infinity."""

import numpy as np
import pytest

from .twins import both


def rows(shape, rng):
    """Many ties, and what is no usual number."""
    x = rng.integers(0, 50, shape).astype("float32")
    return np.where(rng.random(shape) < 0.1, rng.choice([np.nan, np.inf, -np.inf], shape), x).astype("float32")


def order(x, descending):
    """The places of a row's elements in order: equal ones as they came, NaN above all numbers."""
    key = np.where(np.isnan(x), 100, np.clip(x, -99, 99))
    return np.argsort(-key if descending else key, axis=1, kind="stable")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("shape", [(3, 1), (2, 16), (4, 23), (0, 3), (2, 0)])
def test_sort(shape, descending, rng):
    x = rows(shape, rng)
    values, index = both("sort", "sort", [(shape, "float32"), (shape, "int64")], x, descending, exact=True)
    np.testing.assert_array_equal(index, order(x, descending))
    np.testing.assert_array_equal(values, np.take_along_axis(x, index, 1))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("shape, count", [((3, 5), 2), ((2, 300), 7), ((2, 1100), 31), ((1, 4500), 31)])
def test_top(shape, count, descending, rng):
    """The longer rows are cut into pieces, some of them twice."""
    x, few = rows(shape, rng), (shape[0], count)
    values, index = both("sort", "top", [(few, "float32"), (few, "int64")], x, descending, exact=True)
    np.testing.assert_array_equal(index, order(x, descending)[:, :count])
    np.testing.assert_array_equal(values, np.take_along_axis(x, index, 1))
