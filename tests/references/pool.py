"""Pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from .windows import flat, padded, several, windows


def max_pool(
    x: Any, kernel: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    return _pool(x, kernel, stride, padding, dilation, ceil_mode, -np.inf, lambda part, _: part.max(-1))


def avg_pool(
    x: Any,
    kernel: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    def mean(part: Any, inside: Any) -> Any:
        count = inside[0, 0] if count_include_pad else (inside[0, 0] == 1)
        return part.sum(-1) / (divisor_override or (count != 0).sum())

    return _pool(x, kernel, stride, padding, 1, ceil_mode, 0.0, mean)


def _pool(
    x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool, neutral: float, reduce: Any
) -> Any:
    rank = x.ndim - 2
    kernel, padding, dilation = (several(v, rank) for v in (kernel, padding, dilation))
    stride = kernel if stride is None else several(stride, rank)
    count = []
    for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation):
        room = n + 2 * p - d * (k - 1) - 1
        starts = [i * s for i in range(room // s + 2) if i * s <= room or (ceil and i * s < room + s and i * s < n + p)]
        count.append(len(starts))
    # what counts as inside: 1 the image, 2 its padding, 0 beyond both, where a last window of ceil_mode may reach
    inside = padded(padded(np.ones((1, 1, *x.shape[2:])), [(p, p) for p in padding], 2.0), [(0, max(kernel))] * rank)
    x = padded(padded(x, [(p, p) for p in padding], neutral), [(0, max(kernel) * 2)] * rank, neutral)
    inside = padded(inside, [(0, max(kernel))] * rank)
    out = np.zeros((*x.shape[:2], *count))
    parts = zip(windows(x, kernel, stride, dilation, count), windows(inside, kernel, stride, dilation, count))
    for (place, part), (_, cells) in parts:
        out[place] = reduce(flat(part), flat(cells))
    return out
