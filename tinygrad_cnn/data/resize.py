"""Kernels that scale pictures and shift their colours: serial, and free of the GIL, as those of `resample`."""

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@jit
def triangle(weights: Floats, first: Integers, count: Integers, start: float, length: float) -> None:
    """How `length` pixels from `start` on become as many as `weights` has rows.

    Output pixel i is the sum over k < count[i] of weights[i, k] times input pixel first[i] + k: a triangle about the
    place it looks at, two input pixels wide when enlarging, two output pixels wide when reducing; weights sum to 1.
    """
    scale = length / weights.shape[0]
    radius = max(scale, 1.0)
    for i in range(weights.shape[0]):
        center = start + (i + 0.5) * scale
        low = max(int(start), int(np.floor(center - radius + 0.5)))
        high = min(int(np.ceil(start + length)), int(np.floor(center + radius + 0.5)))
        total = 0.0
        for k in range(high - low):
            weight = max(0.0, 1.0 - abs(low + k + 0.5 - center) / radius)
            weights[i, k] = weight
            total += weight
        for k in range(high - low):
            weights[i, k] /= total
        first[i], count[i] = low, high - low


@jit
def scale_rows(out: Floats, x: Floats, weights: Floats, first: Integers, count: Integers) -> None:
    """out[i, j] = the sum over k < count[i] of weights[i, k] * x[first[i] + k, j]"""
    for i in range(out.shape[0]):
        out[i] = 0
        for k in range(0, count[i], 2):  # two at a time: half the visits of out
            above, below = x[first[i] + k], x[min(first[i] + k + 1, x.shape[0] - 1)]
            a, b = weights[i, k], weights[i, k + 1]
            for j in range(out.shape[1]):
                out[i, j] += a * above[j] + b * below[j]


@jit
def scale_columns(out: Floats, x: Floats, weights: Floats, first: Integers, count: Integers) -> None:
    """out[i, j] = the sum over k < count[j] of weights[j, k] * x[i, first[j] + k]"""
    rows = out.shape[0]
    for i in range(0, rows, 4):
        p, q, r = min(i + 1, rows - 1), min(i + 2, rows - 1), min(i + 3, rows - 1)
        for j in range(out.shape[1]):
            a = b = c = d = np.float32(0)
            start = first[j]
            for k in range(count[j]):
                w = weights[j, k]
                a += w * x[i, start + k]
                b += w * x[p, start + k]
                c += w * x[q, start + k]
                d += w * x[r, start + k]
            out[i, j], out[p, j], out[q, j], out[r, j] = a, b, c, d
