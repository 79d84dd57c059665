"""Kernels that scale parts of pictures, and mirror them: serial, and free of the GIL, as those of `resample`.

A box is (top, left, height, width) in pixels; what lies outside it does not show in the result.
"""

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@jit
def flip_rows(out: Floats, x: Floats, flipped: npt.NDArray[np.bool_]) -> None:
    """out[n] = x[n], upside down where flipped[n]"""
    samples, channels, height, width = x.shape
    for n in range(samples):
        for c in range(channels):
            for i in range(height):
                row = height - 1 - i if flipped[n] else i
                for j in range(width):
                    out[n, c, i, j] = x[n, c, row, j]


@jit
def flip_columns(out: Floats, x: Floats, flipped: npt.NDArray[np.bool_]) -> None:
    """out[n] = x[n], left side right where flipped[n]"""
    samples, channels, height, width = x.shape
    for n in range(samples):
        for c in range(channels):
            for i in range(height):
                if flipped[n]:
                    for j in range(width):
                        out[n, c, i, width - 1 - j] = x[n, c, i, j]
                else:
                    for j in range(width):
                        out[n, c, i, j] = x[n, c, i, j]


@jit
def bilinear(out: Floats, x: Floats, boxes: Integers, rows: Floats, columns: Floats, places: Integers,
             scratch: Floats) -> None:
    """out[n, c] = the part boxes[n] of x[n, c], scaled along both axes by the weights of `triangle`.

    Scratch: `rows` and `columns` for those weights, one row for each row and column of out; `places` (4, the longer
    side of out); `scratch` (height of x, width of out).
    """
    for n in range(out.shape[0]):
        top, left, height, width = boxes[n]
        triangle(rows, places[0], places[1], top, height)
        triangle(columns, places[2], places[3], left, width)
        for c in range(out.shape[1]):
            part = scratch[top:top + height]
            scale_columns(part, x[n, c, top:top + height], columns, places[2], places[3])
            scale_rows(out[n, c], scratch, rows, places[0], places[1])


@jit
def nearest(out: Floats, x: Floats, boxes: Integers, places: Integers) -> None:
    """out[n, c, i, j] = the pixel of x[n, c] under the middle of pixel (i, j) laid over boxes[n]."""
    height, width = out.shape[2:]
    for n in range(out.shape[0]):
        for i in range(height):
            places[0, i] = boxes[n, 0] + (2 * i + 1) * boxes[n, 2] // (2 * height)
        for j in range(width):
            places[1, j] = boxes[n, 1] + (2 * j + 1) * boxes[n, 3] // (2 * width)
        for c in range(out.shape[1]):
            for i in range(height):
                row = x[n, c, places[0, i]]
                for j in range(width):
                    out[n, c, i, j] = row[places[1, j]]


@jit
def triangle(weights: Floats, first: Integers, count: Integers, start: int, length: int) -> None:
    """How `length` pixels from `start` on become as many as `weights` has rows.

    Output pixel i is the sum over k < count[i] of weights[i, k] times input pixel first[i] + k: a triangle about the
    place it looks at, two input pixels wide when enlarging, two output pixels wide when reducing; weights sum to 1.
    """
    scale = length / weights.shape[0]
    radius = max(scale, 1.0)
    for i in range(weights.shape[0]):
        center = start + (i + 0.5) * scale
        low = max(start, int(np.floor(center - radius + 0.5)))
        high = min(start + length, int(np.floor(center + radius + 0.5)))
        total = 0.0
        for k in range(high - low):
            weights[i, k] = max(0.0, 1.0 - abs(low + k + 0.5 - center) / radius)
            total += weights[i, k]
        for k in range(high - low):
            weights[i, k] /= total
        weights[i, high - low] = 0  # for those who take two at a time
        first[i], count[i] = low, high - low


@jit
def scale_rows(out: Floats, x: Floats, weights: Floats, first: Integers, count: Integers) -> None:
    """out[i, j] = the sum over k < count[i] of weights[i, k] * x[first[i] + k, j]"""
    for i in range(out.shape[0]):
        out[i] = 0
        for k in range(0, count[i], 2):  # two at a time: half the visits of out
            near, far = x[first[i] + k], x[min(first[i] + k + 1, first[i] + count[i] - 1)]
            a, b = weights[i, k], weights[i, k + 1]
            for j in range(out.shape[1]):
                out[i, j] += a * near[j] + b * far[j]


@jit
def scale_columns(out: Floats, x: Floats, weights: Floats, first: Integers, count: Integers) -> None:
    """out[i, j] = the sum over k < count[j] of weights[j, k] * x[i, first[j] + k]"""
    last = out.shape[0] - 1
    for i in range(0, last + 1, 4):  # four rows at a time: a quarter of the look-ups
        p, q, r = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        for j in range(out.shape[1]):
            a = b = c = d = np.float32(0)
            for k in range(count[j]):
                weight, column = weights[j, k], first[j] + k
                a += weight * x[i, column]
                b += weight * x[p, column]
                c += weight * x[q, column]
                d += weight * x[r, column]
            out[i, j], out[p, j], out[q, j], out[r, j] = a, b, c, d
