"""Adaptive pooling (He et al., arXiv 1406.4729): as many windows as wanted, evenly laid over the image."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..shapes import Shape
from . import pool
from .composite import mean
from .elementwise import cast
from .resample import Resample, Table, resample


@shapes.remembered
def _bounds(size: int, length: int) -> tuple[Any, Any]:
    """Where each of `length` windows over `size` cells starts, floor(p size / length), and ends, rounded up."""
    p = np.arange(length)
    return p * size // max(length, 1), -(-(p + 1) * size // max(length, 1))


@shapes.remembered
def _means(size: int, length: int) -> Table:
    starts, stops = _bounds(size, length)
    counts = stops - starts
    rows = np.repeat(np.arange(length), counts)
    return Table(size, length, rows, _cells(starts, counts), 1 / counts[rows])


@shapes.remembered
def _copies(size: int, length: int) -> Table:
    """Every window copied out, the shorter ones with their last cell repeated, so that all have the same length."""
    starts, stops = _bounds(size, length)
    width = int((stops - starts).max(initial=1))
    places = np.minimum(starts[:, None] + np.arange(width), stops[:, None] - 1).reshape(-1)
    return Table(size, length * width, np.arange(places.size), places)


def _cells(starts: Any, counts: Any) -> Any:
    """starts[0], starts[0] + 1, ... for counts[0] cells, then the same of the next."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - starts, counts)


def _even(size: Shape, wanted: Shape) -> bool:
    """Whether the windows are all of one length and do not overlap."""
    return all(m and n % m == 0 for n, m in zip(size, wanted))


def average_pool(x: Any, wanted: Shape) -> Any:
    """The means of `wanted` windows along each spatial axis of x (n, c, ...)."""
    size = x.array.shape[2:]
    layer_shapes.adaptive("adaptive_avg_pool", x.array.shape, x.array.dtype, wanted)
    if all(m == 1 for m in wanted):
        return mean(x, tuple(range(2, 2 + len(wanted))), keepdim=True)
    if _even(size, wanted):
        kernel = tuple(n // m for n, m in zip(size, wanted))
        return pool.average_pool(x, kernel, kernel, (0,) * len(kernel))
    return resample(x, {2 + k: _means(n, m) for k, (n, m) in enumerate(zip(size, wanted)) if n != m})


def max_pool(x: Any, wanted: Shape, places: bool = False) -> Any:
    """The greatest elements of `wanted` windows along each spatial axis of x (n, c, ...), the first of equal ones; with
    `places` also, as int64, where they lie in the flattened spatial axes."""
    size, numbers = x.array.shape[2:], None
    layer_shapes.adaptive("adaptive_max_pool", x.array.shape, x.array.dtype, wanted)
    if 0 in wanted:
        empty = average_pool(x, wanted)
        return (empty, cast(empty.detach(), shapes.INT64)) if places else empty
    if not _even(size, wanted):
        tables = [_copies(n, m) for n, m in zip(size, wanted)]
        for k, table in enumerate(tables):
            x = Resample(table, 2 + k)(x)
        numbers = np.arange(int(np.prod(size))).reshape(size)[np.ix_(*[table.places for table in tables])]
    kernel = tuple(n // m for n, m in zip(x.array.shape[2:], wanted))
    return pool.windows_max(x, kernel, places, numbers)
