"""Many small arrays in few files of an archive."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np


def packed(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One long array for each dtype, as a file of its own costs more than most arrays hold, and where to find each in it."""
    index = {name: (a.dtype.name, a.shape) for name, a in arrays.items()}
    dtypes = sorted({dtype for dtype, _ in index.values()})
    long = {dtype: np.concatenate([a.ravel() for a in arrays.values() if a.dtype == dtype]) for dtype in dtypes}
    return {"index": np.frombuffer(json.dumps(index).encode(), np.uint8), **long}


def unpacked(stored: Any) -> dict[str, np.ndarray]:
    """The arrays that `packed` has packed."""
    long, found = {name: stored[name] for name in stored.files}, {}
    for name, (dtype, shape) in json.loads(long.pop("index").tobytes()).items():
        found[name], long[dtype] = long[dtype][:prod(shape)].reshape(shape), long[dtype][prod(shape):]
    return found
