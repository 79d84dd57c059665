"""Reshape, permute, copy: the same elements in another shape, order or memory."""

from __future__ import annotations

from typing import Any

from ..autograd import Function
from . import layout


class Reshape(Function):
    """Another shape of the same size, elements in row-major order; a view where one exists."""

    view = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        self.source = x.shape
        return layout.reshape(x, self.shape)

    def backward(self, g: Any) -> Any:
        return reshape(g, self.source)


class Permute(Function):
    """The axes in another order; a view."""

    view = True

    def __init__(self, order: tuple[int, ...]) -> None:
        self.order = order

    def forward(self, x: Any) -> Any:
        return x.transpose(self.order)

    def backward(self, g: Any) -> Any:
        return Permute(tuple(sorted(range(len(self.order)), key=self.order.__getitem__)))(g)


class Contiguous(Function):
    """The elements in row-major order, or in channels-last order."""

    def __init__(self, channels_last: bool = False) -> None:
        self.channels_last = channels_last

    def forward(self, x: Any) -> Any:
        return layout.first(layout.last(x)) if self.channels_last else layout.contiguous(x)

    def backward(self, g: Any) -> Any:
        return g


class Clone(Function):
    """A copy in memory of its own."""

    def forward(self, x: Any) -> Any:
        return layout.copied(x)

    def backward(self, g: Any) -> Any:
        return g


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` under `shape`, whose extents are known; `x` itself if it has it."""
    return x if x.array.shape == shape else Reshape(shape)(x)


def per_channel(x: Any, values: Any) -> Any:
    """`values` (c,) against the axes of x (n, c, ...)."""
    return reshape(values, (values.array.size, *(1,) * (x.array.ndim - 2)))
