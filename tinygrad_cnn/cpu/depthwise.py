"""Depthwise convolution on register tiles: each channel has its own window, so that lanes are channels of x too.

A unit is a piece of one image, some planes and rows of the output, in some blocks of LANES channels. The part of x under it
is copied, so that what one tap sees from neighboring outputs of a row lies side by side: columns are sorted by their residue
modulo the stride. The sums of ROWS outputs stay in registers, or, for the weight, ROWS elements of g do:

    out[r] = bias + sum over taps of image[row + tap + r*LANES : +LANES] * w[tap]        forward
    dw[tap] = sum over rows, r of    image[row + tap + r*LANES : +LANES] * g[r]          weight

The adjoint in x is a convolution of g with stride 1 in phases: outputs of equal residue modulo the stride meet the same taps.
A window of one tap multiplies each channel by a number: its kernels go through arrays from end to end.
"""
import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from .conv_tile import SHARES, _pack, _unpack, element_strides, flat, shares, taps_of
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .tile import HEIGHTS, LANES, add_products, clear, fetch, multiply_add_lanes, multiply_tiles, rectify, spread, start, store

CACHE = 1 << 17    # float32 of a unit's image at most: a quarter of a second-level cache
VECTORS = 4        # that go through registers together, where windows have one tap
STEP = VECTORS * LANES
LARGE = 1 << 20    # elements from which on their sum is cut into parts


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """One input and one output channel in each group."""
    return groups > 1 and w_shape[:2] == (groups, 1)


class Phase(NamedTuple):
    """Outputs that meet the same taps: how many, the first one's place in out, and along each axis the taps they meet,
    where in x output 0 meets the first of these, and how far apart they are there."""
    count: tuple
    place: int
    taps: tuple
    corner: tuple
    spacing: tuple


class Plan(NamedTuple):
    """The geometry of a depthwise convolution in the form that the kernels take."""
    rows: int              # outputs of a tile
    phases: np.ndarray     # for each phase: its first tap, its place, then count, taps, corner and spacing of each axis
    taps: np.ndarray       # for each tap of each phase: its offset in the image, its number (i, j, k) in w
    blocks: int            # of channels in a unit
    units: int             # pieces of these blocks
    room: int              # float32 of a block's image
    geometry: tuple        # integers, named in _image


