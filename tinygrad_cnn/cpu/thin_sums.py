"""The adjoint in x where x has few channels, on register tiles: lanes are channels of g, added up at the end; float32.

Each lane sums every 16th of the products of an output; the sums of ROWS neighboring outputs, of all channels of x, stay in
registers:

    sums[r, c] += image[row + tap + r*LANES : +LANES] * w[tap, c]       for each tap and each block of LANES channels of g
    out[r, c] = bias[c] + sum over lanes of sums[r, c]

Where 16 lanes are too many for the channels of g, a vector holds two neighboring pixels, each in its part of the lanes.
Images and units are those of `thin_image`, where a unit has all channels of g, and phases are those of `depthwise`. Phases
without taps are left to a copy of the bias.
"""
import functools
import math
from typing import Any

import numpy as np

from .conv_tile import _pack, element_strides, flat, shares
from .depthwise import adjoint_phases
from .jit import jit
from .launch import launch
from .memory import empty
from .move import fill, prefetch
from .thin_image import Plan, _image, _margins, _met, ahead, plan
from .tile import HEIGHTS, LANES, multiply_add_lanes, peek, store_sums, zeros

FOLDS = (1, 2)    # into so many parts the lanes of a vector may be cut


@functools.cache
def transpose_kernel(rows: int, channels: int, fold: int) -> Any:
    CHANNELS, FOLD, COUNT, PIXELS, STEP = channels, fold, rows * channels, rows * fold, LANES // fold

    @jit(name=f"_transpose_{rows}_{channels}_{fold}")
    def kernel(part, parts, out, g, w, bias, phases, taps, blocks, image, room, units, met, steps, ahead, geometry):
        _, A, B, _, _, _, _, _, _, _, height, _, line, _, _, _, _, _, _, _ = geometry
        at = part * blocks * room
        _margins(image, at, blocks, room, geometry)
        for unit in range(part * units // parts, (part + 1) * units // parts):
            n, p, q, deep, high = _image(unit, 0, blocks, g, image, at, room, met, geometry)
            near = unit * ahead[1] + ahead[0]
            for f in range(len(phases)):
                begin, corner, P, Q, R, T0, T1, T2 = phases[f, :8]
                for i in range(min(deep, P - p)):
                    first, last = _met(p + i + phases[f, 8], phases[f, 11], T0, A)
                    for j in range(min(high, Q - q)):
                        upper, lower = _met(q + j + phases[f, 9], phases[f, 12], T1, B)
                        row = at + (i * height + j) * line
                        target = corner + n * steps[0] + (p + i) * steps[1] + (q + j) * steps[2]
                        for r in range(0, R, PIXELS):
                            prefetch(g, min(near, ahead[3]), ahead[2])
                            near += ahead[2]
                            tile = zeros(COUNT)
                            for plane in range(first, last):
                                start, end = begin + (plane * T1 + upper) * T2, begin + (plane * T1 + lower) * T2
                                for t in range(start * blocks, end * blocks):
                                    tile = multiply_add_lanes(tile, image, row + r * STEP + peek(taps, 2 * t),
                                                              w, peek(taps, 2 * t + 1), CHANNELS)
                            store_sums(out, target + r * steps[3], steps[3], tile, R - r, bias, CHANNELS, FOLD)
    return kernel


def tile_of(R: int, products: float, channels: int, outputs: int, copies: float) -> tuple[int, int]:
    """The rows of a tile, and into how many parts its lanes are cut, that take least for R outputs of so many products,
    if so many pixels of g are copied for each output; multiplications count one, two at a time."""
    def cost(rows: int, fold: int) -> float:
        count, blocks = rows * channels, -(-outputs * fold // LANES)
        loads = rows * (2 - 1 / fold) + channels                     # of which most lie in two lines if lanes are cut
        tile = products * blocks * max(count, loads + 2) + 3 * count + 20
        return -(-R // (rows * fold)) * tile + 6 * R * copies * blocks
    return min(((rows, fold) for fold in FOLDS for rows in range(1, max(HEIGHTS[0] // channels, 1) + 1)),
               key=lambda tile: cost(*tile))


@functools.lru_cache(512)
def plan_of(out_shape: tuple, steps: tuple, g_shape: tuple, window: tuple, stride: tuple, padding: tuple,
            dilation: tuple) -> tuple[Plan, np.ndarray, int, int] | None:
    """The plan of an adjoint; for each tap of each phase and each block of o, its offsets in the image and in the packed w;
    the rows of a tile and the parts of its lanes. None if no tap meets any output."""
    channels, size = out_shape[4], math.prod(window)
    phases = adjoint_phases(out_shape[1:4], steps, window, stride, padding, dilation)
    phases = tuple(phase for phase in phases if all(phase.taps))
    if not phases:
        return None
    met = math.prod(map(min, window, stride))                        # phases, into which the taps are divided
    rows, fold = tile_of(-(-out_shape[3] // stride[2]), size / met, channels, g_shape[4], 1 / met)
    blocks = -(-g_shape[4] * fold // LANES)
    p = plan(g_shape, (1, 1, 1), window, phases, (rows * fold,), blocks, LANES // fold)
    taps = p.taps.reshape(-1, 1, 2) * (1, channels) + np.arange(blocks)[:, None] * (p.room, size * channels * LANES)
    return p, taps.reshape(-1), rows, fold


def transpose(out, g, w, bias, stride, padding, dilation):
    channels, (image, *steps) = w.shape[1], element_strides(out)[:4]
    found = plan_of(out.shape, tuple(steps), g.shape, w.shape[2:], stride, padding, dilation)
    if found is None or len(found[0].phases) < math.prod(map(min, stride, out.shape[1:4])):
        fill(out, bias)
    if found is None:
        return
    p, taps, rows, fold = found
    lanes = LANES // fold
    packed, repeated = (empty(w[0].size * p.blocks * size, np.float32) for size in (lanes, LANES))
    launch(_pack, 1, packed, flat(w), lanes, (1, *w.shape), (0, *element_strides(w)))
    repeated.reshape(-1, fold, lanes)[:] = packed.reshape(-1, 1, lanes)
    biases = np.zeros((rows * fold + LANES, channels), np.float32)
    if bias is not None:
        biases[:] = bias
    parts = shares(p.units, g.size * w[0].size)
    launch(transpose_kernel(rows, channels, fold), parts, flat(out), flat(g), repeated, biases.reshape(-1),
           p.phases, taps, p.blocks, empty(parts * p.blocks * p.room, np.float32), p.room, p.units, p.met,
           (image, *(step * s for step, s in zip(steps, stride))), ahead(g, p, 1, len(p.phases)), p.geometry)
