"""Arithmetic whose formula depends on its arguments: quotients, powers, rounding, clamping, closeness."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shapes
from ..arrays import is_tensor
from ..devices import device_of, kernels
from .elementwise import apply, cast, floating
from .shape import Clone

POWERS: dict[Any, str] = {1: "", 2: "square", 3: "cube", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
"""Exponents with a formula of their own, several times faster than a power."""


def power(a: Any, b: Any) -> Any:
    """a to the power of b, Tensors or numbers; integers stay integers."""
    if not is_tensor(b) and type(b) in (int, float):
        real = a.array.dtype in shapes.FLOATS
        if b < 0 and type(b) is int and not real:
            raise RuntimeError(f"pow: exponent {b} of a tensor of {a.array.dtype.name} is negative but integers need at least "
                               "0; use x.float()")
        if b in POWERS and a.array.dtype != shapes.BOOL and (real or b in (1, 2, 3)) and (real or type(b) is int):
            return apply(POWERS[b], a) if POWERS[b] else Clone()(a)
        if b == 4 and real:
            return apply("square", apply("square", a))
        if b == -2 and real:
            return apply("reciprocal", apply("square", a))
    found = apply("pow", a, b)
    return apply("where", (b < 0) & (a == 0), 0, found) if is_tensor(b) and _integers(a, b) else found


def scaled(name: str, x: Any, other: Any, alpha: Any) -> Any:
    """x + alpha * other, or x - alpha * other."""
    if alpha == 1 and type(alpha) is int:
        return apply(name, x, other)
    if type(alpha) is float:
        dtype = shapes.promote(*[(v.array.dtype, v.array.ndim) if is_tensor(v) else v for v in (x, other)])
        if dtype not in shapes.FLOATS:
            raise RuntimeError(f"{name}: alpha is {alpha} but the operands are {dtype.name}; use an integer, or x.float()")
    return apply(name, x, apply("mul", other, alpha) if is_tensor(other) else other * alpha)


def divide(a: Any, b: Any, rounding: str | None) -> Any:
    """a / b, or rounded to "floor" or "trunc" (towards 0), where integers stay integers."""
    if rounding is None:
        return apply("div", a, b)
    if rounding == "floor":
        return floor_divide(a, b)
    if rounding != "trunc":
        raise RuntimeError(f"div: rounding_mode is {rounding!r} but None, 'trunc' or 'floor' is needed; use one of them")
    if _integers(a, b):
        _no_zeros("div", b)
        quotient = apply("floor_divide", a, b)
        return quotient + ((quotient < 0) & (apply("remainder", a, b) != 0)).to(quotient.array.dtype)
    return apply("div_trunc", a, b)


def floor_divide(a: Any, b: Any) -> Any:
    """a / b rounded down."""
    if _integers(a, b):
        _no_zeros("floor_divide", b)
    return apply("floor_divide", a, b)


def remainder(a: Any, b: Any) -> Any:
    """a - b * floor(a / b): the sign of b."""
    if _integers(a, b):
        _no_zeros("remainder", b)
    return apply("remainder", a, b)


def fmod(a: Any, b: Any) -> Any:
    """a - b * trunc(a / b): the sign of a."""
    b = int(b) if type(b) is bool else b
    if not _integers(a, b):
        return apply("fmod", a, b)
    _no_zeros("fmod", b)
    low = apply("remainder", a, b)
    other = (low != 0) & (apply("lt", a, 0) != apply("lt", b, 0) if is_tensor(b) else apply("lt", a, 0) != (b < 0))
    return apply("where", other, apply("sub", low, b), low)


def _integers(a: Any, b: Any) -> bool:
    return all(v.array.dtype not in shapes.FLOATS if is_tensor(v) else not isinstance(v, float) for v in (a, b))


def _no_zeros(operation: str, b: Any) -> None:
    """Refuse to divide integers by 0."""
    found = not b if not is_tensor(b) else device_of(b.array) != "meta" and bool((apply("eq", b, 0)).any())
    if found:
        raise RuntimeError(f"{operation}: an integer is divided by 0 but there is no such integer; use x.float()")


def rounded(name: str, x: Any) -> Any:
    """`floor`, `ceil`, `round` or `trunc`; integers are what they are."""
    return Clone()(x) if x.array.dtype.kind in "iu" else apply(name, x)


def frac(x: Any) -> Any:
    """x - trunc(x) of a floating tensor."""
    floating("frac", x)
    return x - apply("trunc", x)


def round(x: Any, decimals: int) -> Any:
    """The nearest number of so many decimals; of two that are as near, the even one."""
    if not decimals:
        return rounded("round", x)
    if x.array.dtype not in shapes.FLOATS:
        raise RuntimeError(f"round: decimals is {decimals} for dtype {x.array.dtype.name} but a floating one is needed; "
                           "use x.float()")
    step = 10.0 ** abs(decimals)
    if decimals > 0:
        return apply("div", apply("round", apply("mul", x, step)), step)
    return apply("mul", apply("round", apply("div", x, step)), step)


def clamp(x: Any, least: Any, most: Any) -> Any:
    """min(max(x, least), most); a bound may be None, not both."""
    if least is None and most is None:
        raise RuntimeError("clamp: min is None and max is None but one of them is needed; give a bound")
    given = [(v.array.dtype, v.array.ndim) if is_tensor(v) else v for v in (x, least, most) if v is not None]
    if shapes.promote(*given) == shapes.BOOL:
        raise RuntimeError("clamp: dtype bool is given but numbers are needed; use x.int()")
    if least is None or most is None:
        return apply("clamp_min", x, least) if most is None else apply("clamp_max", x, most)
    if is_tensor(least) != is_tensor(most):
        raise TypeError("clamp: one of min and max is a tensor and the other a number; give two of one kind")
    return apply("clamp", x, least, most)


def isclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    """|a - b| <= atol + rtol |b|, or a == b."""
    if a.array.dtype != b.array.dtype:
        raise RuntimeError(f"isclose: dtypes are {a.array.dtype.name} and {b.array.dtype.name} but one is needed; "
                           "convert one with .to(dtype)")
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose: rtol is {rtol} and atol {atol} but both must be at least 0; give larger ones")
    if a.array.dtype not in shapes.FLOATS:
        a, b = cast(a, shapes.FLOAT64), cast(b, shapes.FLOAT64)
    near = apply("isclose", a, b, rtol, atol)
    return near | (apply("isnan", a) & apply("isnan", b)) if equal_nan else near


def bitwise(name: str, *operands: Any) -> Any:
    """`bitwise_and` and its like, of integers and bools."""
    for v in operands:
        dtype = v.array.dtype.name if is_tensor(v) else type(v).__name__
        if dtype.startswith("float"):
            raise RuntimeError(f"{name}: an operand is {dtype} but integers or bools are needed; use x.long()")
    if name == "bitwise_not" and operands[0].array.dtype == shapes.BOOL:
        return apply("logical_not", *operands)
    return apply(name, *operands)


def same_dtype(operation: str, first: Any, *others: Any) -> None:
    """Refuse tensors of different dtypes."""
    for t in others:
        if is_tensor(t) and t.array.dtype != first.array.dtype:
            raise RuntimeError(f"{operation}: dtypes are {first.array.dtype.name} and {t.array.dtype.name} but one is needed; "
                               "convert one with .to(dtype)")


def lerp(a: Any, b: Any, weight: Any) -> Any:
    """a + weight (b - a)."""
    same_dtype("lerp", a, b, weight)
    return apply("lerp", a, b, weight)


def nan_to_num(x: Any, nan: float | None, posinf: float | None, neginf: float | None) -> Any:
    """Numbers in the place of NaN (0) and infinities (the greatest and least finite)."""
    if x.array.dtype not in shapes.FLOATS:
        return Clone()(x)
    most = 3.4028234663852886e38 if x.array.dtype == shapes.FLOAT32 else 1.7976931348623157e308
    return apply("nan_to_num", x, 0.0 if nan is None else nan, most if posinf is None else posinf,
                 -most if neginf is None else neginf)


def addcmul(x: Any, a: Any, b: Any, value: Any) -> Any:
    """x + value a b; integers stay integers."""
    whole = all(t.array.dtype.kind in "iu" for t in (x, a, b))
    return apply("addcmul", x, a, b, int(value) if whole else value)


def addcdiv(x: Any, a: Any, b: Any, value: Any) -> Any:
    """x + value a / b, of floating tensors."""
    if all(t.array.dtype not in shapes.FLOATS for t in (a, b)):
        raise RuntimeError("addcdiv: two tensors of integers are divided but floating ones are needed; use x.float()")
    return apply("addcdiv", x, a, b, value)


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b; both in the dtype they have in common."""
    if condition.array.dtype not in (shapes.BOOL, shapes.UINT8):
        raise RuntimeError(f"where: condition is {condition.array.dtype.name} but bool is needed; use condition.bool()")
    if not is_tensor(a) and not is_tensor(b):
        b = condition.result(kernels(condition.array).upload(np.asarray(b, shapes.promote(a, b))), None)
    return apply("where", condition, a, b)
