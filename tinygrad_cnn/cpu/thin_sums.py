"""The adjoint in x where x has few channels, on register tiles: lanes are channels of g, added up at the end; float32.

Each lane sums every 16th of the products of an output; the sums of ROWS neighboring outputs, of all channels of x, stay in
registers:

    sums[r, c] += image[row + tap + r*LANES : +LANES] * w[tap, c]       for each tap and each block of LANES channels of g
    out[r, c] = bias[c] + sum over lanes of sums[r, c]

Images, units and phases are those of `depthwise`, except that a unit has all channels of g. Phases without taps are left
to a copy of the bias.
"""
import functools
import math
from typing import Any

import numpy as np

from .conv_tile import _pack, element_strides, fill, flat, shares
from .depthwise import Plan, _image, _met, adjoint_phases, plan
from .jit import jit
from .launch import launch
from .memory import empty
from .tile import HEIGHTS, LANES, multiply_add_lanes, store_sums, zeros

ADDING = 50    # multiplications of vectors that take as long as adding up the lanes of a tile


@functools.cache
def transpose_kernel(rows: int, channels: int) -> Any:
    ROWS, CHANNELS, COUNT = rows, channels, rows * channels

    @jit(name=f"_transpose_{rows}_{channels}")
    def kernel(part, parts, out, g, w, bias, phases, taps, blocks, image, room, units, steps, geometry):
        _, A, B, _, _, _, _, _, _, _, height, _, line, _, _, _, _, _, _ = geometry
        at = part * blocks * room
        for unit in range(part * units // parts, (part + 1) * units // parts):
            n, p, q, deep, high = _image(unit, 0, blocks, g, image, at, room, geometry)
            for f in range(len(phases)):
                begin, corner, P, Q, R, T0, T1, T2 = phases[f, :8]
                for i in range(min(deep, P - p)):
                    first, last = _met(p + i + phases[f, 8], phases[f, 11], T0, A)
                    for j in range(min(high, Q - q)):
                        upper, lower = _met(q + j + phases[f, 9], phases[f, 12], T1, B)
                        row = at + (i * height + j) * line
                        target = corner + n * steps[0] + (p + i) * steps[1] + (q + j) * steps[2]
                        for r in range(0, R, ROWS):
                            tile = zeros(COUNT)
                            for plane in range(first, last):
                                start, end = begin + (plane * T1 + upper) * T2, begin + (plane * T1 + lower) * T2
                                for t in range(start * blocks, end * blocks):
                                    tile = multiply_add_lanes(tile, image, row + r * LANES + taps[t, 0],
                                                              w, taps[t, 1], CHANNELS)
                            store_sums(out, target + r * steps[3], steps[3], tile, R - r, bias, CHANNELS)
    return kernel


@functools.lru_cache(512)
def plan_of(out_shape: tuple, steps: tuple, g_shape: tuple, window: tuple, stride: tuple, padding: tuple,
            dilation: tuple) -> tuple[Plan, np.ndarray] | None:
    """The plan of an adjoint and, for each tap of each phase and each block of o, its offsets in the image and in the
    packed w; None if no tap meets any output."""
    channels, blocks, size = out_shape[4], -(-g_shape[4] // LANES), math.prod(window)
    phases = adjoint_phases(out_shape[1:4], steps, window, stride, padding, dilation)
    phases = tuple(phase for phase in phases if all(phase.taps))
    if not phases:
        return None
    R, products = -(-out_shape[3] // stride[2]), -(-size // math.prod(stride)) * blocks
    rows = min(range(1, max(HEIGHTS[0] // channels, 1) + 1),
               key=lambda rows: -(-R // rows) * (products * (rows * channels + 4) + ADDING))
    p = plan(g_shape, (1, 1, 1), window, phases, (rows,), blocks)
    taps = (p.taps[:, None] + np.arange(blocks)[:, None] * (p.room, size)) * (1, channels * LANES)
    return p, taps.reshape(-1, 2)


def transpose(out, g, w, bias, stride, padding, dilation):
    channels, (image, *steps) = w.shape[1], element_strides(out)[:4]
    found = plan_of(out.shape, tuple(steps), g.shape, w.shape[2:], stride, padding, dilation)
    if found is None or len(found[0].phases) < math.prod(map(min, stride, out.shape[1:4])):
        fill(out, bias)
    if found is None:
        return
    p, taps = found
    packed, biases = empty(w[0].size * p.blocks * LANES, np.float32), np.zeros((LANES, channels), np.float32)
    launch(_pack, 1, packed, flat(w), LANES, (1, *w.shape), (0, *element_strides(w)))
    if bias is not None:
        biases[:] = bias
    parts = shares(p.units, g.size * w[0].size)
    launch(transpose_kernel(p.rows, channels), parts, flat(out), flat(g), packed, biases.reshape(-1), p.phases, taps, p.blocks,
           empty(parts * p.blocks * p.room, np.float32), p.room, p.units,
           (image, *(step * s for step, s in zip(steps, stride))), p.geometry)
