"""Concatenation, and splitting as its adjoint."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..autograd import Function
from ..devices import kernels, same_device
from . import layout
from .index import Index, at


class Concat(Function):
    """Arrays laid side by side along `axis`, each of which the others match elsewhere."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *xs: Any) -> Any:
        same_device("cat", *xs)
        out = layout.empty_as(xs[0], shapes.concatenated("cat", [x.shape for x in xs], self.axis))
        self.keys, start = [], 0
        for x in xs:
            self.keys.append(_stretch(self.axis, start, start + x.shape[self.axis]))
            kernels(x).copy.copy(at(out, self.keys[-1]), x)
            start += x.shape[self.axis]
        return out

    def backward(self, g: Any) -> Any:
        return tuple(Index(key)(g) for key in self.keys)


def split(x: Any, sizes: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """Views of `sizes` elements each along `axis`."""
    total = x.array.shape[axis]
    shapes.same("split", f"the sum of sizes {sizes}", sum(sizes), total, f"cut all of axis {axis}")
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return tuple(Index(_stretch(axis, start, start + n))(x) for start, n in zip(starts, sizes))


def _stretch(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))
