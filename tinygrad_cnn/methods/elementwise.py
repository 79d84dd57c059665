"""What a tensor computes element by element."""

from __future__ import annotations

from typing import Any

from ..ops import arithmetic
from ..ops.elementwise import apply, converted
from ..ops.softmax import log_softmax, softmax
from .names import each_by_numpy_names


@each_by_numpy_names
class Elementwise:
    """`x.exp()` and its like."""

    __slots__ = ()
    array: Any

    def abs(self) -> Any:
        """|x|."""
        return apply("abs", self)

    def sign(self) -> Any:
        """-1, 0 or 1; 0 for a NaN."""
        return apply("sign", self)

    def square(self) -> Any:
        """x * x."""
        return arithmetic.power(self, 2)

    def reciprocal(self) -> Any:
        """1 / x."""
        return apply("reciprocal", self)

    def sqrt(self) -> Any:
        """The square root of each element."""
        return apply("sqrt", self)

    def rsqrt(self) -> Any:
        """1 / sqrt(x)."""
        return apply("rsqrt", self)

    def exp(self) -> Any:
        """e to the power of each element."""
        return apply("exp", self)

    def exp2(self) -> Any:
        """2 to the power of each element."""
        return apply("exp2", self)

    def expm1(self) -> Any:
        """exp(x) - 1, exact for small x too."""
        return apply("expm1", self)

    def log(self) -> Any:
        """The natural logarithm of each element."""
        return apply("log", self)

    def log2(self) -> Any:
        """The logarithm to base 2."""
        return apply("log2", self)

    def log10(self) -> Any:
        """The logarithm to base 10."""
        return apply("log10", self)

    def log1p(self) -> Any:
        """log(1 + x), exact for small x too."""
        return apply("log1p", self)

    def sin(self) -> Any:
        """The sine of an angle in radians."""
        return apply("sin", self)

    def cos(self) -> Any:
        """The cosine of an angle in radians."""
        return apply("cos", self)

    def tan(self) -> Any:
        """The tangent of an angle in radians."""
        return apply("tan", self)

    def asin(self) -> Any:
        """The angle, in radians, whose sine it is."""
        return apply("asin", self)

    def acos(self) -> Any:
        """The angle whose cosine it is."""
        return apply("acos", self)

    def atan(self) -> Any:
        """The angle whose tangent it is."""
        return apply("atan", self)

    def sinh(self) -> Any:
        """The hyperbolic sine."""
        return apply("sinh", self)

    def cosh(self) -> Any:
        """The hyperbolic cosine."""
        return apply("cosh", self)

    def tanh(self) -> Any:
        """The hyperbolic tangent."""
        return apply("tanh", self)

    def asinh(self) -> Any:
        """The inverse of `sinh`."""
        return apply("asinh", self)

    def acosh(self) -> Any:
        """The inverse of `cosh`."""
        return apply("acosh", self)

    def atanh(self) -> Any:
        """The inverse of `tanh`."""
        return apply("atanh", self)

    def erf(self) -> Any:
        """The error function, 2 / sqrt(pi) times the integral of exp(-t t) from 0 to x."""
        return apply("erf", self)

    def erfc(self) -> Any:
        """1 - erf(x), exact for large x too."""
        return apply("erfc", self)

    def erfinv(self) -> Any:
        """The number whose error function it is; infinite at -1 and 1, NaN beyond."""
        return apply("erfinv", self)

    def relu(self) -> Any:
        """max(x, 0)."""
        return apply("relu", self)

    def sigmoid(self) -> Any:
        """1 / (1 + exp(-x))."""
        return apply("sigmoid", self)

    def neg(self) -> Any:
        """-x."""
        return apply("neg", self)

    def floor(self) -> Any:
        """The greatest integer that is not above x."""
        return arithmetic.rounded("floor", self)

    def ceil(self) -> Any:
        """The least integer that is not below x."""
        return arithmetic.rounded("ceil", self)

    def trunc(self) -> Any:
        """The integer part of x."""
        return arithmetic.rounded("trunc", self)

    def frac(self) -> Any:
        """x - trunc(x)."""
        return arithmetic.frac(self)

    def round(self, *, decimals: int = 0) -> Any:
        """The nearest number of so many `decimals`; of two that are as near, the even one."""
        return arithmetic.round(self, decimals)

    def nan_to_num(self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Any:
        """Numbers in the place of NaN (0) and the infinities (the greatest and the least finite number)."""
        return arithmetic.nan_to_num(self, nan, posinf, neginf)

    def isnan(self) -> Any:
        """Whether an element is NaN."""
        return apply("isnan", self)

    def isinf(self) -> Any:
        """Whether an element is infinite."""
        return apply("isinf", self)

    def isfinite(self) -> Any:
        """Whether an element is neither NaN nor infinite."""
        return apply("isfinite", self)

    def softmax(self, dim: int, dtype: Any = None) -> Any:
        """exp(x) divided by its sum along `dim`; with `dtype`, x is converted first."""
        return softmax(converted("softmax", self, dtype), dim)

    def log_softmax(self, dim: int, dtype: Any = None) -> Any:
        """The logarithm of `softmax`, computed without overflow."""
        return log_softmax(converted("log_softmax", self, dtype), dim)

    absolute, negative, fix = abs, neg, trunc
    arcsin, arccos, arctan = asin, acos, atan
