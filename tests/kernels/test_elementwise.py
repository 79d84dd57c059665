"""Element-wise kernels: every formula against numpy, twins, loop nests, numbers, in place, NaN and infinity."""

import math
import re

import numpy as np
import pytest
from numba import types

from tinygrad_cnn import formulas
from tinygrad_cnn.arrays import strided
from tinygrad_cnn.cpu import elementwise, jit
from tinygrad_cnn.nest import nest

from .twins import close
from .views import numbers, same


class NumPy:
    """The math of a formula on numpy arrays."""

    inf = np.inf
    exp, expm1, log, log1p, log2, log10 = np.exp, np.expm1, np.log, np.log1p, np.log2, np.log10
    sqrt, power, where, abs, sign, floor, trunc = np.sqrt, np.power, np.where, np.abs, np.sign, np.floor, np.trunc
    fmod, remainder, floor_divide, atan2 = np.fmod, np.remainder, np.floor_divide, np.arctan2
    sin, cos, tan, asin, acos, atan = np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan
    sinh, cosh, tanh, asinh, acosh, atanh = np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh
    erf, erfc = np.vectorize(math.erf, [float]), np.vectorize(math.erfc, [float])

    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    @staticmethod
    def softplus(x):
        return np.log1p(np.exp(x))


def stretched(x, shape):
    """`x` read under `shape` with stride 0 where it has one element only; on both kinds of arrays."""
    lead = len(shape) - len(x.shape)
    steps = (0,) * lead + tuple(0 if n == 1 else step for n, step in zip(x.shape, x.strides))
    return strided(x, shape, steps)


def operands(name, shape, dtype, rng):
    return [rng.random(shape) > 0.5 if p == "c" else (rng.random(shape) * 3 + 0.2).astype(dtype)
            for p in formulas.parameters(name)]


def result(name, dtype):
    return bool if name in formulas.PREDICATES else dtype


@pytest.mark.parametrize("name", [name for name in formulas.FORMULAS if name not in formulas.BITWISE])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of an arc sine above 1
def test_formulas(name, rng):
    for dtype in ("float32", "float64"):
        given = operands(name, (3, 7), dtype, rng)
        before = np.zeros((3, 7), result(name, dtype))
        out, *_ = same(lambda k, out, *x: k.elementwise.apply(name, out, *x), before, *given, exact=False)
        wanted = formulas.FORMULAS[name](NumPy, *[x.astype("float64") if x.dtype != bool else x for x in given])
        if out.dtype == bool:
            np.testing.assert_array_equal(out, wanted)
        else:
            close(out, np.broadcast_to(wanted, out.shape))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "neg", "eq", "lt", "where", "square", "abs", "remainder", "floor_divide",
                                  "maximum", "clamp", *sorted(formulas.BITWISE)])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_integers(name, dtype, rng):
    given = [x if x.dtype == bool else x + x.dtype.type(1) for x in operands(name, (4, 5), dtype, rng)]
    out, *_ = same(lambda k, out, *x: k.elementwise.apply(name, out, *x), np.zeros((4, 5), result(name, dtype)), *given)
    np.testing.assert_array_equal(out, formulas.FORMULAS[name](NumPy, *given))


SHAPE = (2, 3, 4, 5)


@pytest.mark.parametrize("shape", [(5,), (4, 1), (3, 1, 1), (2, 1, 1, 5), (1, 3, 4, 1), (), (1, 1, 1, 1), SHAPE])
def test_stretched_operands(shape, rng):
    x, y = numbers(rng, SHAPE, "float32"), numbers(rng, shape, "float32")
    out, *_ = same(lambda k, out, x, y: k.elementwise.apply("sub", out, x, stretched(y, SHAPE)), np.zeros_like(x), x, y)
    np.testing.assert_array_equal(out, x - y)
    out, *_ = same(lambda k, out, x, y: k.elementwise.apply("sub", out, stretched(y, SHAPE), x), np.zeros_like(x), x, y)
    np.testing.assert_array_equal(out, y - x)


@pytest.mark.parametrize("view", [lambda a: a.transpose((0, 2, 3, 1)), lambda a: a[:, 1:], lambda a: a[:, ::-1, 1:3],
                                  lambda a: a[1], lambda a: a[..., 2:2]])
def test_layouts(view, rng):
    x, y = numbers(rng, SHAPE, "float32"), numbers(rng, SHAPE, "float32")
    wanted = np.zeros_like(x)
    view(wanted)[...] = view(x) * view(y)
    out, *_ = same(lambda k, out, x, y: k.elementwise.apply("mul", view(out), view(x), view(y)), np.zeros_like(x), x, y)
    np.testing.assert_array_equal(out, wanted)


def test_operands_of_two_layouts(rng):
    x, y = numbers(rng, (2, 3, 4, 5), "float32"), numbers(rng, (2, 4, 5, 3), "float32")
    def first(a):
        return a.transpose((0, 3, 1, 2))

    out, *_ = same(lambda k, out, x, y: k.elementwise.apply("add", out, x, first(y)), np.zeros_like(x), x, y)
    np.testing.assert_array_equal(out, x + first(y))


@pytest.mark.parametrize("dtype, number", [("float32", 0.1), ("float32", 3), ("float64", 0.1), ("int64", 2**40),
                                           ("uint8", 200)])
