"""The sum over axes and expansion, each other's adjoints."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import shapes
from ..arrays import strided, view
from ..autograd import Function
from ..devices import kernels
from . import layout
from .shape import reshape


def grouped(x: Any, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
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


def logical(out: Any, kept: tuple[int, ...]) -> Any:
    """A result whose axes are `kept`, in logical order."""
    return out.transpose(tuple(sorted(range(len(kept)), key=kept.__getitem__)))


class Sum(Function):
    """The sum over `axes`, which disappear; integers and bools sum to int64."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        rows, kept = grouped(x, self.axes)
        k = kernels(x)
        out = k.empty(tuple(x.shape[a] for a in kept), x.dtype if x.dtype in shapes.FLOATS else shapes.INT64)
        k.reduce.sum(view(out, (rows.shape[0], rows.shape[2])), rows)
        return logical(out, kept)

    def backward(self, g: Any) -> Any:
        return expand(reshape(g, shapes.without(self.shape, self.axes)), self.shape)


class Expand(Function):
    """Broadcast to a larger shape; a view whose stretched axes have stride 0."""

    view = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        self.source = x.shape
        return layout.stretch(x, self.shape)

    def backward(self, g: Any) -> Any:
        return sum_to(g, self.source)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting `shape` to the shape of `g`: the sum over what was stretched."""
    if g.array.shape == shape:
        return g
    lead, inner = shapes.stretched(shape, g.array.shape)
    return reshape(Sum(lead + inner)(g), shape)


def expand(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` broadcast to `shape`; `x` itself if it has it."""
    if x.array.shape == shape:
        return x
    shapes.same("expand", "shape", shapes.broadcast("expand", x.array.shape, shape), shape, "stretch only extents of 1")
    return Expand(shape)(x)


def rectified(g: Any, y: Any) -> tuple[Any, Any]:
    """The gradients (in x, in bias) of y = max(x + bias, 0), whose bias lies along axis 1: one kernel, first order."""
    rows = layout.last(g.array)
    k, flat = kernels(rows), (prod(rows.shape[:-1]), rows.shape[-1])
    out, sums = k.empty(rows.shape, rows.dtype), k.empty(rows.shape[-1:], rows.dtype)
    k.reduce.rectified(view(out, flat), sums, view(rows, flat), view(layout.last(y.array), flat))
    return g.result(layout.first(out), None), g.result(sums, None)
