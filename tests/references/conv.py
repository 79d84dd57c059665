"""Convolution and its transpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from .windows import flat, padded, several, windows


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
