"""Weighted sums along an axis by a table: what interpolation, adaptive pooling and padding by mirroring have in common."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..arrays import view
from ..autograd import Function
from ..devices import device_of, kernels
from . import layout


class Table:
    """Which elements of an axis of `size` make each of `length` results: result `rows[k]` holds `weights[k]` times
    element `places[k]`. A sparse matrix; its transpose is the table of the adjoint."""

    def __init__(self, size: int, length: int, rows: Any, places: Any, weights: Any = None) -> None:
        order = np.argsort(rows, kind="stable")
        self.size, self.length = size, length
        self.rows = np.asarray(rows, np.int32)[order]
        self.places = np.ascontiguousarray(np.asarray(places, np.int32)[order])
        self.weights = np.ones(self.rows.size) if weights is None else np.asarray(weights, float)[order]
        self._transpose: Table | None = None
        self._arrays: dict[Any, tuple[Any, Any, Any]] = {}

    @property
    def transpose(self) -> Table:
        if self._transpose is None:
            self._transpose = Table(self.length, self.size, self.places, self.rows, self.weights)
        return self._transpose

    def arrays(self, x: Any) -> tuple[Any, Any, Any]:
        """(starts, places, weights) on the device of `x`, the weights of its dtype."""
        key = device_of(x), x.dtype
        found = self._arrays.get(key)
        if found is None:
            starts = np.searchsorted(self.rows, np.arange(self.length + 1)).astype(np.int32)
            upload = kernels(x).upload
            found = upload(starts), upload(self.places), upload(self.weights.astype(x.dtype))
            self._arrays[key] = found
        return found


class Resample(Function):
    """out[..., p, ...] = sum over k of table[p, k] * x[..., k, ...] along `axis`."""

    def __init__(self, table: Table, axis: int) -> None:
        self.table, self.axis = table, axis

    def forward(self, x: Any) -> Any:
        spatial = x.ndim > 2
        rows = layout.last(x) if spatial else layout.contiguous(x)
        axis = self.axis if not spatial or self.axis == 0 else (self.axis - 2) % (x.ndim - 1) + 1
        before, after = rows.shape[:axis], rows.shape[axis + 1:]
        k, a, b = kernels(x), prod(before), prod(after)
        out = k.empty((*before, self.table.length, *after), x.dtype)
        if out.size:
            k.resample.along(view(out, (a, self.table.length, b)), view(rows, (a, self.table.size, b)),
                             *self.table.arrays(x))
        return layout.first(out) if spatial else out

    def backward(self, g: Any) -> Any:
        return Resample(self.table.transpose, self.axis)(g)


def resample(x: Any, tables: dict[int, Table | None]) -> Any:
    """`x` resampled along each axis that has a table, those that shrink it most first."""
    found = [(table.length / max(table.size, 1), axis, table) for axis, table in tables.items() if table is not None]
    for _, axis, table in sorted(found, key=lambda entry: entry[:2]):
        x = Resample(table, axis)(x)
    return x
