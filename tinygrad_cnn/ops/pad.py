"""Padding with a constant, or with what lies inside: mirrored, repeated, wrapped around. A negative amount crops."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..autograd import Function
from ..devices import kernels
from . import layout
from .index import at
from .resample import Table, resample
from .shape import Clone


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


@shapes.remembered
def _reflect(size: int, before: int, after: int) -> Table:
    """2 1 | 0 1 2 3 | 2 1"""
    at = np.abs(np.arange(-before, size + after))
    return Table(size, at.size, np.arange(at.size), np.where(at < size, at, 2 * (size - 1) - at))


@shapes.remembered
def _replicate(size: int, before: int, after: int) -> Table:
    """0 0 | 0 1 2 3 | 3 3"""
    at = np.arange(-before, size + after)
    return Table(size, at.size, np.arange(at.size), np.clip(at, 0, size - 1))


@shapes.remembered
def _circular(size: int, before: int, after: int) -> Table:
    """2 3 | 0 1 2 3 | 0 1; what is cropped is cropped first."""
    first, stop = max(-before, 0), size - max(-after, 0)
    at = first + (np.arange(-before, size + after) - first) % max(stop - first, 1)
    return Table(size, at.size, np.arange(at.size), at)


TABLES = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}


def pad_inside(x: Any, amounts: tuple[tuple[int, int], ...], mode: str) -> Any:
    """x (n, c, ...) with `amounts` (before, after) around each spatial axis, by `mode`, a key of TABLES."""
    layer_shapes.padding("pad", x.array.shape, amounts, mode)
    tables = {2 + k: TABLES[mode](n, *pair) if any(pair) else None
              for k, (n, pair) in enumerate(zip(x.array.shape[2:], amounts))}
    return resample(x, tables) if any(tables.values()) else Clone()(x)
