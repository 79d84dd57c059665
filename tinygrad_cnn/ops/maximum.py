"""The greatest element along an axis, or of all. Kernels: reduce.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from .elementwise import apply, cast
from .reduce import Sum, expand, grouped, logical
from .shape import reshape


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
        k = kernels(x)
        out, index = k.empty((), x.dtype), k.empty((), shapes.INT64)
        rows, _ = grouped(x, (0,))
        k.reduce.max(view(out, (1, 1)), view(index, (1, 1)), rows)
        return out

    def backward(self, g: Any) -> Any:
        here = cast(apply("eq", self.x, self.out), g.data.dtype)  # type: ignore[attr-defined]
        return here * (g / Sum((0,))(here))


def at_index(g: Any, index: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` at the places `index` names along `axis`: the adjoint of picking them."""
    inner = shapes.without(shape, (axis,))
    places = np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    here = apply("eq", reshape(index, inner), g.result(kernels(g.data).upload(places), None))
    return apply("where", here, expand(reshape(g, inner), shape), 0.0)
