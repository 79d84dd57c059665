"""Order along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np


def sort(x: Any, dim: int, descending: bool) -> list[Any]:
    """Stable, so that falling order is that of the negated numbers."""
    keys = -(x.astype(np.int64) if x.dtype.kind in "ub" else x) if descending else x
    order = np.argsort(keys, dim, kind="stable")
    return [np.take_along_axis(x, order, dim), order]


def topk(x: Any, k: int, dim: int, largest: bool) -> list[Any]:
    return [np.take(out, range(k), dim) for out in sort(x, dim, largest)]


def kthvalue(x: Any, k: int, dim: int) -> list[Any]:
    return [np.take(out, k - 1, dim) for out in sort(x, dim, False)]