def test_numbers(dtype, number, rng):
    x = numbers(rng, (3, 5), dtype)
    out, _ = same(lambda k, out, x: k.elementwise.apply("mul", out, x, number), np.zeros_like(x), x)
    np.testing.assert_array_equal(out, (x * np.asarray(number).astype(dtype)).astype(dtype))
    out, _ = same(lambda k, out, x: k.elementwise.apply("ge", out, x, number), np.zeros((3, 5), bool), x)
    np.testing.assert_array_equal(out, x >= np.asarray(number).astype(dtype))


def test_in_place(rng):
    x, y = numbers(rng, (4, 50), "float32"), numbers(rng, (50,), "float32")
    out, _ = same(lambda k, x, y: k.elementwise.apply("sub", x, x, stretched(y, (4, 50))), x, y)
    np.testing.assert_array_equal(out, x - y)


EXTREMES = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e-45, 88.6, 89.5, -87.5, -103.9, -105, 3e38,
                     -3e38, 1, -1, 0.5, 9.01, -9.01, 1e-6], np.float32)


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sqrt", "tanh", "sigmoid", "relu", "silu", "square", "floor",
                                  "round", "erf"])
def test_extremes(name):
    x = np.tile(EXTREMES, 5)  # long enough for the vector loop and for its end
    with np.errstate(all="ignore"):
        wanted = formulas.FORMULAS[name](NumPy, x.astype(np.float64)).astype(np.float32)
    out = np.empty_like(x)
    elementwise.apply(name, out, x)
    least = 1e-43 if name == "silu" else 1e-45  # x times a sigmoid that is nothing in float32
    np.testing.assert_allclose(out, wanted, rtol=3e-7, atol=least)


@pytest.mark.parametrize("name, low, high", [("exp", -87, 88), ("log", 1e-30, 1e30), ("tanh", -10, 10),
                                             ("expm1", -20, 88), ("log1p", 1e-30, 1e30), ("sin", -1e5, 1e5),
                                             ("cos", -100, 100)])
def test_own_functions_are_exact_to_a_few_units(name, low, high):
    x = np.geomspace(low, high, 100_001) if low > 0 else np.linspace(low, high, 100_001)
    x = x.astype(np.float32)
    out = np.empty_like(x)
    elementwise.apply(name, out, x)
    wanted = getattr(np, name)(x.astype(np.float64))
    units = np.abs(out - wanted) / np.spacing(np.abs(wanted).astype(np.float32))
    assert units.max() < 4


def test_error_function_and_powers():
    x = np.linspace(-6, 6, 100_001).astype(np.float32)
    out = np.empty_like(x)
    elementwise.apply("erf", out, x)
    np.testing.assert_allclose(out, NumPy.erf(x.astype(np.float64)), rtol=3e-7)
    bases, exponents = np.meshgrid([0, -0.0, 1, -1, 2, -2, 0.5, 3, np.inf, -np.inf, np.nan, 1e-40, 1.0001], [
        0, 1, -1, 2, 3, -3, 0.5, -2.5, 7, np.inf, -np.inf, np.nan, 1e5])
    bases, exponents = bases.astype(np.float32), exponents.astype(np.float32)
    out = np.empty_like(bases)
    elementwise.apply("pow", out, bases, exponents)
    with np.errstate(all="ignore"):
        wanted = np.power(bases.astype(np.float64), exponents.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(out, wanted, rtol=1e-6)


def test_nests_are_as_flat_as_can_be():
    x = np.zeros((2, 4, 5, 3), np.float32)
    bias, gate, one = (np.broadcast_to(np.zeros(shape, np.float32), x.shape) for shape in ((3,), (2, 1, 1, 3), ()))
    assert nest(x, x, 2.0)[0] == ("a", "a", None)
    assert nest(x.transpose(0, 3, 1, 2), x.transpose(0, 3, 1, 2))[0] == ("a", "a")
    assert nest(x, x, bias)[0] == ("ab", "ab", "b")
    assert nest(x, gate)[0] == ("abc", "ac")
    assert nest(x, one)[0] == ("a", "")


def test_nothing():
    nothing = np.zeros((0, 3), np.float32)
    same(lambda k, out, x: k.elementwise.apply("relu", out, x), nothing, nothing)


@pytest.mark.parametrize("name", ["gelu", "gelu_gradient_x", "softplus", "mish_gradient_x", "log1p", "tanh"])
def test_no_call_stands_in_the_loop_of_a_long_formula(name, monkeypatch):
    """A call would keep the compiler from taking several elements at once: the loop would take ten times as long."""
    monkeypatch.setattr(jit, "cache_folder", lambda: None)     # what comes from the cache has no code to look at
    count = len(formulas.parameters(name))
    kernel = elementwise._kernel.__wrapped__(name, np.dtype(np.float32), ("a",) * (count + 1))
    flat = types.Array(types.float32, 1, "C")
    kernel.compile((types.intp, types.intp, flat, *[flat] * count))
    functions = "".join(kernel.inspect_llvm().values()).split("\ndefine ")[1:]
    loop = next(f for f in functions if kernel.__name__ in f.partition("\n")[0])
    called = set(re.findall(r"call [^@\n]*@([\w.]+)", loop))
    assert all(callee.startswith(("llvm.", "NRT_")) for callee in called), called
