"""Padding with a constant; a negative amount crops."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..autograd import Function
from ..devices import kernels
from . import layout
from .index import at


class Pad(Function):
    """`amounts` (before, after) per axis of `value` around the array; negative amounts crop. Padding with zeros by the
    negated amounts is the adjoint."""

    def __init__(self, amounts: tuple[tuple[int, int], ...], value: float = 0.0) -> None:
        self.amounts, self.value = amounts, value

    def forward(self, x: Any) -> Any:
        shape = tuple(n + before + after for n, (before, after) in zip(x.shape, self.amounts))
        if any(n < 0 for n in shape):
            raise shapes.ShapeError(f"pad: amounts {self.amounts} crop more than shape {x.shape} has; crop less")
        k = kernels(x)
        out = layout.empty_as(x, shape)
        if any(amount > 0 for pair in self.amounts for amount in pair):
            k.copy.fill(out, self.value)
        inner = tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(shape, self.amounts))
        part = tuple(slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, self.amounts))
        k.copy.copy(at(out, inner), at(x, part))
        return out

    def backward(self, g: Any) -> Any:
        return Pad(tuple((-before, -after) for before, after in self.amounts))(g)
