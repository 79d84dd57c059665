"""Every operation in NumPy, as its formula reads: slow, without a thought for speed, and independent of the package."""

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


def conv(
    x: Any, w: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    kernel = w.shape[2:]
    stride, dilation = several(stride, len(kernel)), several(dilation, len(kernel))
    span = [d * (k - 1) for k, d in zip(kernel, dilation)]
    if padding == "same":
        x = padded(x, [(s // 2, s - s // 2) for s in span])
    elif padding != "valid":
        x = padded(x, [(p, p) for p in several(padding, len(kernel))])
    count = [(n - s - 1) // step + 1 for n, s, step in zip(x.shape[2:], span, stride)]
    out = np.zeros((x.shape[0], w.shape[0], *count))
    for place, part in windows(x, kernel, stride, dilation, count):
        for xs, ws, outs in grouped(part, w, out[place], groups):
            outs += np.einsum("nck,ock->no", flat(xs), flat(ws))
    return out if bias is None else out + bias.reshape(-1, *[1] * len(kernel))


def conv_transpose(
    x: Any,
    w: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    kernel = w.shape[2:]
    rank = len(kernel)
    stride, padding, more, dilation = (several(v, rank) for v in (stride, padding, output_padding, dilation))
    full = [(n - 1) * s + d * (k - 1) + 1 + m for n, s, k, d, m in zip(x.shape[2:], stride, kernel, dilation, more)]
    out = np.zeros((x.shape[0], w.shape[1] * groups, *full))
    for place, part in windows(out, kernel, stride, dilation, x.shape[2:]):
        for ws, xs, outs in zip(np.split(w, groups), np.split(x[place], groups, 1), np.split(part, groups, 1)):
            outs += np.einsum("nc,cok->nok", xs, flat(ws)).reshape(outs.shape)
    out = out[:, :, *(slice(p, n - p) for n, p in zip(full, padding))]
    return out if bias is None else out + bias.reshape(-1, *[1] * rank)


def grouped(x: Any, w: Any, out: Any, groups: int) -> Any:
    return zip(np.split(x, groups, 1), np.split(w, groups), np.split(out, groups, 1))


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))


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


def batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, momentum: float = 0.1, eps: float = 1e-5
) -> Any:
    axes, shape = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    if training:
        count = x.size // x.shape[1]
        running = mean, var
        mean, var = x.mean(axes), x.var(axes)
        moved = [(1 - momentum) * old + momentum * new for old, new in zip(running, (mean, var * count / (count - 1)))]
    y = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps) * weight.reshape(shape) + bias.reshape(shape)
    return [y, *moved] if training else y


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def linear(x: Any, w: Any, bias: Any = None) -> Any:
    return x @ w.T + (0 if bias is None else bias)


def softmax(x: Any, dim: int) -> Any:
    e = np.exp(x - x.max(dim, keepdims=True, initial=-np.inf))
    return e / e.sum(dim, keepdims=True)


def log_softmax(x: Any, dim: int) -> Any:
    return np.log(softmax(x, dim))


def cross_entropy(x: Any, target: Any, ignore_index: int = -100, reduction: str = "mean") -> Any:
    scores = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    log_p = log_softmax(scores, 1)
    counted = target.reshape(-1) != ignore_index
    losses = np.array([-row[t] if c else 0.0 for row, t, c in zip(log_p, target.reshape(-1), counted)])
    if reduction == "none":
        return losses.reshape(target.shape)
    return losses.sum() if reduction == "sum" else losses.sum() / counted.sum()


def philox(seed: int, counter: int) -> list[int]:
    """Philox4x32-10 of Salmon et al. 2011, algorithm 1, on Python's integers."""
    x, key = [counter % 2**32, counter >> 32, 0, 0], [seed % 2**32, seed >> 32]
    for _ in range(10):
        left, right = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [right >> 32 ^ x[1] ^ key[0], right % 2**32, left >> 32 ^ x[3] ^ key[1], left % 2**32]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return x


def uniform(size: int, seed: int = 0, offset: int = 0) -> np.ndarray:
    """The first uniforms of a stream: the upper 24 bits, four numbers to a counter."""
    bits = [b for k in range(-(-size // 4)) for b in philox(seed, offset + k)][:size]
    return np.array([(b >> 8) / 2**24 for b in bits])


def dropout(x: Any, p: float) -> Any:
    """The first draw after manual_seed(0); numbers fall on images in channels-last order."""
    rows = np.moveaxis(x, 1, -1) if x.ndim > 2 else x
    out = rows * (uniform(x.size).reshape(rows.shape) >= p) / (1 - p)
    return np.moveaxis(out, -1, 1) if x.ndim > 2 else out


def split(x: Any, sizes: Any, dim: int = 0) -> Any:
    cuts = range(sizes, x.shape[dim], sizes) if isinstance(sizes, int) else np.cumsum(sizes)[:-1]
    return np.split(x, list(cuts), dim)


def maximum(x: Any, dim: int, keepdim: bool = False) -> Any:
    return [x.max(dim, keepdims=keepdim), x.argmax(dim, keepdims=keepdim)]


def pad(x: Any, amounts: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """`amounts` (before, after) from the last axis to the front; negative ones crop."""
    pairs = [(0, 0)] * (x.ndim - len(amounts) // 2) + [
        tuple(amounts[k : k + 2]) for k in range(len(amounts) - 2, -1, -2)
    ]
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pairs))
    return np.pad(x[cut], [(max(a, 0), max(b, 0)) for a, b in pairs], constant_values=value)
