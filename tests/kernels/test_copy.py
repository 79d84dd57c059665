"""Copies between layouts and dtypes, and fills: against numpy, twins."""

import numpy as np
import pytest

from tinygrad_cnn.arrays import strided

from .twins import on_cpu
from .views import numbers, same

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]


def everything(a):
    return a


# (shape of the whole of out, its view, shape of the whole of x, its view)
LAYOUTS = {
    "dense": ((5, 7, 3), everything, (5, 7, 3), everything),
    "both permuted alike": ((4, 3, 2), lambda a: a.transpose((2, 0, 1)), (4, 3, 2), lambda a: a.transpose((2, 0, 1))),
    "to channels-last": ((2, 9, 7, 12), everything, (2, 12, 9, 7), lambda a: a.transpose((0, 2, 3, 1))),
    "from channels-last": ((2, 12, 5, 7), everything, (2, 5, 7, 12), lambda a: a.transpose((0, 3, 1, 2))),
    "transposition over several tiles": ((70, 37), everything, (37, 70), lambda a: a.transpose((1, 0))),
    "planes of tiles": ((3, 33, 40), everything, (3, 40, 33), lambda a: a.transpose((0, 2, 1))),
    "few channels": ((2, 40, 3), everything, (2, 3, 40), lambda a: a.transpose((0, 2, 1))),
    "into the middle": ((2, 7, 8, 5), lambda a: a[:, 1:6, 2:6], (2, 5, 4, 5), everything),
    "out of the middle": ((2, 5, 4, 5), everything, (2, 7, 8, 5), lambda a: a[:, 1:6, 2:6]),
    "every other": ((4, 5), everything, (8, 15), lambda a: a[::2, ::3]),
    "into every other": ((8, 15), lambda a: a[::2, ::3], (4, 5), everything),
    "backwards": ((4, 5, 2), everything, (4, 5, 2), lambda a: a[:, ::-1]),
    "into backwards": ((4, 5), lambda a: a[::-1, ::-1], (4, 5), everything),
    "six axes": ((2, 3, 4, 5, 6, 2), everything, (4, 2, 5, 3, 6, 2), lambda a: a.transpose((1, 3, 0, 2, 4, 5))),
    "one element": ((), everything, (), everything),
    "nothing": ((3, 0, 2), everything, (3, 0, 2), everything),
}


def check(layout, dtype, x_dtype, rng):
    whole, view, x_whole, x_view = LAYOUTS[layout]
    x, before = numbers(rng, x_whole, x_dtype), numbers(rng, whole, dtype)
    out, after = same(lambda k, out, x: k.copy.copy(view(out), x_view(x)), before, x)
    np.testing.assert_array_equal(after, x)
    view(before)[...] = x_view(x)
    np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, rng):
    for dtype in ("float32", "float64"):
        check(layout, dtype, dtype, rng)


@pytest.mark.parametrize("x_dtype", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_casts(dtype, x_dtype, rng):
    if dtype == "uint8" and x_dtype != "bool":
        x = np.array([[0, 1.75, 254.5, 3]]).astype(x_dtype)  # a negative float has no meaning as uint8
        out, _ = same(lambda k, out, x: k.copy.copy(out, x), np.zeros((1, 4), dtype), x)
        np.testing.assert_array_equal(out, x.astype(dtype))
        return
    for layout in ("dense", "few channels", "into the middle"):
        check(layout, dtype, x_dtype, rng)


def test_fraction_is_dropped_and_any_number_but_zero_is_true():
    x = np.array([-1.75, -0.5, 0.0, 0.25, 2.9], np.float32)
    whole, _ = same(lambda k, out, x: k.copy.copy(out, x), np.zeros(5, np.int64), x)
    true, _ = same(lambda k, out, x: k.copy.copy(out, x), np.zeros(5, bool), x)
    assert whole.tolist() == [-1, 0, 0, 0, 2] and true.tolist() == [True, True, False, True, True]


def test_one_element_stretched(rng):
    x = numbers(rng, (3, 1, 4), "float32")

    before = np.zeros((3, 5, 4), np.float32)
    out, _ = same(lambda k, out, x: k.copy.copy(out, strided(x, (3, 5, 4), (16, 0, 4))), before, x)
    np.testing.assert_array_equal(out, np.broadcast_to(x, (3, 5, 4)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", [everything, lambda a: a[:, 1:3], lambda a: a[:, ::2, ::-1], lambda a: a[1],
                                  lambda a: a.transpose((2, 0, 1)), lambda a: a[:, 2:2]])
def test_fill(view, dtype, rng):
    for value in (0, 1, 2.5 if dtype.startswith("float") else 1):
        before = numbers(rng, (3, 5, 4), dtype)
        out, = same(lambda k, out, value=value: k.copy.fill(view(out), value), before)
        view(before)[...] = value
        np.testing.assert_array_equal(out, before)


def test_large_copies_are_shared_by_threads(rng):

    x = rng.standard_normal((64, 40, 50)).astype(np.float32)
    np.testing.assert_array_equal(on_cpu("copy", "copy", [(x.shape, "float64")], x)[0], x)
    np.testing.assert_array_equal(on_cpu("copy", "fill", [(x.shape, "float32")], 3)[0], 3)
