"""Picking elements and putting them back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def scatter(x: Any, dim: int, index: Any, source: Any, add: bool = False) -> Any:
    """One element after the other, as the definition says."""
    out = np.array(x)
    for place in np.ndindex(*index.shape):
        to = tuple(int(index[place]) if k == dim else i for k, i in enumerate(place))
        value = source[place] if isinstance(source, np.ndarray) else source
        out[to] = out[to] + value if add else value
    return out


def index_add(x: Any, dim: int, index: Any, source: Any, alpha: float = 1) -> Any:
    out = np.array(x)
    np.add.at(out, (*(slice(None),) * (dim % x.ndim), np.asarray(index)), alpha * source)
    return out


def index_put(x: Any, key: Any, value: Any, accumulate: bool = False) -> Any:
    out = np.array(x)
    if accumulate:
        np.add.at(out, key, value)
    else:
        out[key] = value
    return out


def masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    out = np.array(x)
    out[mask] = source.reshape(-1)[: int(mask.sum())]
    return out


def one_hot(index: Any, classes: int) -> Any:
    return np.eye(classes, dtype=np.int64)[index]


def scatter_reduce(x: Any, dim: int, index: Any, source: Any, include_self: bool, reduce: str) -> Any:
    """Element by element: all that goes to a place, with what is there unless only the others count."""
    found = {}
    for place in np.ndindex(index.shape):
        target = (*place[:dim], int(index[place]), *place[dim + 1 :])
        found.setdefault(target, [x[target]] if include_self else []).append(source[place])
    out = x.copy()
    for target, values in found.items():
        out[target] = {"sum": sum, "prod": math.prod, "mean": np.mean, "amax": max, "amin": min}[reduce](values)
    return out
