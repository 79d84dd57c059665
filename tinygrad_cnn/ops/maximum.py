"""The greatest element along an axis, or of all. Kernels: reduce.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from . import layout
from .elementwise import apply, cast
from .reduce import Sum, expand, grouped, logical
from .shape import reshape

ROW = 4096
"""Elements of a long vector that are searched as one row: rows are searched side by side."""


class Max(Function):
    """(the greatest elements along `axis`, their places): the first one counts, a NaN wins. The axis disappears."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        rows, kept = grouped(x, (self.axis,))
        k = kernels(x)
        extents = tuple(x.shape[a] for a in kept)
        out, index = k.empty(extents, x.dtype), k.empty(extents, shapes.INT64)
        pair = rows.shape[0], rows.shape[2]
        k.reduce.max(view(out, pair), view(index, pair), rows)
        self.index = logical(index, kept)
        return logical(out, kept), self.index

    def backward(self, g: Any, _: None) -> Any:
        return at_index(g, g.result(self.index, None), self.axis, self.shape)


class MaxAll(Function):
    """The greatest element of a vector; equal ones share the gradient."""

    saves = ("x", "out")

    def forward(self, x: Any) -> Any:
        x = layout.contiguous(x)
        whole = x.size // ROW
        if whole < 2:
            return view(_greatest(view(x, (1, x.size))), ())
        firsts = _greatest(view(x[:whole * ROW], (whole, ROW)))  # of each row, then of all that were the greatest of theirs
        found = _greatest(view(firsts, (1, whole)))
        rest = x[whole * ROW:]
        if not rest.size:
            return view(found, ())
        both = kernels(x).empty((2,), x.dtype)
        kernels(x).copy.copy(both[:1], found)
        kernels(x).copy.copy(both[1:], _greatest(view(rest, (1, rest.size))))
        return view(_greatest(view(both, (1, 2))), ())

    def backward(self, g: Any) -> Any:
        here = cast(apply("eq", self.x, self.out), g.data.dtype)  # type: ignore[attr-defined]
        return here * (g / Sum((0,))(here))


def _greatest(rows: Any) -> Any:
    """The greatest element of each row of a matrix."""
    k = kernels(rows)
    out, index = k.empty((rows.shape[0],), rows.dtype), k.empty((rows.shape[0],), shapes.INT64)
    pair = rows.shape[0], 1
    k.reduce.max(view(out, pair), view(index, pair), view(rows, (rows.shape[0], 1, 1, rows.shape[1])))
    return out


def at_index(g: Any, index: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` at the places `index` names along `axis`: the adjoint of picking them."""
    inner = shapes.without(shape, (axis,))
    places = np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    here = apply("eq", reshape(index, inner), g.result(kernels(g.data).upload(places), None))
    return apply("where", here, expand(reshape(g, inner), shape), 0.0)