@functools.lru_cache(512)
def plan(x_shape: tuple, stride: tuple, window: tuple, phases: tuple, heights: tuple = HEIGHTS, least: int = 1) -> Plan:
    """The plan of an output in these phases from x (N, A, B, C, channels), with one of these heights of a tile and at
    least so many blocks of channels in a unit."""
    P, Q, R = (max(axis) for axis in zip(*(phase.count for phase in phases)))
    low = [min(axis) for axis in zip(*(phase.corner for phase in phases))]
    reach = [max(p.corner[k] + max(len(p.taps[k]) - 1, 0) * p.spacing[k] for p in phases) - low[k] + 1 for k in range(3)]
    rows = min(heights, key=lambda rows: (-(-R // rows) * rows, -rows))
    width = (R - 1) * stride[2] + reach[2]
    every = -(-R // rows) * rows + (reach[2] - 1) // stride[2]       # columns of one residue, as far as tiles look
    line = every * stride[2] * LANES
    blocks = -(-x_shape[-1] // LANES)
    whole = ((P - 1) * stride[0] + reach[0]) * ((Q - 1) * stride[1] + reach[1])
    blocks = max(least, min(blocks, CACHE // (line * min(whole, 8 * reach[0] * reach[1]))))
    lines = CACHE // (line * blocks)
    pieces = x_shape[0] * P * -(-x_shape[-1] // (blocks * LANES))    # without a cut along rows
    high = max(1, min(Q, (lines // reach[0] - reach[1]) // stride[1] + 1, max(-(-pieces * Q // SHARES), 2 * reach[1])))
    height = (high - 1) * stride[1] + reach[1]
    deep = max(1, min(P, (lines // height - reach[0]) // stride[0] + 1))
    planes = (deep - 1) * stride[0] + reach[0]
    table, taps = [], []
    for phase in phases:
        table.append((len(taps), phase.place, *phase.count, *map(len, phase.taps), *phase.corner, *phase.spacing))
        places = [[c - first + n * d for n in range(len(met))]
                  for c, first, met, d in zip(phase.corner, low, phase.taps, phase.spacing)]
        for (a, i), (b, j), (c, k) in itertools.product(*(list(zip(*axis)) for axis in zip(places, phase.taps))):
            column = (c % stride[2] * every + c // stride[2]) * LANES
            taps.append(((a * height + b) * line + column, (i * window[1] + j) * window[2] + k))
    geometry = (*x_shape, P, Q, deep, high, planes, height, width, line, *stride, *low)
    return Plan(rows, np.array(table, np.int64), np.array(taps, np.int64).reshape(-1, 2), blocks,
                x_shape[0] * -(-P // deep) * -(-Q // high), planes * height * line, geometry)


@jit
def _image(unit, block, blocks, x, image, at, room, geometry):
    """Copies the part of x under a unit, rows outside x left out; returns the unit's n, first p and q, planes and rows."""
    _, A, B, C, channels, P, Q, deep, high, planes, height, width, line, s0, s1, s2, c0, c1, c2 = geometry
    along, one, every = -(-Q // high), spread(0, 0, 1), line // s2
    n, p, q = unit // (along * -(-P // deep)), unit // along % -(-P // deep) * deep, unit % along * high
    for a in range(max(0, -(p * s0 + c0)), min(planes, A - (p * s0 + c0))):
        for b in range(max(0, -(q * s1 + c1)), min(height, B - (q * s1 + c1))):
            source = (((n * A + p * s0 + c0 + a) * B + q * s1 + c1 + b) * C + c2) * channels
            for c in range(block * LANES, min((block + blocks) * LANES, channels), LANES):
                for phase in range(s2):
                    row = at + (c // LANES - block) * room + (a * height + b) * line + phase * every
                    first = max(0, -((c2 + phase) // s2))            # x[c2 + phase + z*s2] for first <= z < last
                    last = max(first, -(-(min(width, C - c2) - phase) // s2))
                    clear(image, row, first * LANES)
                    for z in range(first, last):
                        pixel = fetch(x, source + (z * s2 + phase) * channels + c, one, 1, 1, channels - c)
                        store(image, row + z * LANES, one, pixel, 1, LANES)
                    clear(image, row + last * LANES, every - last * LANES)
    return n, p, q, min(deep, P - p), min(high, Q - q)


@jit
def _met(place, spacing, count, extent):
    """The taps n, from the first to below the last, whose place + n * spacing lies in x."""
    first = max(0, -(place // spacing))
    return first, max(first, min(count, (extent - 1 - place) // spacing + 1))


def forward_kernel(rows: int) -> Any:
    ROWS = rows

    @jit(name=f"_forward_{rows}")
    def kernel(part, parts, out, x, w, bias, relu, phases, taps, blocks, image, room, units, steps, geometry):
        _, A, B, _, channels, _, _, _, _, _, height, _, line, s0, s1, _, _, _, _ = geometry
        groups = -(-channels // (blocks * LANES))
        for place in range(part * units * groups // parts, (part + 1) * units * groups // parts):
            block, at = place % groups * blocks, part * blocks * room
            n, p, q, deep, high = _image(place // groups, block, blocks, x, image, at, room, geometry)
            for c in range(block * LANES, min((block + blocks) * LANES, channels), LANES):
                for f in range(len(phases)):
                    begin, corner, P, Q, R, T0, T1, T2 = phases[f, :8]
                    for i in range(min(deep, P - p)):
                        first, last = _met((p + i) * s0 + phases[f, 8], phases[f, 11], T0, A)
                        for j in range(min(high, Q - q)):
                            upper, lower = _met((q + j) * s1 + phases[f, 9], phases[f, 12], T1, B)
                            row = at + (i * s0 * height + j * s1) * line
                            target = corner + n * steps[0] + (p + i) * steps[1] + (q + j) * steps[2] + c
                            for r in range(0, R, ROWS):
                                tile = start(bias, c, ROWS, 1)
                                for plane in range(first, last):
                                    for t in range(begin + (plane * T1 + upper) * T2, begin + (plane * T1 + lower) * T2):
                                        tile = multiply_add_lanes(tile, image, row + r * LANES + taps[t, 0],
                                                                  w, c * len(taps) + taps[t, 1] * LANES, 1)
                                if relu:
                                    tile = rectify(tile)
                                store(out, target + r * steps[3], spread(steps[3], ROWS, ROWS), tile, R - r, channels - c)
                at += room
    return kernel


def weight_kernel(rows: int) -> Any:
    ROWS = rows

    @jit(name=f"_weight_{rows}")
    def kernel(part, parts, sums, x, g, phases, taps, blocks, image, room, units, geometry):
        _, A, B, _, channels, _, _, _, _, _, height, _, line, s0, s1, _, c0, c1, _ = geometry
        _, _, P, Q, R, T0, T1, T2 = phases[0, :8]
        total = part * -(-channels // LANES) * len(taps) * LANES
        clear(sums, total, -(-channels // LANES) * len(taps) * LANES)
        for unit in range(part * units // parts, (part + 1) * units // parts):
            for c in range(0, channels, LANES):
                if c // LANES % blocks == 0:
                    at = part * blocks * room
                    n, p, q, deep, high = _image(unit, c // LANES, blocks, x, image, at, room, geometry)
                for i in range(deep):
                    first, last = _met((p + i) * s0 + c0, phases[0, 11], T0, A)
                    for j in range(high):
                        upper, lower = _met((q + j) * s1 + c1, phases[0, 12], T1, B)
                        row = at + (i * s0 * height + j * s1) * line
                        source = ((n * P + p + i) * Q + q + j) * R * channels + c
                        for r in range(0, R, ROWS):
                            tile = fetch(g, source + r * channels, spread(channels, ROWS, ROWS), 1, R - r, channels - c)
                            for plane in range(first, last):
                                for t in range((plane * T1 + upper) * T2, (plane * T1 + lower) * T2):
                                    add_products(sums, total + c * len(taps) + t * LANES,
                                                 image, row + r * LANES + taps[t, 0], tile)
                at += room
    return kernel


@jit
def _scale(part, parts, out, x, w, bias, relu, channels, share, total):
    """out[e] = bias[channel] + x[e] * w[channel], then max(., 0) if relu; w and bias go on for STEP beyond the last channel"""
    end, one = min((part + 1) * share, total), spread(0, 0, 1)
    for e in range(part * share, end, STEP):
        values, lane = fetch(x, e, one, VECTORS, 1, end - e), e % channels
        factors = start(w, lane, 1, VECTORS)
        tile = multiply_tiles(start(bias, lane, 1, VECTORS), values, factors)
        if relu:
            tile = rectify(tile)
        store(out, e, one, tile, 1, end - e)


@jit
def _dot(part, parts, sums, x, g, channels, share, total):
    """sums[part, channel] = sum of x[e] * g[e] over the e of a part; sums go on for STEP beyond the last channel"""
    end, one, at = min((part + 1) * share, total), spread(0, 0, 1), part * len(sums) // parts
    clear(sums, at, len(sums) // parts)
    for e in range(part * share, end, STEP):
        a, b = fetch(x, e, one, VECTORS, 1, end - e), fetch(g, e, one, VECTORS, 1, end - e)
        tile = multiply_tiles(start(sums, at + e % channels, 1, VECTORS), a, b)
        store(sums, at + e % channels, one, tile, 1, STEP)


FORWARD = {rows: forward_kernel(rows) for rows in HEIGHTS}
WEIGHT = {rows: weight_kernel(rows) for rows in HEIGHTS}


def one_phase(count: tuple, window: tuple, padding: tuple, dilation: tuple) -> tuple:
    """A convolution's outputs all meet all taps."""
    return (Phase(count, 0, tuple(tuple(range(n)) for n in window), tuple(-p for p in padding), dilation),)


def adjoint_phases(extents: tuple, steps: tuple, window: tuple, stride: tuple, padding: tuple, dilation: tuple) -> tuple:
    """Of the positions of x along each axis every stride-th meets the same taps, in reverse."""
    found = []
    for residues in itertools.product(*map(range, map(min, stride, extents))):
        axes = [taps_of(*axis) for axis in zip(residues, window, stride, padding, dilation)]
        count = tuple(-(-(n - r) // s) for n, r, s in zip(extents, residues, stride))
        met = tuple(tuple(range(length)[taps]) for (taps, _, _), length in zip(axes, window))
        place = sum(r * step for r, step in zip(residues, steps))
        found.append(Phase(count, place, met, tuple(a[1] for a in axes), tuple(a[2] for a in axes)))
    return tuple(found)


def convolve(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, p: Plan, steps: tuple,
             relu: bool) -> None:
    """out = the depthwise convolution of x with w (channels, 1, I, J, K) by this plan."""
    channels, _, *window = w.shape
    blocks = -(-channels // LANES)
    packed, biases = empty(blocks * LANES * math.prod(window), np.float32), np.zeros(blocks * LANES, np.float32)
    launch(_pack, 1, packed, flat(w), LANES, (1, *w.shape), (0, *element_strides(w)))
    if bias is not None:
        biases[:channels] = bias
    parts = shares(p.units * -(-blocks // p.blocks), x.size * math.prod(window))
    launch(FORWARD[p.rows], parts, flat(out), flat(x), packed, biases, relu, p.phases, p.taps, p.blocks,
           empty(parts * p.blocks * p.room, np.float32), p.room, p.units, steps, p.geometry)


def one_tap(window: tuple, stride: tuple, padding: tuple) -> bool:
    """Whether each output is a multiple of the one input in its place."""
    return math.prod(window) == math.prod(stride) == 1 and not any(padding)


def scale(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, relu: bool) -> None:
    """out = the convolution of x with w (channels, 1, 1, 1, 1)."""
    channels = len(w)
    table = np.zeros((2, channels), np.float32)
    table[0] = w.reshape(-1)
    if bias is not None:
        table[1] = bias
    factors, biases = np.tile(table, -(-(channels + STEP) // channels))
    parts = parts_for(x.size // LANES)
    launch(_scale, parts, flat(out), flat(x), factors, biases, relu, channels, share_of(x.size, parts), x.size)


def share_of(total: int, parts: int) -> int:
    """Elements of each part but the last: whole steps."""
    return -(-total // (parts * STEP)) * STEP


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    window = w.shape[2:]
    if one_tap(window, stride, padding):
        scale(out, x, w, bias, relu)
        return
    convolve(out, x, w, bias, plan(x.shape, stride, window, one_phase(out.shape[1:4], window, padding, dilation)),
             element_strides(out)[:4], relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    if one_tap(w.shape[2:], stride, padding):
        scale(out, g, w, bias, False)
        return
    image, *steps = element_strides(out)[:4]
    phases = adjoint_phases(out.shape[1:4], tuple(steps), w.shape[2:], stride, padding, dilation)
    convolve(out, g, w, bias, plan(g.shape, (1, 1, 1), w.shape[2:], phases),
             (image, *(step * s for step, s in zip(steps, stride))), False)


def weight(out, x, g, stride, padding, dilation, groups):
    channels, _, *window = out.shape
    if one_tap(tuple(window), stride, padding):
        splits, period = SHARES if x.size >= LARGE else 1, -(-(channels + STEP) // channels)
        sums = empty(splits * period * channels, np.float32)
        launch(_dot, splits, sums, flat(x), flat(g), channels, share_of(x.size, splits), x.size)
        launch(_unpack, 1, flat(out), sums, splits * period, channels, (1, channels, 1, 1))
        return
    p = plan(x.shape, stride, tuple(window), one_phase(g.shape[1:4], tuple(window), padding, dilation))
    splits = min(SHARES, p.units)
    sums = empty(splits * -(-channels // LANES) * len(p.taps) * LANES, np.float32)
    launch(WEIGHT[p.rows], splits, sums, flat(x), flat(g), p.phases, p.taps, p.blocks,
           empty(splits * p.blocks * p.room, np.float32), p.room, p.units, p.geometry)
    launch(_unpack, 1, flat(out), sums, splits, LANES, (1, channels, 1, math.prod(window)))
