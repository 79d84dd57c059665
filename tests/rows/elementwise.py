"""Rows of what works element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import references
from ..cases import DTYPES, FLOATS, INTEGERS, A, Case, Draw, case
from . import refuse, row

NAMES = {"long": "int64", "double": "float64"}
IMAGES, MORE = A(8, 64, 56, 56), A(4, 64, 112, 112)


def alone(kind: str = "distinct") -> Callable[[Draw], Case]:
    return lambda d: case(A(*d.image(), kind=kind))


def together(left: str = "distinct", right: str = "distinct", every: bool = False) -> Callable[[Draw], Case]:
    """Arrays of one shape, or one of them stretched. Every way to stretch is a loop nest, compiled for each formula anew,
    but nests know nothing of formulas: sums and products, where `every` is set, try them for all."""

    def cases(d: Draw) -> Case:
        n, c, h = d.batch(), *d.several(2, 1, 4)
        ways = (((n, c, h), (n, c, h)), ((n, c, h), (n, c, 1)))
        if every:
            ways = (*ways, ((n, c, h), (c, 1)), ((n, 1, h), (c, h)), ((), (n, c)))
        a, b = d.choice(*ways)
        return case(A(*a, kind=left), A(*b, kind=right))

    return cases


def floating(dtype: str) -> str:
    return dtype if dtype in FLOATS else "float32"


for _name, _reference, _more in (
        ("relu", references.relu, {"exact": True, "dtypes": (*FLOATS, *INTEGERS)}),
        ("neg", np.negative, {"exact": True, "linear": (0,), "dtypes": (*FLOATS, *INTEGERS)}),
        ("exp", np.exp, {"dtypes": DTYPES, "result": floating}),
        ("tanh", np.tanh, {"dtypes": DTYPES, "result": floating}),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), {"dtypes": DTYPES, "result": floating})):
    row(_name, _name, _reference, alone(), big=(case(IMAGES), case(MORE)), sums=False, **_more)
for _name in ("log", "sqrt"):
    row(_name, _name, getattr(np, _name), alone("positive"), big=(case(A(8, 64, 56, 56, kind="positive")), case(
        A(4, 64, 112, 112, kind="positive"))), sums=False, dtypes=(*FLOATS, *INTEGERS), result=floating)

_apart = A(2, 3), A(4, 3)
for _name, _reference, _more in (
        ("add", np.add, {"linear": (0, 1), "exact": True, "dtypes": DTYPES}),
        ("sub", np.subtract, {"linear": (0, 1), "exact": True, "dtypes": (*FLOATS, *INTEGERS)}),
        ("mul", np.multiply, {"linear": (0, 1), "exact": True, "dtypes": DTYPES})):
    row(_name, _name, _reference, together(every=True), big=(case(IMAGES, IMAGES), case(MORE, A(64, 1, 1))), sums=False,
        refuses=(refuse(ValueError, f"{_name} (2, 3) (4, 3) broadcast", *_apart),), **_more)
row("div", "div", np.divide, together("distinct", "positive"), linear=(0,), sums=False, dtypes=(*FLOATS, *INTEGERS),
    big=(case(IMAGES, A(8, 64, 56, 56, kind="positive")), case(MORE, A(64, 1, 1, kind="positive"))), result=floating,
    refuses=(refuse(ValueError, "div (2, 3) (4, 3) broadcast", *_apart),))
row("pow", "pow", np.power, together("positive"), sums=False,
    big=(case(A(8, 64, 56, 56, kind="positive"), IMAGES), case(A(8, 64, 56, 56, kind="positive"), A(64, 1, 1))),
    refuses=(refuse(ValueError, "pow (2, 3) (4, 3) broadcast", *_apart),))
row("pow_number", "pow", np.power, lambda d: case(A(*d.image(), kind="positive"), d.choice(2, 3, 0.5, -1.0)),
    sums=False, big=(case(IMAGES, 2), case(A(8, 64, 56, 56, kind="positive"), -0.5)))
for _name, _reference in (("eq", np.equal), ("ne", np.not_equal), ("lt", np.less), ("le", np.less_equal),
                          ("gt", np.greater), ("ge", np.greater_equal)):
    row(_name, _name, _reference, together("whole", "whole"), big=(case(IMAGES, IMAGES), case(MORE, A(64, 1, 1))),
        exact=True, sums=False, dtypes=DTYPES, result=lambda dtype: "bool",
        refuses=(refuse(ValueError, f"{_name} (2, 3) (4, 3) broadcast", *_apart),))
row("where", "where", np.where, lambda d: case(A(*d.several(2, 1, 4), kind="flags"), A(d.batch(), 1, 1), A(1, 1)),
    big=(case(A(8, 64, 56, 56, kind="flags"), IMAGES, IMAGES), case(A(64, 1, 1, kind="flags"), MORE, A(1))),
    linear=(1, 2), exact=True, sums=False, dtypes=DTYPES,
    refuses=(refuse(ValueError, "where (4, 3) (2, 3) broadcast", A(4, 3, kind="flags"), A(2, 3), A(2, 3)),))
row("cast", lambda t, x, name: getattr(x, name)(), lambda x, name: x.astype(NAMES.get(name, name)),
    lambda d: case(A(*d.image(), kind="whole"), d.choice("double", "long", "int", "bool")), sums=False, exact=True,
    dtypes=DTYPES, big=(case(IMAGES, "double"), case(MORE, "int")), result=None)

_float_rows: dict[str, tuple[Callable[..., Any], str]] = {
    "abs": (np.abs, "distinct"), "square": (np.square, "distinct"), "sign": (np.sign, "distinct"),
    "reciprocal": (lambda x: 1 / x, "positive"), "rsqrt": (lambda x: 1 / np.sqrt(x), "positive"),
    "exp2": (np.exp2, "distinct"), "expm1": (np.expm1, "distinct"), "log2": (np.log2, "positive"),
    "log10": (np.log10, "positive"), "log1p": (np.log1p, "positive"),
    "sin": (np.sin, "distinct"), "cos": (np.cos, "distinct"), "tan": (lambda x: np.tan(x), "small"),
    "asin": (np.arcsin, "small"), "acos": (np.arccos, "small"), "atan": (np.arctan, "distinct"),
    "sinh": (np.sinh, "distinct"), "cosh": (np.cosh, "distinct"), "asinh": (np.arcsinh, "distinct"),
    "acosh": (np.arccosh, "large"), "atanh": (np.arctanh, "small"),
    "erf": (np.vectorize(math.erf, [float]), "distinct"), "erfc": (np.vectorize(math.erfc, [float]), "distinct"),
    "erfinv": (np.vectorize(references.erfinv, [float]), "small"),
    "floor": (np.floor, "distinct"), "ceil": (np.ceil, "distinct"), "trunc": (np.trunc, "distinct"),
    "frac": (lambda x: x - np.trunc(x), "distinct")}


def within(name: str, kind: str) -> Callable[..., Any]:
    """The operation of numbers moved to where it is defined: x / 4 within (-1, 1), x + 1 above 1."""
    def call(t: Any, x: Any) -> Any:
        return getattr(t, name)(x * 0.25 if kind == "small" else x + 1.0)

    return call


def moved(reference: Callable[..., Any], kind: str) -> Callable[..., Any]:
    return lambda x: reference(x * 0.25 if kind == "small" else x + 1.0)


for _name, (_reference, _kind) in _float_rows.items():
    _inside = _kind in ("small", "large")
    _fill = "positive" if _kind in ("positive", "large") else "distinct"
    _more = {"dtypes": (*FLOATS, "int64")} if _name in ("abs", "square", "sign", "floor", "ceil", "trunc") else {}
    _more |= {"exact": True} if _more or _name == "frac" else {}
    row(_name, within(_name, _kind) if _inside else _name, moved(_reference, _kind) if _inside else _reference,
        alone(_fill), big=(case(A(8, 64, 56, 56, kind=_fill)), case(A(4, 64, 112, 112, kind=_fill))), sums=False, **_more)
row("round", "round", lambda x, decimals: np.round(x, decimals), lambda d: case(A(*d.image()), decimals=d.choice(0, 1)),
    sums=False, big=(case(IMAGES, decimals=0), case(MORE, decimals=2)),
    refuses=(refuse(RuntimeError, "round decimals 1 int64", A(2, 3, kind="classes", below=3), decimals=1),))
row("nan_to_num", lambda t, x, **o: t.nan_to_num(x + t.log(t.sign(x)), **o),
    lambda x, **o: np.nan_to_num(x + np.log(np.sign(x)), **o),
    lambda d: case(A(*d.image()), nan=d.choice(0.5, 2.0), neginf=-9.0), sums=False,
    big=(case(IMAGES, nan=1.0, neginf=-9.0), case(MORE, nan=2.0, neginf=-9.0)))

for _name, _reference, _right in (("maximum", np.maximum, "distinct"), ("minimum", np.minimum, "distinct"),
                                  ("fmax", np.fmax, "distinct"), ("fmin", np.fmin, "distinct"),
                                  ("atan2", np.arctan2, "positive"), ("fmod", np.fmod, "positive"),
                                  ("remainder", np.remainder, "positive"), ("floor_divide", np.floor_divide, "positive")):
    _whole = _name not in ("atan2", "fmod", "remainder", "floor_divide")
    row(_name, _name, _reference, together("distinct", _right), sums=False, exact=_whole,
        big=(case(IMAGES, A(8, 64, 56, 56, kind=_right)), case(MORE, A(64, 1, 1, kind=_right))),
        dtypes=FLOATS if _name == "atan2" else (*FLOATS, "int64"),
        refuses=(refuse(ValueError, f"{_name} (2, 3) (4, 3) broadcast", *_apart),))
row("div_rounded", "div", lambda a, b, rounding_mode: {"floor": np.floor, "trunc": np.trunc}[rounding_mode](a / b),
    lambda d: case(*together("distinct", "positive")(d).args, rounding_mode=d.choice("floor", "trunc")), sums=False,
    big=(case(IMAGES, A(8, 64, 56, 56, kind="positive"), rounding_mode="floor"), case(MORE, A(64, 1, 1, kind="positive"),
    rounding_mode="trunc")), dtypes=(*FLOATS, "int64"),
    refuses=(refuse(RuntimeError, "div rounding_mode 'up' 'floor'", A(2), A(2), rounding_mode="up"),))
for _name, _sign in (("add", 1), ("sub", -1)):
    row(f"{_name}_scaled", _name, lambda a, b, alpha, sign=_sign: a + sign * alpha * b,
        lambda d: case(*together()(d).args, alpha=d.choice(2, -4)), sums=False, exact=True, linear=(0, 1),
        big=(case(IMAGES, IMAGES, alpha=2), case(MORE, A(64, 1, 1), alpha=0.5)))


def bounded(d: Draw) -> Case:
    low, high = d.choice((-0.7, 0.9), (None, 0.6), (-0.3, None), (0.5, 0.1))
    return case(A(*d.image()), low, high)


def clamped(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(x if low is None else np.maximum(x, low), np.inf if high is None else high)


row("clamp", "clamp", clamped, bounded, sums=False, big=(case(IMAGES, -1.0, 1.0), case(MORE, 0.0, None)),
    refuses=(refuse(RuntimeError, "clamp min None max", A(2)),))
row("clamp_tensors", "clamp", clamped, lambda d: case(A(d.batch(), 4), A(4), d.choice(A(1), None)), sums=False,
    exact=True, big=(case(IMAGES, A(64, 1, 1), IMAGES), case(MORE, A(1), A(1))), dtypes=(*FLOATS, "int64"))
row("lerp", "lerp", lambda a, b, w: a + w * (b - a), lambda d: case(*together()(d).args, d.choice(0.25, A(1))), sums=False,
    big=(case(IMAGES, IMAGES, 0.5), case(MORE, MORE, MORE)))
for _name, _reference, _kind in (("addcmul", lambda x, a, b, value: x + value * a * b, "distinct"),
                                 ("addcdiv", lambda x, a, b, value: x + value * a / b, "positive")):
    row(_name, _name, _reference,
        lambda d, kind=_kind: case(A(d.batch(), 3, 2), A(3, 1), A(2, kind=kind), value=d.choice(1, 3)),
        sums=False, big=(case(IMAGES, IMAGES, A(8, 64, 56, 56, kind=_kind), value=2), case(MORE, MORE, A(1, kind=_kind),
        value=0.5)))

_whole2 = (case(A(8, 64, 56, 56, kind="whole"), A(8, 64, 56, 56, kind="whole")), case(A(4, 64, 112, 112, kind="whole"), A(
    64, 1, 1, kind="whole")))
for _name, _reference in (("logical_and", np.logical_and), ("logical_or", np.logical_or), ("logical_xor", np.logical_xor),
                          ("isclose", np.isclose)):
    row(_name, _name, _reference, together("whole", "whole"), big=_whole2, exact=True, sums=False,
        dtypes=("float32", "int64", "bool"), result=lambda dtype: "bool")
row("logical_not", "logical_not", np.logical_not, alone("whole"), big=(case(IMAGES), case(MORE)), exact=True, sums=False,
    dtypes=("float32", "int64", "bool"), result=lambda dtype: "bool")
for _name in ("isnan", "isinf", "isfinite"):
    row(_name, lambda t, x, name=_name: getattr(t, name)(x / x),
        lambda x, name=_name: getattr(np, name)(np.true_divide(x, x)),
        alone("whole"), big=(case(IMAGES), case(MORE)), exact=True, sums=False, result=lambda dtype: "bool")


def integers(count: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        n, c = d.batch(), d.integer(1, 5)
        return case(*[A(*shape, kind="classes", below=9) for shape in ((n, c), (c,))[:count]])

    return cases


_bits, _wide = (A(*shape, kind="classes", below=99) for shape in ((8, 64, 56, 56), (4, 64, 112, 112)))
for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    row(_name, _name, getattr(np, _name), integers(2), exact=True,
        big=(case(_bits, _bits), case(_wide, A(1, kind="classes", below=9))),
        sums=False, dtypes=("int64",),
        refuses=(refuse(RuntimeError, f"{_name} float32 integers", A(2), A(2)),))
row("bitwise_not", "bitwise_not", np.invert, integers(1), big=(case(_bits), case(_wide)), exact=True, sums=False,
    dtypes=("int64",))
row("power_of_whole_number", "pow", np.power, lambda d: case(A(*d.image(), kind="positive"), d.choice(3, -2, 4, 1)),
    sums=False, big=(case(IMAGES, 3), case(MORE, 4)))
