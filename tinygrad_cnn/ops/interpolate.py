"""Interpolation: an image resampled to another size, an axis at a time, by tables of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import shapes
from ..shapes import Shape
from .elementwise import apply, cast
from .resample import Resample, Table, resample
from .shape import Clone


def _step(size: int, length: int, corners: bool, factor: float | None) -> float:
    """How far apart two results lie, in elements; with `corners` the first and the last lie on elements."""
    if corners:
        return (size - 1) / (length - 1) if length > 1 else 0.0
    return 1 / factor if factor else size / length


def _centers(size: int, length: int, corners: bool, factor: float | None) -> Any:
    """Where each result lies, in elements: 0 is the center of the first one."""
    step, p = _step(size, length, corners, factor), np.arange(length)
    return p * step if corners else (p + 0.5) * step - 0.5


@shapes.remembered
def _nearest(size: int, length: int, shift: float, factor: float | None) -> Table:
    """The element at floor((p + shift) step). In float32, as in PyTorch: it decides which way ties go."""
    step = np.float32(1 / factor) if factor else np.float32(size) / np.float32(length)
    places = np.floor((np.arange(length, dtype=np.float32) + np.float32(shift)) * step)
    return Table(size, length, np.arange(length), np.minimum(places, size - 1))


@shapes.remembered
def _linear(size: int, length: int, corners: bool, factor: float | None) -> Table:
    """Between the elements before and behind, each by how near it is."""
    at = np.maximum(_centers(size, length, corners, factor), 0)
    low = np.minimum(np.floor(at), size - 1)
    share = np.clip(at - low, 0, 1)
    return _weighted(size, low[:, None] + np.arange(2), np.stack([1 - share, share], 1))


@shapes.remembered
def _cubic(size: int, length: int, corners: bool, factor: float | None) -> Table:
    """Between two elements on either side (Keys 1981, with a = -0.75); the outermost ones are repeated."""
    at = _centers(size, length, corners, factor)
    places = np.floor(at)[:, None] + np.arange(-1, 3)
    return _weighted(size, places, _keys(at[:, None] - places, -0.75))


def _keys(distance: Any, a: float) -> Any:
    """The cubic convolution kernel (Keys, IEEE Trans. ASSP 29, 1981)."""
    t = np.abs(distance)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((t - 5) * t + 8) * t * a - 4 * a
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def _weighted(size: int, places: Any, weights: Any) -> Table:
    """Each row of `places`, kept within the axis, with its weights."""
    length, count = places.shape
    rows = np.repeat(np.arange(length), count)
    return Table(size, length, rows, np.clip(places, 0, size - 1).reshape(-1), weights.reshape(-1))


@shapes.remembered
def _smooth(size: int, length: int, corners: bool, factor: float | None, cubic: bool) -> Table:
    """The kernel of linear or cubic interpolation, stretched over all elements that a result stands for."""
    step = _step(size, length, corners, factor)
    stretch = max(step, 1.0)
    center, reach = (np.arange(length) + 0.5) * step, (2 if cubic else 1) * stretch
    first = np.maximum(center - reach + 0.5, 0).astype(int)
    stop = np.minimum(center + reach + 0.5, size).astype(int)
    counts = stop - first
    rows = np.repeat(np.arange(length), counts)
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    distance = (places - center[rows] + 0.5) / stretch
    weights = _keys(distance, -0.5) if cubic else np.maximum(1 - np.abs(distance), 0)
    return Table(size, length, rows, places, weights / np.bincount(rows, weights, length)[rows])


def _table(mode: str, size: int, length: int, corners: bool, factor: float | None, antialias: bool) -> Table:
    if mode in ("nearest", "nearest-exact"):
        return _nearest(size, length, 0.5 if mode == "nearest-exact" else 0.0, factor)
    if antialias:
        return _smooth(size, length, corners, factor, mode == "bicubic")
    build: Callable[..., Table] = _cubic if mode == "bicubic" else _linear
    return build(size, length, corners, factor)


def interpolate(x: Any, wanted: Shape, factors: tuple[float | None, ...], mode: str, corners: bool,
                antialias: bool = False) -> Any:
    """x (n, c, ...) at `wanted` places along each spatial axis.

    Results lie 1 / factor elements apart, with a factor of None size / wanted; with `corners` so that the first and the
    last of them are elements. `antialias` widens the kernel where the image shrinks.
    """
    tables: dict[int, Table | None] = {}
    whole = x.array.dtype == shapes.UINT8 and not mode.startswith("nearest")
    for k, (n, m, factor) in enumerate(zip(x.array.shape[2:], wanted, factors)):
        same = n == m and (whole or corners or factor in (None, 1.0) or mode in ("linear", "bilinear", "trilinear"))
        tables[2 + k] = None if same else _table(mode, n, m, corners, factor, antialias)
    if not any(tables.values()):
        return Clone()(x)
    return _in_bytes(x, tables) if whole else resample(x, tables)


def _in_bytes(x: Any, tables: dict[int, Table | None]) -> Any:
    """A uint8 image resampled from the last axis to the first, after each rounded to bytes, as PyTorch and Pillow do."""
    for axis, table in sorted(tables.items(), reverse=True):
        if table is not None:
            sums = Resample(_in_digits(table), axis)(cast(x, shapes.FLOAT64))
            x = cast(apply("clamp", apply("floor", apply("add", sums, 0.5)), 0.0, 255.0), shapes.UINT8)
    return x


@shapes.remembered
def _in_digits(table: Table) -> Table:
    """The weights rounded to binary digits, at most 22 and as many as let the greatest fit into 15 bits. Their sums are exact
    in float64."""
    places, entries = np.unique(table.rows.astype(np.int64) * table.size + table.places, return_inverse=True)
    weights = np.bincount(entries, table.weights)  # an element met twice at the edge counts by the sum of its weights
    scale = 2.0 ** min(22, np.ceil(np.log2((2**15 - 0.5) / weights.max())) - 1)
    rounded = np.trunc(weights * scale + np.copysign(0.5, weights)) / scale
    return Table(table.size, table.length, places // table.size, places % table.size, rounded)
