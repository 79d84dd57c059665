"""Functions of single elements, of one tensor or several."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..creation import tensor, written
from ..operators import beside, number_or_tensor
from ..ops import arithmetic
from ..ops.elementwise import apply
from ..tensor import Tensor
from .method import method


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; tensors or numbers, broadcast, in the dtype they have in common.
    The condition alone: the indices at which it holds, a tensor for each axis."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return arithmetic.where(condition, beside(input, condition), beside(other, condition))


def _either(name: str, operation: Callable[..., Any], alone: bool = False) -> Any:
    """The function that calls the method `name`, or the operation if its first operand is a number beside a tensor; if it may
    stand `alone`, beside a number."""
    of_tensor = method(name)

    @wraps(of_tensor)
    def function(input: Any, *arguments: Any, out: Tensor | None = None, **options: Any) -> Any:
        like = next((v for v in (*arguments, *options.values()) if isinstance(v, Tensor)), None)
        if isinstance(input, Tensor) or like is None:
            given = tensor(input) if alone and isinstance(input, (int, float)) else input
            return of_tensor(given, *arguments, out=out, **options)
        result = operation(number_or_tensor(name, input, like), *arguments, **options)
        return result if out is None else written(name, result, out)

    return function


add = _either("add", lambda a, other, *, alpha=1: arithmetic.scaled("add", a, other, alpha), True)
sub = _either("sub", lambda a, other, *, alpha=1: arithmetic.scaled("sub", a, other, alpha), True)
mul = _either("mul", lambda a, other: apply("mul", a, other), True)
div = _either("div", lambda a, other, *, rounding_mode=None: arithmetic.divide(a, other, rounding_mode), True)
floor_divide = _either("floor_divide", lambda a, other: arithmetic.floor_divide(a, other), True)
remainder = _either("remainder", lambda a, other: arithmetic.remainder(a, other))
pow = _either("pow", lambda a, exponent: arithmetic.power(a, exponent))
bitwise_and = _either("bitwise_and", lambda a, other: arithmetic.bitwise("bitwise_and", a, other))
bitwise_or = _either("bitwise_or", lambda a, other: arithmetic.bitwise("bitwise_or", a, other))
bitwise_xor = _either("bitwise_xor", lambda a, other: arithmetic.bitwise("bitwise_xor", a, other))
subtract, multiply, divide, true_divide = sub, mul, div, div
rsub, fmod = map(method, ("rsub", "fmod"))
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
erf, erfc, erfinv, sigmoid, relu = map(method, ("erf", "erfc", "erfinv", "sigmoid", "relu"))
eq, ne, lt, le, gt, ge = map(method, ("eq", "ne", "lt", "le", "gt", "ge"))
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
isclose, allclose, equal = map(method, ("isclose", "allclose", "equal"))
isnan, isinf, isfinite, nan_to_num = map(method, ("isnan", "isinf", "isfinite", "nan_to_num"))
logical_and, logical_or, logical_xor, logical_not = map(
    method, ("logical_and", "logical_or", "logical_xor", "logical_not"))
bitwise_not = method("bitwise_not")
