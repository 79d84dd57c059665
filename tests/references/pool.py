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


def lp_pool(x: Any, norm: float, kernel: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """A window that hangs over the end counts as a whole one: its mean, times the elements of a whole one."""
    count = np.prod(several(kernel, x.ndim - 2))
    return (avg_pool(x**norm, kernel, stride, ceil_mode=ceil_mode) * count) ** (1 / norm)


def adaptive_avg_pool(x: Any, size: Any) -> Any:
    out = np.zeros((*x.shape[:2], *_extents(x, size)))
    for place, cut in _adaptive(x, out):
        out[place] = x[cut].mean(tuple(range(2, x.ndim)))
    return out


def adaptive_max_pool(x: Any, size: Any) -> list[Any]:
    """The values, and where they lie in the flattened spatial axes."""
    out = np.zeros((*x.shape[:2], *_extents(x, size)))
    index = np.zeros(out.shape, np.int64)
    numbers = np.broadcast_to(np.arange(np.prod(x.shape[2:])).reshape(x.shape[2:]), x.shape)
    for place, cut in _adaptive(x, out):
        best = flat(x[cut]).argmax(-1)[..., None]
        out[place] = np.take_along_axis(flat(x[cut]), best, -1)[..., 0]
        index[place] = np.take_along_axis(flat(numbers[cut]), best, -1)[..., 0]
    return [out, index]


def _extents(x: Any, size: Any) -> list[int]:
    wanted = (size,) * (x.ndim - 2) if size is None or isinstance(size, int) else size
    return [n if m is None else m for n, m in zip(x.shape[2:], wanted)]


def _adaptive(x: Any, out: Any) -> Any:
    """(place, the part of x under the window at that place)."""
    for place in np.ndindex(*out.shape[2:]):
        pairs = zip(place, x.shape[2:], out.shape[2:])
        cut = tuple(slice(p * n // m, -(-(p + 1) * n // m)) for p, n, m in pairs)
        yield (slice(None), slice(None), *place), (slice(None), slice(None), *cut)


def max_unpool(x: Any, kernel: Any) -> Any:
    """x where it is the first greatest of its window, windows side by side, else 0."""
    out = np.zeros(x.shape)
    (i, j), (h, w) = several(kernel, 2), x.shape[2:]
    for a in range(0, h - i + 1, i):
        for b in range(0, w - j + 1, j):
            part = flat(x[:, :, a : a + i, b : b + j])
            kept = np.zeros(part.shape)
            np.put_along_axis(kept, part.argmax(-1)[..., None], part.max(-1)[..., None], -1)
            out[:, :, a : a + i, b : b + j] = kept.reshape(*part.shape[:2], i, j)
    return out
