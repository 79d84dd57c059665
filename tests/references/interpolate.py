"""Interpolation, and padding with what lies inside."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from .pool import adaptive_avg_pool
from .windows import several


def interpolate(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    rank = x.ndim - 2
    if size is None:
        factors = (scale_factor,) * rank if isinstance(scale_factor, (int, float)) else scale_factor
        size = [floor(n * f) for n, f in zip(x.shape[2:], factors)]
        steps = [None if recompute_scale_factor else 1 / f for f in factors]
    else:
        size, steps = several(size, rank), [None] * rank
    if mode == "area":
        return adaptive_avg_pool(x, tuple(size))
    for k, (m, step) in enumerate(zip(size, steps)):
        matrix = _matrix(x.shape[2 + k], m, step, mode, bool(align_corners), antialias)
        x = np.moveaxis(np.tensordot(matrix, x, (1, 2 + k)), 0, 2 + k)
    return x


def interpolate_bytes(x: Any, size: Any, mode: str, align_corners: bool = False, antialias: bool = False) -> Any:
    """Each axis, from the last on, with whole weights that are rounded to 16 bits with a sign, and a result of a byte."""
    for k in range(x.ndim - 3, -1, -1):
        if x.shape[2 + k] == size[k]:
            continue
        matrix, digits = _matrix(x.shape[2 + k], size[k], None, mode, align_corners, antialias), 0
        while digits < 22 and round(matrix.max() * 2 ** (digits + 1)) < 2**15:
            digits += 1
        whole = np.where(matrix < 0, np.ceil(matrix * 2**digits - 0.5), np.floor(matrix * 2**digits + 0.5)).astype(int)
        sums = np.moveaxis(np.tensordot(whole, x, (1, 2 + k)), 0, 2 + k)
        x = np.clip((sums + 2 ** (digits - 1)) >> digits, 0, 255)
    return x


def _matrix(n: int, m: int, step: float | None, mode: str, corners: bool, antialias: bool) -> Any:
    """Row p: how much of each of n elements goes into result p of m."""
    step = ((n - 1) / max(m - 1, 1)) if corners else n / m if step is None else step
    out = np.zeros((m, n))
    for p in range(m):
        if mode.startswith("nearest"):
            out[p, min(floor((p + 0.5 * (mode == "nearest-exact")) * step), n - 1)] = 1
        elif antialias:
            wide, center = max(step, 1.0), (p + 0.5) * step
            hat = cubic if mode == "bicubic" else lambda t: max(1 - abs(t), 0.0)
            row = np.array([hat((k + 0.5 - center) / wide) for k in range(n)])
            out[p] = row / row.sum()
        else:
            center = p * step if corners else (p + 0.5) * step - 0.5
            center = center if mode == "bicubic" else max(center, 0.0)
            for k in range(floor(center) - 1, floor(center) + 3):
                distance = abs(center - k)
                out[p, min(max(k, 0), n - 1)] += (
                    cubic(distance, -0.75) if mode == "bicubic" else max(1 - distance, 0.0)
                )
    return out


def cubic(t: float, a: float = -0.5) -> float:
    """Keys 1981: 1 at 0, 0 at all other integers and beyond 2, with a continuous slope."""
    t = abs(t)
    if t < 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def pad_inside(x: Any, amounts: Any, mode: str) -> Any:
    """`amounts` (before, after) from the last axis to the front; "circular" goes on with what cropping left."""
    pairs = [(0, 0)] * (x.ndim - len(amounts) // 2)
    pairs += [tuple(amounts[k : k + 2]) for k in range(len(amounts) - 2, -1, -2)]
    grown = [(max(a, 0), max(b, 0)) for a, b in pairs]

    def cropped(x: Any) -> Any:
        return x[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pairs))]

    if mode == "circular":
        return np.pad(cropped(x), grown, mode="wrap")
    return cropped(np.pad(x, grown, mode="edge" if mode == "replicate" else "reflect"))


def unfold(x: Any, kernel: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    (i, j), (d, e), (p, q), (s, t) = (several(v, 2) for v in (kernel, dilation, padding, stride))
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    tall, wide = x.shape[2] - d * (i - 1), x.shape[3] - e * (j - 1)
    columns = [
        x[:, :, a : a + d * (i - 1) + 1 : d, b : b + e * (j - 1) + 1 : e].reshape(x.shape[0], x.shape[1] * i * j)
        for a in range(0, tall, s)
        for b in range(0, wide, t)
    ]
    return np.stack(columns, 2)


def fold(x: Any, size: Any, kernel: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    (i, j), (d, e), (p, q), (s, t) = (several(v, 2) for v in (kernel, dilation, padding, stride))
    (h, w), c = several(size, 2), x.shape[1] // (i * j)
    out = np.zeros((x.shape[0], c, h + 2 * p, w + 2 * q))
    column = 0
    for a in range(0, h + 2 * p - d * (i - 1), s):
        for b in range(0, w + 2 * q - e * (j - 1), t):
            part = x[:, :, column].reshape(-1, c, i, j)
            out[:, :, a : a + d * (i - 1) + 1 : d, b : b + e * (j - 1) + 1 : e] += part
            column += 1
    return out[:, :, p : p + h, q : q + w]
