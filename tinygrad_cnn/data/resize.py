"""Kernels that scale parts of pictures, of float32 or uint8: serial, and free of the GIL, as those of `resample`.

A box is (top, left, height, width) in pixels; what lies outside it does not show in the result.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Pictures = npt.NDArray[Any]


@jit
def bilinear(out: Pictures, x: Pictures, boxes: Integers, half: np.float32, rows: Floats, columns: Floats,
             places: Integers, scratch: Floats) -> None:
    """out[n, c] = the part boxes[n] of x[n, c], scaled along both axes by the weights of `triangle`, plus `half`.

    Scratch: `rows` and `columns` for those weights, one row for each row and column of out; `places` (4, the longer
    side of out); `scratch` (height of x and one more, width of out).
    """
    for n in range(out.shape[0]):
        top, left, height, width = boxes[n]
        triangle(rows, places[0], places[1], top, height)
        triangle(columns, places[2], places[3], left, width)
        for c in range(out.shape[1]):
            part = scratch[top:top + height]
            scale_columns(part, x[n, c, top:top + height], columns, places[2], places[3])
            scale_rows(out[n, c], scratch, rows, places[0], places[1], half, scratch[-1])


@jit
def nearest(out: Pictures, x: Pictures, boxes: Integers, places: npt.NDArray[np.uint32]) -> None:
    """out[n, c, i, j] = the pixel of x[n, c] under the middle of pixel (i, j) laid over boxes[n].

    Scratch: `places` (2, the longer side of out).
    """
    channels, height, width = out.shape[1:]
    at = places[1]
    for n in range(out.shape[0]):
        for i in range(height):
            places[0, i] = boxes[n, 0] + (2 * i + 1) * boxes[n, 2] // (2 * height)
        for j in range(width):
            places[1, j] = boxes[n, 1] + (2 * j + 1) * boxes[n, 3] // (2 * width)
        for c in range(channels):
            for i in range(height):
                to = out[n, c, i]
                if i > 0 and places[0, i] == places[0, i - 1]:
                    of = out[n, c, i - 1]
                    for j in range(np.uintp(width)):
                        to[j] = of[j]
                else:
                    of = x[n, c, places[0, i]]
                    for j in range(np.uintp(width)):
                        to[j] = of[at[j]]


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
def scale_rows(out: Pictures, x: Floats, weights: Floats, first: Integers, count: Integers, half: np.float32,
               line: Floats) -> None:
    """out[i, j] = the sum over k < count[i] of weights[i, k] * x[first[i] + k, j], plus `half`; scratch: `line`."""
    width = np.uintp(out.shape[1])
    for i in range(out.shape[0]):
        to, last = out[i], first[i] + count[i] - 1
        for k in range(0, count[i], 2):  # two at a time: half the visits of the sum
            near, far = x[first[i] + k], x[min(first[i] + k + 1, last)]
            a, b = weights[i, k], weights[i, k + 1]
            if k == 0:
                for j in range(width):
                    line[j] = a * near[j] + b * far[j]
            else:
                for j in range(width):
                    line[j] += a * near[j] + b * far[j]
        for j in range(width):
            to[j] = line[j] + half


@jit
def scale_columns(out: Floats, x: Pictures, weights: Floats, first: Integers, count: Integers) -> None:
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
