"""Basic indexing (integers, slices, None, Ellipsis) and its adjoint."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..autograd import Function
from ..devices import kernels
from . import layout


class Index(Function):
    """x[key]; a view."""

    view = True

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return at(x, self.key)

    def backward(self, g: Any) -> Any:
        return Place(self.key, self.shape)(g)


class Place(Function):
    """Zeros of `shape` with `x` written at [key]: the adjoint of Index."""

    def __init__(self, key: Any, shape: tuple[int, ...]) -> None:
        self.key, self.shape = key, shape

    def forward(self, x: Any) -> Any:
        k = kernels(x)
        out = layout.empty_as(x, self.shape) if x.ndim == len(self.shape) else k.empty(self.shape, x.dtype)
        k.copy.fill(out, 0)
        k.copy.copy(at(out, self.key), x)
        return out

    def backward(self, g: Any) -> Any:
        return Index(self.key)(g)


def at(x: Any, key: Any) -> Any:
    """The view x[key], also where it has no axes left."""
    return x[(*shapes.index(x.shape, x.strides, key)[3], ...)]
