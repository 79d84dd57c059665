"""The adjoint in x where x has few channels: a product, and its columns added where they belong; float32, not grouped.

So few channels would leave most lanes of a tile idle. All taps of the window together fill them:

    columns[pixel, t] = sum over o of g[pixel, o] * w[o, t],  t = (c, i, j, k)
    out[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] += columns[(n, p, q, r), t]

The columns of some rows of g stay in the cache. Out is cut into bands, some rows of one image in all its planes; who owns
a band finds all columns that fall into it, always in the same order. If columns are many, or g has few channels or short
rows, adding them would take longer than the product, and if columns are few, lanes are idle: such adjoints are those of
`thin_sums`. Where x has one channel, columns pay sooner. The convolution itself, and its adjoint in w, have lanes enough:
they are those of `conv_tile`.
"""
import functools
import math
from typing import Any

import numpy as np

from . import thin_sums
from .conv_tile import _pack, flat, forward, weight
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .move import add, fill, prefetch
from .tile import LANES, WIDE, multiply_add, spread, start, store, width_of

__all__ = ["forward", "suits", "transpose", "weight"]

CHANNELS = 7      # of x, at most
OUTPUTS = 64      # channels of g up to which adding columns takes longer than the product; half as many, for one channel of x
COLUMNS = 16, 128 # between which it does not; from half as many
SHORT = 8         # pixels of a row of g of which columns are worth adding; three times as many
PIXELS = 128      # of g whose columns are made together, about: whole rows


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """Few input channels."""
    return groups == 1 and w_shape[1] <= min(CHANNELS, w_shape[0] // 2)


def pays(w_shape: tuple, R: int, stride: tuple, dilation: tuple) -> bool:
    """Whether adding the columns of rows of R pixels takes less time than `thin_sums` do."""
    outputs, channels, *window = w_shape
    columns = channels * math.prod(window)
    apart = all(s > (length - 1) * d for s, length, d in zip(stride, window, dilation))        # no two fall on one pixel
    if channels == 1 and columns >= COLUMNS[0] // 2 and (apart or (outputs > OUTPUTS // 2 and R >= 3 * SHORT)):
        return columns < COLUMNS[1]
    return outputs > OUTPUTS and COLUMNS[0] <= columns < COLUMNS[1] and R >= SHORT


@functools.cache
def transpose_kernel(vectors: int) -> Any:
    ROWS, VECTORS, BLOCK = WIDE[0], vectors, vectors * LANES

    @jit(name=f"_transpose_{vectors}")
    def kernel(part, parts, out, g, w, zero, taps, columns, lines, height, low, high, stride, shape, g_shape):
        """out += the columns of all rows of g, in the order of p, q / lines, t / BLOCK, q, t"""
        B, (N, P, Q, R, outputs) = shape[2], g_shape
        chunks, room = -(-B // height), part * lines * R * BLOCK
        for band in range(part * N * chunks // parts, (part + 1) * N * chunks // parts):
            n, top = band // chunks, band % chunks * height
            bottom = min(top + height, B)
            first = max(0, -((high - top) // stride[1])) // lines * lines    # in steps of `lines` from 0 in every band
            last = min(Q, (bottom - 1 - low) // stride[1] + 1)
            for p in range(P):
                for q in range(first, last, lines):
                    pixel, count = ((n * P + p) * Q + q) * R, min(lines, Q - q) * R
                    for t in range(0, len(taps), BLOCK):             # BLOCK columns
                        for m in range(0, count, ROWS):              # ROWS pixels
                            offsets, tile = spread(outputs, count - 1 - m, ROWS), start(zero, 0, ROWS, VECTORS)
                            prefetch(g, min(pixel + count + m, N * P * Q * R - ROWS) * outputs, ROWS * outputs * (t == 0))
                            for o in range(outputs):
                                tile = multiply_add(tile, g, (pixel + m) * outputs + o, offsets, w, t * outputs + o * BLOCK)
                            store(columns, room + m * BLOCK, spread(BLOCK, ROWS, ROWS), tile, count - m, BLOCK)
                        for y in range(count // R):
                            _add(out, n, p, q + y, top, bottom, columns, room + y * R * BLOCK, BLOCK, taps[t:t + BLOCK],
                                 stride, shape)
    return kernel


@jit
def _add(out, n, p, q, top, bottom, columns, at, step, taps, stride, shape):
    """out += these columns of one row of g, where they fall into the rows from top to bottom"""
    _, A, B, C, channels = shape
    for t in range(len(taps)):
        a, b = p * stride[0] + taps[t, 0], q * stride[1] + taps[t, 1]
        if 0 <= a < A and top <= b < bottom:
            place = ((n * A + a) * B + b) * C * channels + taps[t, 2]
            add(out, place, stride[2] * channels, columns, at + taps[t, 3] * step + t, step, taps[t, 4])


@functools.lru_cache(512)
def columns_of(channels: int, window: tuple, stride: tuple, padding: tuple, dilation: tuple, C: int, R: int) -> np.ndarray:
    """For each column t: its plane and its row of out where p = q = 0; of the r that fall into the row of out, the place
    of the first in it, the first, and how many there are."""
    table = []
    for channel, *tap in np.ndindex(channels, *window):
        a, b, c = (index * d - p for index, d, p in zip(tap, dilation, padding))
        first, last = max(0, -(c // stride[2])), min(R, (C - 1 - c) // stride[2] + 1)
        table.append((a, b, (c + first * stride[2]) * channels + channel, first, max(0, last - first)))
    return np.array(table, np.int64)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    if not pays(w.shape, g.shape[3], stride, dilation):
        thin_sums.transpose(out, g, w, bias, stride, padding, dilation)
        return
    N, _, B, C, channels = out.shape
    outputs, R = len(w), g.shape[3]
    taps = columns_of(channels, w.shape[2:], stride, padding, dilation, C, R)
    vectors = width_of(len(taps))
    block = vectors * LANES
    packed, zero = empty(-(-len(taps) // block) * outputs * block, np.float32), np.zeros(block, np.float32)
    launch(_pack, 1, packed, flat(w), block, (1, len(taps), outputs, 1, 1, 1), (0, 1, len(taps), 0, 0, 0))
    parts, lines, low = parts_for(g.size * len(taps) // LANES), max(1, PIXELS // R), -padding[1]
    reach = (w.shape[3] - 1) * dilation[1]
    height = min(B, max(-(-B * N // (4 * parts)), 2 * (reach + 1))) if parts > 1 else B
    fill(out, bias)
    launch(transpose_kernel(vectors), parts, flat(out), flat(g), packed, zero, taps,
           empty(parts * lines * R * block, np.float32), lines, height, low, low + reach, stride, out.shape, g.shape)
