"""Functions of single elements, of one tensor or several."""

from __future__ import annotations

from typing import Any

from ..operators import beside
from ..ops import arithmetic as _arithmetic
from ..tensor import Tensor
from .method import method


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; tensors or numbers, broadcast, in the dtype they have in common.
    The condition alone: the indices at which it holds, a tensor for each axis."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return _arithmetic.where(condition, beside(input, condition), beside(other, condition))


def pow(input: Any, exponent: Any) -> Tensor:
    """`input` to the power of `exponent`; one of them may be a number."""
    return _either("pow", input, exponent)


def remainder(input: Any, other: Any) -> Tensor:
    """input - other * floor(input / other); one of them may be a number."""
    return _either("remainder", input, other)


def _either(name: str, a: Any, b: Any) -> Tensor:
    if isinstance(a, Tensor) or not isinstance(b, Tensor):
        return method(name)(a, b)
    return getattr(_arithmetic, {"pow": "power"}.get(name, name))(beside(a, b), b)


add, sub, rsub, mul, div = map(method, ("add", "sub", "rsub", "mul", "div"))
subtract, multiply, divide, true_divide = sub, mul, div, div
floor_divide, fmod = map(method, ("floor_divide", "fmod"))
addcmul, addcdiv, lerp = map(method, ("addcmul", "addcdiv", "lerp"))
neg, abs, sign, square, reciprocal = map(method, ("neg", "abs", "sign", "square", "reciprocal"))
negative, absolute = neg, abs
floor, ceil, trunc, frac, round = map(method, ("floor", "ceil", "trunc", "frac", "round"))
fix = trunc
clamp, clamp_min, clamp_max = map(method, ("clamp", "clamp_min", "clamp_max"))
clip = clamp
maximum, minimum, fmax, fmin = map(method, ("maximum", "minimum", "fmax", "fmin"))
sqrt, rsqrt, exp, exp2, expm1 = map(method, ("sqrt", "rsqrt", "exp", "exp2", "expm1"))
log, log2, log10, log1p = map(method, ("log", "log2", "log10", "log1p"))
sin, cos, tan, asin, acos, atan, atan2 = map(method, ("sin", "cos", "tan", "asin", "acos", "atan", "atan2"))
arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
sinh, cosh, tanh, asinh, acosh, atanh = map(method, ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"))
erf, erfc, sigmoid, relu = map(method, ("erf", "erfc", "sigmoid", "relu"))
eq, ne, lt, le, gt, ge = map(method, ("eq", "ne", "lt", "le", "gt", "ge"))
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
isclose, allclose, equal = map(method, ("isclose", "allclose", "equal"))
isnan, isinf, isfinite, nan_to_num = map(method, ("isnan", "isinf", "isfinite", "nan_to_num"))
logical_and, logical_or, logical_xor, logical_not = map(
    method, ("logical_and", "logical_or", "logical_xor", "logical_not"))
bitwise_and, bitwise_or, bitwise_xor, bitwise_not = map(
    method, ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"))
