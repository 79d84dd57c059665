"""Picking elements and putting them back."""

from __future__ import annotations

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
