"""Methods that are compositions of others."""

from __future__ import annotations

from math import pi
from typing import Any, NamedTuple

from .. import shapes
from ..defaults import get_default_dtype
from ..operators import only_tensor
from ..ops.elementwise import apply, cast, floating
from .names import each_by_numpy_names


class AminmaxResult(NamedTuple):
    """What `x.aminmax()` returns."""

    min: Any
    max: Any


@each_by_numpy_names
class Composed:
    """`x.diff()`, `x.nansum()` and their like."""

    __slots__ = ()
    array: Any
    abs: Any
    amax: Any
    amin: Any
    clamp: Any
    detach: Any
    diagonal: Any
    isnan: Any
    log: Any
    maximum: Any
    minimum: Any
    narrow: Any
    size: Any
    sum: Any

    def diff(self, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
        """Each element less the one before it along `dim`, `n` times; `prepend` and `append` are joined to the tensor first."""
        from ..ops.arrange import joined

        if n < 0:
            raise shapes.ShapeError(f"diff: n is {n} but must be at least 0; use 1")
        if n == 0:
            return self
        parts = [t for t in (prepend, self, append) if t is not None]
        x: Any = joined("diff", parts, dim) if len(parts) > 1 else self
        for _ in range(n):
            most = max(x.size(dim) - 1, 0)
            later, earlier = x.narrow(dim, min(1, x.size(dim)), most), x.narrow(dim, 0, most)
            x = later.logical_xor(earlier) if x.dtype == shapes.BOOL else later - earlier
        return x

    def nansum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The sum of what is no NaN."""
        numbers: Any = apply("where", self.isnan(), 0.0, self) if self.array.dtype in shapes.FLOATS else self
        return numbers.sum(dim, keepdim, dtype=dtype)

    def nanmean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The mean of what is no NaN."""
        floating("nanmean", self)
        return self.nansum(dim, keepdim, dtype=dtype) / self.isnan().logical_not().sum(dim, keepdim)

    def aminmax(self, *, dim: int | None = None, keepdim: bool = False) -> AminmaxResult:
        """(least, greatest) over one axis, or all."""
        axes: Any = () if dim is None else dim
        return AminmaxResult(self.amin(axes, keepdim), self.amax(axes, keepdim))

    def trace(self) -> Any:
        """The sum of a matrix's diagonal."""
        if self.array.ndim != 2:
            raise shapes.ShapeError(f"trace: shape {self.array.shape} has {self.array.ndim} axes but 2 are needed; reshape it")
        return self.diagonal().sum()

    def logit(self, eps: float | None = None) -> Any:
        """log(x / (1 - x)), the inverse of sigmoid, of x between `eps` and 1 - `eps`."""
        x: Any = self if self.array.dtype in shapes.FLOATS else cast(self, get_default_dtype())
        return apply("logit", x if eps is None else x.clamp(eps, 1 - eps))

    def logaddexp(self, other: Any) -> Any:
        """log(exp(x) + exp(other)), without overflow."""
        top, low = self.maximum(other), self.minimum(other)
        apart = apply("where", top == low, 0.0, low - top)  # of equal infinities there is no difference
        return top + apart.exp().log1p()

    def hypot(self, other: Any) -> Any:
        """sqrt(x^2 + other^2), without overflow."""
        floating("hypot", other if only_tensor("hypot", other).dtype in shapes.FLOATS else self)
        return apply("hypot", self, other)

    def positive(self) -> Any:
        """The tensor itself, which is no bool."""
        if self.array.dtype == shapes.BOOL:
            raise RuntimeError("positive: dtype bool is given but numbers are needed; use x.int()")
        return self

    def deg2rad(self) -> Any:
        """Degrees in radians."""
        return self * (pi / 180)  # type: ignore[operator]  # of a Tensor

    def rad2deg(self) -> Any:
        """Radians in degrees."""
        return self * (180 / pi)  # type: ignore[operator]  # of a Tensor

    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Any:
        """How many elements lie in each of `bins` intervals of equal width from `min` to `max`, or if both are equal from the
        least to the greatest; what lies outside is not counted."""
        if bins <= 0 or max < min:
            raise RuntimeError(f"histc: bins is {bins}, min {min} and max {max}; give bins above 0 and the lesser bound first")
        floating("histc", self)
        x: Any = self.detach().reshape(-1)
        low, high = (min, max) if min != max else (x.min().item(), x.max().item()) if x.numel() else (0, 1)
        low, high = (low - 1, high + 1) if low == high else (low, high)
        inside = (x >= low) & (x <= high)
        place = ((x - low) * (bins / (high - low))).long().clamp(0, bins - 1)
        return x.new_zeros(bins).scatter_add(0, place, inside.to(x.dtype))
