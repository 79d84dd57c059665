"""Sum and max over axes."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..arrays import strided, view
from ..autograd import Function
from ..devices import kernels
from . import layout
from .shape import expand, reshape


def _grouped(x: Any, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """(x as (kept, reduced, kept, reduced), the kept axes in the memory order of the result)."""
    found = shapes.reduction(x.shape, x.strides, axes)
    if found is not None:
        extents, strides, kept = found
        return strided(x, extents, strides), kept
    kept = tuple(k for k in range(x.ndim) if k not in axes)
    rows = layout.contiguous(x.transpose(kept + axes))  # they take turns too often: bring the reduced ones to the end
    found = shapes.reduction(rows.shape, rows.strides, tuple(range(len(kept), x.ndim)))
    assert found is not None
    extents, strides, _ = found
    return strided(rows, extents, strides), kept


def _logical(out: Any, kept: tuple[int, ...]) -> Any:
    """A result whose axes are `kept`, in logical order."""
    return out.transpose(tuple(sorted(range(len(kept)), key=kept.__getitem__)))


class Sum(Function):
    """The sum over `axes`, which disappear; integers and bools sum to int64."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        rows, kept = _grouped(x, self.axes)
        k = kernels(x)
        out = k.empty(tuple(x.shape[a] for a in kept), x.dtype if x.dtype in shapes.FLOATS else shapes.INT64)
        k.reduce.sum(view(out, (rows.shape[0], rows.shape[2])), rows)
        return _logical(out, kept)

    def backward(self, g: Any) -> Any:
        return expand(reshape(g, shapes.without(self.shape, self.axes)), self.shape)


class Max(Function):
    """(the greatest elements along `axis`, their places): the first one counts, a NaN wins. The axis disappears."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        rows, kept = _grouped(x, (self.axis,))
        k = kernels(x)
        extents = tuple(x.shape[a] for a in kept)
        out, index = k.empty(extents, x.dtype), k.empty(extents, shapes.INT64)
        pair = rows.shape[0], rows.shape[2]
        k.reduce.max(view(out, pair), view(index, pair), rows)
        self.index = _logical(index, kept)
        return _logical(out, kept), self.index

    def backward(self, g: Any, _: None) -> Any:
        from .composite import at_index  # a composition of operations that stand on this file

        return at_index(g, g.result(self.index, None), self.axis, self.shape)


class MaxAll(Function):
    """The greatest element of a vector; equal ones share the gradient."""

    saves = ("x", "out")

    def forward(self, x: Any) -> Any:
        k = kernels(x)
        out, index = k.empty((), x.dtype), k.empty((), shapes.INT64)
        rows, _ = _grouped(x, (0,))
        k.reduce.max(view(out, (1, 1)), view(index, (1, 1)), rows)
        return out

    def backward(self, g: Any) -> Any:
        from .elementwise import apply, cast  # element-wise operations stand on sum_to

        here = cast(apply("eq", self.x, self.out), g.data.dtype)  # type: ignore[attr-defined]
        return here * (g / Sum((0,))(here))


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting `shape` to the shape of `g`: the sum over what was stretched."""
    if g.data.shape == shape:
        return g
    lead, inner = shapes.stretched(shape, g.data.shape)
    return reshape(Sum(lead + inner)(g), shape)
