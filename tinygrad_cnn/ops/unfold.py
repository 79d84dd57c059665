"""The windows of an image laid out as columns (im2col), and its adjoint, which adds them up again."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..shapes import Shape
from .resample import Table, resample
from .shape import Permute, reshape


@shapes.remembered
def _taps(size: int, count: int, kernel: int, stride: int, padding: int, dilation: int) -> Table:
    """Result i * count + p is element p stride + i dilation - padding: tap i of window p; 0 in the padding."""
    i, p = np.divmod(np.arange(kernel * count), count)
    places = p * stride + i * dilation - padding
    inside = (places >= 0) & (places < size)
    return Table(size, kernel * count, np.flatnonzero(inside), places[inside])


def _tables(size: Shape, count: Shape, *window: Shape) -> dict[int, Table]:
    return {2 + k: _taps(*numbers) for k, numbers in enumerate(zip(size, count, *window))}


def unfold(x: Any, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Any:
    """x (n, c, h, w) -> (n, c * taps, windows)."""
    n, c = x.array.shape[:2]
    count = layer_shapes.window("unfold", x.array.shape[2:], kernel, stride, padding, dilation)
    taken = resample(x, {**_tables(x.array.shape[2:], count, kernel, stride, padding, dilation)})
    apart = reshape(taken, (n, c, kernel[0], count[0], kernel[1], count[1]))
    return reshape(Permute((0, 1, 2, 4, 3, 5))(apart), (n, c * prod(kernel), prod(count)))


def fold(x: Any, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Any:
    """x (n, c * taps, windows) -> (n, c, *size): the adjoint of `unfold`, where windows overlap they are added."""
    count = layer_shapes.window("fold", size, kernel, stride, padding, dilation)
    layer_shapes.folded("fold", x.array.shape, prod(kernel), count)
    n, c = x.array.shape[0], x.array.shape[1] // prod(kernel)
    apart = Permute((0, 1, 2, 4, 3, 5))(reshape(x, (n, c, *kernel, *count)))
    taken = reshape(apart, (n, c, kernel[0] * count[0], kernel[1] * count[1]))
    tables = _tables(size, count, kernel, stride, padding, dilation)
    return resample(taken, {axis: table.transpose for axis, table in tables.items()})
