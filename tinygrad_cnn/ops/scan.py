"""Running sums and products along an axis, and the product over axes."""

from __future__ import annotations

from math import prod as product
from typing import Any

from .. import shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from . import layout
from .concat import Concat
from .elementwise import apply, converted
from .index import Index
from .shape import Clone, Permute, reshape


class CumSum(Function):
    """y[i] = x[0] + ... + x[i] along `axis`; with `reverse` x[i] + ... + x[last]."""

    def __init__(self, axis: int, reverse: bool = False) -> None:
        self.axis, self.reverse = axis, reverse

    def forward(self, x: Any) -> Any:
        x = layout.contiguous(x)
        k = kernels(x)
        out = k.empty(x.shape, x.dtype)
        if out.size:
            three = product(x.shape[:self.axis]), x.shape[self.axis], product(x.shape[self.axis + 1:])
            k.scan.cumsum(view(out, three), view(x, three), self.reverse)
        return out

    def backward(self, g: Any) -> Any:
        return CumSum(self.axis, not self.reverse)(g)


def _widened(operation: str, x: Any, dtype: Any) -> Any:
    """`x` as `dtype`; without one, integers and bools as int64."""
    narrow = dtype is None and x.array.dtype not in shapes.FLOATS
    return converted(operation, x, shapes.INT64 if narrow else dtype)


def cumsum(x: Any, axis: int, dtype: Any = None) -> Any:
    """The sums of the first 1, 2, ... elements along `axis`."""
    axis = shapes.axis("cumsum", axis, x.array.ndim)
    x = _widened("cumsum", x, dtype)
    return CumSum(axis)(x) if x.array.ndim else Clone()(x)


def cumprod(x: Any, axis: int, dtype: Any = None) -> Any:
    """The products of the first 1, 2, ... elements along `axis`: of 2, then of 4, of 8, ... neighbors (Hillis and Steele,
    1986), so that the gradient is right where elements are 0."""
    axis = shapes.axis("cumprod", axis, x.array.ndim)
    x = _widened("cumprod", x, dtype)
    reach, length = 1, x.array.shape[axis] if x.array.ndim else 1
    while reach < length:
        far = _part(x, axis, reach, length) * _part(x, axis, 0, length - reach)
        x, reach = Concat(axis)(_part(x, axis, 0, reach), far), 2 * reach
    return Clone()(x) if length < 2 else x


def prod(x: Any, axis: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The product over one axis, or over all for None: of pairs, then of pairs of these, so that the gradient is right where
    elements are 0."""
    x = _widened("prod", x, dtype)
    shape = x.array.shape
    axes = shapes.axes("prod", axis, len(shape))
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    rows = reshape(Permute(axes + kept)(x), (product(shape[k] for k in axes), *(shape[k] for k in kept)))
    out = reshape(_halved(rows), tuple(shape[k] for k in kept))
    return reshape(out, shapes.without(shape, axes)) if keepdim else out


def _halved(rows: Any) -> Any:
    """The product over the first axis, as an axis of 1."""
    if not rows.array.shape[0]:
        return apply("add", rows.sum(0), 1)
    left = None
    while (count := rows.array.shape[0]) > 1:
        half = count // 2
        if count % 2:
            last = _part(rows, 0, count - 1, count)
            left = last if left is None else left * last
        rows = _part(rows, 0, 0, half) * _part(rows, 0, half, 2 * half)
    return Clone()(rows) if left is None and rows.node is None else rows if left is None else rows * left


def _part(x: Any, axis: int, start: int, end: int) -> Any:
    return Index((slice(None),) * axis + (slice(start, end),))(x)
