"""Sums and extremes: against numpy, twins, long sums, places of maxima, NaN."""

import numpy as np
import pytest

from tinygrad_cnn.cpu import reduce

from .twins import close, on_cpu
from .views import numbers, same


def everything(a):
    return a


# (shape of the whole, its view as (kept, reduced, kept, reduced))
SHAPES = {
    "few": ((2, 3, 4, 2), everything),
    "rows": ((3, 1, 1, 100), everything),
    "rows of two axes": ((2, 1, 3, 70), everything),
    "rows said as columns": ((3, 70, 1, 1), everything),
    "columns": ((1, 300, 5, 1), everything),
    "columns of two axes": ((2, 65, 6, 1), everything),
    "short rows folded": ((1, 1024, 4, 1), everything),
    "all but the channels": ((1, 4, 2, 40), everything),
    "long rows in pieces": ((1, 1, 2, 9001), everything),
    "every other row": ((2, 140, 3, 2), lambda a: a[:, ::2]),
    "part of a row": ((2, 40, 3, 9), lambda a: a[:, :, :, 2:8]),
    "another order": ((3, 2, 40, 4), lambda a: a.transpose((0, 3, 2, 1))),
    "nothing to sum": ((2, 0, 3, 1), everything),
    "no sums": ((0, 4, 3, 1), everything),
}


def combinations(dtypes):
    """Every shape in float32, a few of them in the other dtypes."""
    return [(shape, dtype) for shape in SHAPES for dtype in ("float32", *dtypes)
            if dtype == "float32" or shape in ("few", "rows", "columns", "nothing to sum")]


@pytest.mark.parametrize("shape, dtype", combinations(["float64", "int64", "int32", "uint8", "bool"]))
def test_sum(shape, dtype, rng):
    whole, view = SHAPES[shape]
    x = numbers(rng, whole, dtype)
    kept, length = view(x).shape[::2], max(1, view(x).shape[1] * view(x).shape[3])
    out = np.full(kept, 7, x.dtype if x.dtype.kind == "f" else np.int64)
    found, _ = same(lambda k, out, x: k.reduce.sum(out, view(x)), out, x, exact=False, length=length)
    wanted = view(x).sum((1, 3), dtype=np.float64)
    if found.dtype.kind == "f":
        close(found, wanted, length)
    else:
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("shape, dtype", [c for c in combinations(["float64", "int64", "int32", "uint8", "bool"])
                                          if c[0] != "nothing to sum"])  # refused above the kernels
@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes(name, shape, dtype, rng):
    whole, view = SHAPES[shape]
    x = np.round(numbers(rng, whole, dtype) * 2).astype(dtype)  # whole numbers: many are equal
    if x.dtype.kind == "f":
        x[rng.random(whole) < 0.01] = np.nan
    kept = view(x).shape[::2]
    out, index, _ = same(lambda k, out, index, x: getattr(k.extreme, name)(out, index, view(x)), np.ones(kept, dtype),
                         np.ones(kept, np.int64), x)
    alone, _ = same(lambda k, out, x: getattr(k.extreme, f"a{name}")(out, view(x)), np.ones(kept, dtype), x)
    if out.size:
        rows = view(x).transpose(0, 2, 1, 3).reshape(*kept, -1)
        np.testing.assert_array_equal(out, getattr(rows, name)(-1))
        np.testing.assert_array_equal(alone, out)
        np.testing.assert_array_equal(index, getattr(rows, f"arg{name}")(-1))


@pytest.mark.parametrize("length", [32, 40, 521])
@pytest.mark.parametrize("name", ["amax", "amin"])
def test_the_extreme_of_a_long_vector_is_that_of_its_pieces(name, length, rng, monkeypatch):
    monkeypatch.setattr("tinygrad_cnn.cuda.extreme.PIECE", 16)
    x = numbers(rng, (1, 2 * length, 1, 1), "float32")
    for place, extreme in ((1, 20), (6, 9), (2 * length - 2, 10)):  # every other number counts, the first of these does not
        x[0, place] = extreme if name == "amax" else -extreme
        out, _ = same(lambda k, out, x: getattr(k.extreme, name)(out, x[:, ::2]), np.ones((1, 1), "float32"), x)
        assert out == getattr(x[0, ::2], name[1:])()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (7, 5), (600, 33), (1024, 4), (3, 1030)])
def test_rectified(shape, dtype, rng):
    g, y = numbers(rng, shape, dtype), np.round(numbers(rng, shape, dtype))
    y[rng.random(shape) < 0.05] = np.nan
    out, sums, *_ = same(lambda k, *arrays: k.reduce.rectified(*arrays), np.full_like(g, np.nan),
                         np.ones(shape[1], dtype), g, y, exact=False, length=max(1, shape[0]))
    wanted = np.where(y <= 0, 0, g)
    np.testing.assert_array_equal(out, wanted)
    close(sums, wanted.sum(0, dtype=np.float64), max(1, shape[0]))


@pytest.mark.parametrize("shape", [(1, 10_000_000, 1, 1), (1, 1, 1, 10_000_000), (1, 2_000_003, 5, 1)])
def test_ones_are_counted_exactly(shape):
    out, = on_cpu("reduce", "sum", [(shape[::2], "float32")], np.ones(shape, np.float32))
    assert (out == shape[1] * shape[3]).all()


def test_bits_do_not_depend_on_the_number_of_threads(rng, monkeypatch):
    for shape in ((1, 300_001, 1, 1), (1, 40_000, 6, 1), (3, 50, 4, 700)):
        x, found = rng.standard_normal(shape).astype(np.float32), []
        for parts in (1, 2, 5):
            monkeypatch.setattr(reduce, "parts_for", lambda work, parts=parts: parts)
            found += on_cpu("reduce", "sum", [(shape[::2], "float32")], x)
        assert (found[0] == found[1]).all() and (found[0] == found[2]).all()


def test_infinity_and_nan_in_sums():
    x = np.zeros((3, 1, 1, 50), np.float32)
    x[0, 0, 0, 7], x[1, 0, 0, 8], x[1, 0, 0, 9], x[2, 0, 0, 49] = np.inf, np.inf, -np.inf, np.nan
    out, _ = same(lambda k, out, x: k.reduce.sum(out, x), np.zeros((3, 1), np.float32), x)
    assert np.isinf(out[0, 0]) and np.isnan(out[1:]).all()
