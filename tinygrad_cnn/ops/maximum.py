"""The greatest and the least elements, along an axis with their places, or over several. Kernels: extreme.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from .elementwise import apply, cast
from .reduce import Sum, expand, grouped, logical
from .shape import Clone, reshape


class Max(Function):
    """(the greatest elements along `axis`, their places): the first one counts, a NaN wins. The axis disappears."""

    entry = "max"

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        rows, kept = grouped(x, (self.axis,))
        k = kernels(x)
        extents = tuple(x.shape[a] for a in kept)
        out, index = k.empty(extents, x.dtype), k.empty(extents, shapes.INT64)
        pair = rows.shape[0], rows.shape[2]
        if out.size:
            getattr(k.extreme, self.entry)(view(out, pair), view(index, pair), rows)
        self.index = logical(index, kept)
        return logical(out, kept), self.index

    def backward(self, g: Any, _: None) -> Any:
        return at_index(g, g.result(self.index, None), self.axis, self.shape)


class Min(Max):
    """(the least elements along `axis`, their places): the first one counts, a NaN wins. The axis disappears."""

    entry = "min"


class Amax(Function):
    """The greatest elements over `axes`, which disappear; a NaN wins; equal ones share the gradient."""

    saves = ("x", "out")
    entry = "amax"

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes

    def forward(self, x: Any) -> Any:
        rows, kept = grouped(x, self.axes)
        k = kernels(x)
        out = k.empty(tuple(x.shape[a] for a in kept), x.dtype)
        if out.size:
            getattr(k.extreme, self.entry)(view(out, (rows.shape[0], rows.shape[2])), rows)
        return logical(out, kept)

    def backward(self, g: Any) -> Any:
        x, inner = self.x, shapes.without(self.x.array.shape, self.axes)  # type: ignore[attr-defined]
        here = cast(apply("eq", x, reshape(self.out, inner)), g.array.dtype)  # type: ignore[attr-defined]
        return here * reshape(g / Sum(self.axes)(here), inner)


class Amin(Amax):
    """The least elements over `axes`, which disappear; a NaN wins; equal ones share the gradient."""

    entry = "amin"


def at_index(g: Any, index: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` at the places `index` names along `axis`: the adjoint of picking them."""
    inner = shapes.without(shape, (axis,))
    places = np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    here = apply("eq", reshape(index, inner), g.result(kernels(g.array).upload(places), None))
    return apply("where", here, expand(reshape(g, inner), shape), 0.0)


def extreme(name: str, x: Any, axis: int, keepdim: bool = False) -> tuple[Any, Any]:
    """(values, indices) of `max` or `min` along `axis`; the first one counts, a NaN wins."""
    axis = shapes.axis(name, axis, x.array.ndim)
    not_empty(name, x.array.shape, (axis,))
    if not x.array.ndim:
        return Clone()(x), apply("mul", cast(apply("isnan", x), shapes.INT64), 0)
    values, index = (Max if name == "max" else Min)(axis)(x)
    if keepdim:
        shape = shapes.without(x.array.shape, (axis,))
        return reshape(values, shape), reshape(index, shape)
    return values, index


def extreme_over(name: str, x: Any, axis: Any = None, keepdim: bool = False) -> Any:
    """The greatest (`amax`) or least (`amin`) elements over axes; equal ones share the gradient."""
    axes = shapes.axes(name, axis, x.array.ndim)
    if not x.array.size and axis in (None, ()):
        raise shapes.ShapeError(f"{name}: shape {x.array.shape} has no elements but at least one is needed; name an axis")
    not_empty(name, x.array.shape, axes)
    out = (Amax if name == "amax" else Amin)(axes)(x)
    return reshape(out, shapes.without(x.array.shape, axes)) if keepdim else out


def extreme_of_all(name: str, x: Any) -> Any:
    """The greatest (`max`) or the least (`min`) element; equal ones share its gradient."""
    if not x.array.size:
        raise shapes.ShapeError(f"{name}: shape {x.array.shape} has no elements but at least one is needed; name an axis")
    return (Amax if name == "max" else Amin)(tuple(range(x.array.ndim)))(x)


def not_empty(operation: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """Refuse to look for an extreme where there is nothing."""
    for axis in axes:
        if shape and not shape[axis]:
            raise IndexError(f"{operation}: axis {axis} of shape {shape} has extent 0 but at least 1 is needed; "
                             "reduce another axis")
