"""Joining, cutting and framing."""

from __future__ import annotations

from typing import Any

import numpy as np


def split(x: Any, sizes: Any, dim: int = 0) -> Any:
    cuts = range(sizes, x.shape[dim], sizes) if isinstance(sizes, int) else np.cumsum(sizes)[:-1]
    return np.split(x, list(cuts), dim)


def pad(x: Any, amounts: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """`amounts` (before, after) from the last axis to the front; negative ones crop."""
    pairs = [(0, 0)] * (x.ndim - len(amounts) // 2) + [
        tuple(amounts[k : k + 2]) for k in range(len(amounts) - 2, -1, -2)
    ]
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pairs))
    return np.pad(x[cut], [(max(a, 0), max(b, 0)) for a, b in pairs], constant_values=value)


def pixel_shuffle(x: Any, r: int) -> Any:
    """out[n, c, h, w] = x[n, (c r + h mod r) r + w mod r, h / r, w / r]"""
    n, c, h, w = x.shape
    out = np.empty((n, c // r**2, h * r, w * r), x.dtype)
    for i, j in np.ndindex(r, r):
        out[:, :, i::r, j::r] = x[:, i * r + j :: r**2]
    return out


def pixel_unshuffle(x: Any, r: int) -> Any:
    """The inverse."""
    n, c, h, w = x.shape
    out = np.empty((n, c * r**2, h // r, w // r), x.dtype)
    for i, j in np.ndindex(r, r):
        out[:, i * r + j :: r**2] = x[:, :, i::r, j::r]
    return out
