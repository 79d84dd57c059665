"""What references of convolution and pooling share."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np


def several(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def windows(x: np.ndarray, kernel: Any, stride: Any, dilation: Any, count: Any) -> Iterator[tuple[Any, Any]]:
    """(place, the part of x (n, c, ...) under the window at that place); a part that hangs over the end is smaller."""
    for place in np.ndindex(*count):
        starts = [p * s for p, s in zip(place, stride)]
        cut = tuple(slice(a, a + d * (k - 1) + 1, d) for a, k, d in zip(starts, kernel, dilation))
        yield (slice(None), slice(None), *place), x[:, :, *cut]


def padded(x: np.ndarray, amounts: Any, value: float = 0.0) -> np.ndarray:
    """x (n, c, ...) with (before, after) of each spatial axis around it."""
    return np.pad(x, ((0, 0), (0, 0), *amounts), constant_values=value)


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))
