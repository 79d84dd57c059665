"""What a tensor computes along its axes."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import shapes
from ..operators import only_tensor
from ..ops import composite, maximum, scan, statistics
from ..ops.elementwise import apply
from .names import each_by_numpy_names


class MaxResult(NamedTuple):
    """What `x.max(dim)` and `x.min(dim)` return."""

    values: Any
    indices: Any


@each_by_numpy_names
class Reductions:
    """`x.sum(dim)` and its like. `dim`: one axis, several where it says so, or None for all; reduced axes disappear, or stay
    with an extent of 1 if `keepdim`."""

    __slots__ = ()
    array: Any
    detach: Any

    def sum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The sum over one axis or several; integers and bools sum to int64. With `dtype`, elements are converted first."""
        return composite.sum(self, dim, keepdim, dtype)

    def mean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The mean over one axis or several; NaN of nothing."""
        return composite.mean(self, dim, keepdim, dtype)

    def var(self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None) -> Any:
        """The variance over one axis or several: squared distances from the mean, summed and divided by n - correction.
        `unbiased` is a correction of 1, or of 0; `x.var(False)` says just that."""
        dim, correction = statistics.corrected(dim, unbiased, correction)
        return statistics.var_mean("var", self, dim, correction, keepdim)[0]

    def std(self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None) -> Any:
        """The square root of `var`."""
        dim, correction = statistics.corrected(dim, unbiased, correction)
        return statistics.root(statistics.var_mean("std", self, dim, correction, keepdim)[0])

    def norm(self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
        """(sum of |x|**p)**(1 / p) over one axis or several: `p` is a number, inf, -inf, or "fro" for 2;
        "nuc" for the sum of singular values over two axes."""
        return statistics.norm(self, p, dim, keepdim, dtype)

    def logsumexp(self, dim: Any, keepdim: bool = False) -> Any:
        """log(sum of exp(x)) over one axis or several, without overflow."""
        return statistics.logsumexp(self, dim, keepdim)

    def prod(self, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The product over one axis; of integers and bools as int64."""
        return scan.prod(self, dim, keepdim, dtype)

    def cumsum(self, dim: int, *, dtype: Any = None) -> Any:
        """The sums of the first 1, 2, ... elements along `dim`."""
        return scan.cumsum(self, dim, dtype)

    def cumprod(self, dim: int, *, dtype: Any = None) -> Any:
        """The products of the first 1, 2, ... elements along `dim`."""
        return scan.cumprod(self, dim, dtype)

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The greatest element, or (values, indices) of the greatest elements along `dim`; with a tensor, `maximum`."""
        return self._extreme("max", "maximum", dim, keepdim)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The least element, or (values, indices) of the least elements along `dim`; with a tensor, `minimum`."""
        return self._extreme("min", "minimum", dim, keepdim)

    def _extreme(self, name: str, of_two: str, dim: Any, keepdim: bool) -> Any:
        if dim is None:
            return maximum.extreme_of_all(name, self)
        if not isinstance(dim, int):
            return apply(of_two, self, only_tensor(name, dim))
        return MaxResult(*maximum.extreme(name, self, dim, keepdim))

    def amax(self, dim: Any = (), keepdim: bool = False) -> Any:
        """The greatest elements over one axis or several; equal ones share the gradient evenly."""
        return maximum.extreme_over("amax", self, dim, keepdim)

    def amin(self, dim: Any = (), keepdim: bool = False) -> Any:
        """The least elements over one axis or several; equal ones share the gradient evenly."""
        return maximum.extreme_over("amin", self, dim, keepdim)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Where the greatest element is: in the flattened tensor, or along `dim`; the first of equal ones."""
        return self._place("max", dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Where the least element is: in the flattened tensor, or along `dim`; the first of equal ones."""
        return self._place("min", dim, keepdim)

    def _place(self, name: str, dim: int | None, keepdim: bool) -> Any:
        if self.array.dtype == shapes.BOOL:
            raise RuntimeError(f"arg{name}: dtype bool is given but numbers are needed; use x.int()")
        x = self.detach()
        if dim is not None:
            return maximum.extreme(name, x, dim, keepdim)[1]
        found = maximum.extreme(name, x.reshape(-1), 0)[1]
        return found.reshape((1,) * x.ndim) if keepdim else found

    def any(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Whether an element differs from 0, over one axis or several."""
        return statistics.any(self, dim, keepdim)

    def all(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Whether no element is 0, over one axis or several."""
        return statistics.all(self, dim, keepdim)

    def count_nonzero(self, dim: Any = None) -> Any:
        """How many elements differ from 0, over one axis or several."""
        return statistics.count_nonzero(self, dim)
