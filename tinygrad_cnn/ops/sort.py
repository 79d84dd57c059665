"""Sorting along an axis, and what follows from it. Kernels: sort.py, gather.py, segments.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import indices, shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from . import layout
from .elementwise import apply, cast
from .index import Index
from .making import filled
from .maximum import Max
from .select import gather, scatter_add
from .shape import reshape

SELECTED = 32
"""How many elements `topk` keeps in a list; more are found by sorting all."""


class Sort(Function):
    """(x in rising or falling order along `axis`, the places where its elements were). Equal elements keep their order;
    NaN is above all numbers. Only the first `count` of the order, if given."""

    def __init__(self, axis: int, descending: bool = False, count: int | None = None) -> None:
        self.axis, self.descending, self.count = axis, descending, count

    def forward(self, x: Any) -> Any:
        rows = layout.contiguous(layout.moved(x, self.axis, -1))
        k, self.shape = kernels(x), x.shape
        length = rows.shape[-1]
        count = length if self.count is None else self.count
        shape, lines = (*rows.shape[:-1], count), x.size // max(length, 1)
        out, index = k.empty(shape, x.dtype), k.empty(shape, shapes.INT64)
        pair, source = (view(out, (lines, count)), view(index, (lines, count))), view(rows, (lines, length))
        if count < length:
            k.sort.top(*pair, source, self.descending)
        else:
            k.sort.sort(*pair, source, self.descending)
        self.index = layout.moved(index, -1, self.axis)
        return layout.moved(out, -1, self.axis), self.index

    def backward(self, g: Any, _: None) -> Any:
        zeros = filled(g, self.shape, 0)
        return scatter_add(zeros, self.axis, g.result(self.index, None), g)


def sort(x: Any, dim: int, descending: bool) -> tuple[Any, Any]:
    """(values, indices) along an axis."""
    axis = shapes.axis("sort", dim, x.array.ndim)
    if x.array.ndim:
        return Sort(axis, descending)(x)
    values, index = Sort(0, descending)(reshape(x, (1,)))
    return reshape(values, ()), reshape(index, ())


def topk(x: Any, count: int, dim: int, largest: bool) -> tuple[Any, Any]:
    """(values, indices) of the `count` greatest or least elements along an axis, in order."""
    axis = shapes.axis("topk", dim, x.array.ndim)
    _numbers("topk", x)
    extent = x.array.shape[axis] if x.array.ndim else 1
    if not 0 <= count <= extent:
        raise shapes.ShapeError(f"topk: k is {count} but axis {axis} of shape {x.array.shape} has {extent} elements; use "
                                f"0 to {extent}")
    if 0 < count < min(extent, SELECTED):
        return Sort(axis, largest, count)(x)
    values, index = sort(x, axis, largest)
    if not x.array.ndim:
        return values, index
    key = (*(slice(None),) * axis, slice(0, count))
    return Index(key)(values), Index(key)(index)


def kth(operation: str, x: Any, count: int, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """(value, index) of the element that stands at place `count`, from 1 on, in rising order."""
    axis = shapes.axis(operation, dim, x.array.ndim)
    _numbers(operation, x)
    extent = x.array.shape[axis] if x.array.ndim else 1
    if not 1 <= count <= extent:
        raise indices.BoundsError(f"{operation}: k is {count} but axis {axis} of shape {x.array.shape} has {extent} elements; "
                                  f"use 1 to {extent}")
    found = sort(x, axis, False)
    return _at(found, axis, count - 1, keepdim)


def _at(found: tuple[Any, Any], axis: int, place: int, keepdim: bool) -> tuple[Any, Any]:
    """One place along an axis of (values, indices)."""
    values, index = found
    if not values.array.ndim:
        return found
    key = (*(slice(None),) * axis, slice(place, place + 1) if keepdim else place)
    return Index(key)(values), Index(key)(index)


def _numbers(operation: str, x: Any) -> None:
    if x.array.dtype == shapes.BOOL:
        raise shapes.KindError(f"{operation}: the tensor has dtype bool but numbers are needed; use x.int()")


def median_all(x: Any) -> Any:
    """The lower middle element of all; of none NaN, or the least integer."""
    _numbers("median", x)
    if x.array.size:
        return median(reshape(x, (x.array.size,)), 0, False)[0]
    return filled(x, (), float("nan") if x.array.dtype in shapes.FLOATS else int(np.iinfo(x.array.dtype).min))


def median(x: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """(value, index) of the lower middle element along an axis; the first NaN where there is one."""
    axis = shapes.axis("median", dim, x.array.ndim)
    _numbers("median", x)
    extent = x.array.shape[axis] if x.array.ndim else 1
    if not extent:
        raise IndexError(f"median: axis {axis} of shape {x.array.shape} has extent 0 but at least 1 is needed; reduce another "
                         "axis")
    _, index = sort(x.result(x.array, None), axis, False)
    middle = _at((index, index), axis, (extent - 1) // 2, True)[0]
    if x.array.dtype in shapes.FLOATS:
        missing = apply("ne", x, x)
        missing = missing if x.array.ndim else reshape(missing, (1,))
        values, first = Max(axis if x.array.ndim else 0)(cast(missing, x.array.dtype))
        kept = middle.array.shape
        middle = apply("where", reshape(cast(values, shapes.BOOL), kept), reshape(first, kept), middle)
    value = gather(x, axis, middle)
    if keepdim or not x.array.ndim:
        return value, middle
    shape = x.array.shape[:axis] + x.array.shape[axis + 1:]
    return reshape(value, shape), reshape(middle, shape)
