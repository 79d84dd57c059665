"""What two tensors, or a tensor and a number, give element by element."""

from __future__ import annotations

from typing import Any

from ..operators import Number, number_or_tensor, only_tensor
from ..ops import arithmetic
from ..ops.elementwise import apply


class Arithmetic:
    """`x.add(y)` and its like."""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any

    def add(self, other: Any, *, alpha: Number = 1) -> Any:
        """self + alpha * other."""
        return arithmetic.scaled("add", self, number_or_tensor("add", other, self), alpha)

    def sub(self, other: Any, *, alpha: Number = 1) -> Any:
        """self - alpha * other."""
        return arithmetic.scaled("sub", self, number_or_tensor("sub", other, self), alpha)

    def rsub(self, other: Any, *, alpha: Number = 1) -> Any:
        """other - alpha * self."""
        return apply("sub", number_or_tensor("rsub", other, self), self if alpha == 1 else apply("mul", self, alpha))

    def mul(self, other: Any) -> Any:
        """self * other."""
        return apply("mul", self, number_or_tensor("mul", other, self))

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Any:
        """self / other; `rounding_mode` "floor" rounds down, "trunc" towards 0, and both keep integers integers."""
        return arithmetic.divide(self, number_or_tensor("div", other, self), rounding_mode)

    def floor_divide(self, other: Any) -> Any:
        """self / other rounded down."""
        return arithmetic.floor_divide(self, number_or_tensor("floor_divide", other, self))

    def remainder(self, other: Any) -> Any:
        """self - other * floor(self / other), which has the sign of `other`."""
        return arithmetic.remainder(self, number_or_tensor("remainder", other, self))

    def fmod(self, other: Any) -> Any:
        """self - other * trunc(self / other), which has the sign of `self`."""
        return arithmetic.fmod(self, number_or_tensor("fmod", other, self))

    def pow(self, exponent: Any) -> Any:
        """self to the power of `exponent`."""
        return arithmetic.power(self, number_or_tensor("pow", exponent, self))

    def addcmul(self, tensor1: Any, tensor2: Any, *, value: Number = 1) -> Any:
        """self + value * tensor1 * tensor2."""
        return arithmetic.addcmul(self, tensor1, tensor2, value)

    def addcdiv(self, tensor1: Any, tensor2: Any, *, value: Number = 1) -> Any:
        """self + value * tensor1 / tensor2."""
        return arithmetic.addcdiv(self, tensor1, tensor2, value)

    def lerp(self, end: Any, weight: Any) -> Any:
        """self + weight * (end - self); `weight` is a number or a tensor."""
        return arithmetic.lerp(self, only_tensor("lerp", end), number_or_tensor("lerp", weight, self))

    def maximum(self, other: Any) -> Any:
        """The greater of two elements; a NaN wins; equal ones share the gradient."""
        return apply("maximum", self, only_tensor("maximum", other))

    def minimum(self, other: Any) -> Any:
        """The lesser of two elements; a NaN wins; equal ones share the gradient."""
        return apply("minimum", self, only_tensor("minimum", other))

    def fmax(self, other: Any) -> Any:
        """The greater of two elements; of a number and NaN, the number."""
        return apply("fmax", self, only_tensor("fmax", other))

    def fmin(self, other: Any) -> Any:
        """The lesser of two elements; of a number and NaN, the number."""
        return apply("fmin", self, only_tensor("fmin", other))

    def atan2(self, other: Any) -> Any:
        """The angle of the point (other, self), in radians from -pi to pi."""
        return apply("atan2", self, only_tensor("atan2", other))

    arctan2 = atan2

    def clamp(self, min: Any = None, max: Any = None) -> Any:
        """min(max(self, min), max); bounds are numbers or tensors, either may be None."""
        return arithmetic.clamp(self, min, max)

    def clamp_min(self, min: Any) -> Any:
        """max(self, min)."""
        return apply("clamp_min", self, min)

    def clamp_max(self, max: Any) -> Any:
        """min(self, max)."""
        return apply("clamp_max", self, max)

    def where(self, condition: Any, other: Any) -> Any:
        """self where the condition holds, else `other`."""
        return arithmetic.where(condition, self, other)

    # ---- comparisons -------------------------------------------------------------------------------------------------

    def eq(self, other: Any) -> Any:
        """self == other, element by element."""
        return apply("eq", self, number_or_tensor("eq", other, self))

    def ne(self, other: Any) -> Any:
        """self != other."""
        return apply("ne", self, number_or_tensor("ne", other, self))

    def lt(self, other: Any) -> Any:
        """self < other."""
        return apply("lt", self, number_or_tensor("lt", other, self))

    def le(self, other: Any) -> Any:
        """self <= other."""
        return apply("le", self, number_or_tensor("le", other, self))

    def gt(self, other: Any) -> Any:
        """self > other."""
        return apply("gt", self, number_or_tensor("gt", other, self))

    def ge(self, other: Any) -> Any:
        """self >= other."""
        return apply("ge", self, number_or_tensor("ge", other, self))

    def isclose(self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
        """|self - other| <= atol + rtol * |other|; NaN is close to NaN only with `equal_nan`."""
        return arithmetic.isclose(self, only_tensor("isclose", other), rtol, atol, equal_nan)

    def allclose(self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
        """Whether all elements are close."""
        return bool(self.isclose(other, rtol, atol, equal_nan).all())

    def equal(self, other: Any) -> bool:
        """Whether shapes and all elements are the same."""
        return self.shape == only_tensor("equal", other).shape and bool(self.eq(other).all())

    # ---- logic and bits ----------------------------------------------------------------------------------------------

    def logical_and(self, other: Any) -> Any:
        """Whether both elements differ from 0."""
        return apply("logical_and", self, only_tensor("logical_and", other))

    def logical_or(self, other: Any) -> Any:
        """Whether one of two elements differs from 0."""
        return apply("logical_or", self, only_tensor("logical_or", other))

    def logical_xor(self, other: Any) -> Any:
        """Whether exactly one of two elements differs from 0."""
        return apply("logical_xor", self, only_tensor("logical_xor", other))

    def logical_not(self) -> Any:
        """Whether an element is 0."""
        return apply("logical_not", self)

    def bitwise_and(self, other: Any) -> Any:
        """The bits of both integers; for bools the logical operation."""
        return arithmetic.bitwise("bitwise_and", self, number_or_tensor("bitwise_and", other, self))

    def bitwise_or(self, other: Any) -> Any:
        """The bits of either integer."""
        return arithmetic.bitwise("bitwise_or", self, number_or_tensor("bitwise_or", other, self))

    def bitwise_xor(self, other: Any) -> Any:
        """The bits of exactly one integer."""
        return arithmetic.bitwise("bitwise_xor", self, number_or_tensor("bitwise_xor", other, self))

    def bitwise_not(self) -> Any:
        """All bits turned over."""
        return arithmetic.bitwise("bitwise_not", self)

    subtract, multiply, divide, true_divide = sub, mul, div, div
    greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
    clip = clamp
