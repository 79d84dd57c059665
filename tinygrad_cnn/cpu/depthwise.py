"""Depthwise convolution on register tiles: each channel has its own window, so that lanes are channels of x too.

A unit is a piece of one image, some planes and rows of the output, in some blocks of LANES channels. The part of x under it
is copied, so that what one tap sees from neighboring outputs of a row lies side by side: columns are sorted by their residue
modulo the stride. The sums of ROWS outputs stay in registers, or, for the weight, ROWS elements of g do:

    out[r] = bias + sum over taps of image[row + tap + r*LANES : +LANES] * w[tap]        forward
    dw[tap] = sum over rows, r of    image[row + tap + r*LANES : +LANES] * g[r]          weight

The adjoint in x is a convolution of g with stride 1 in phases: outputs of equal residue modulo the stride meet the same taps.
Most of these convolutions take as long as their memory. While a unit is computed, the part of x under the next one is
therefore asked for, and a large output is streamed (`move`): all channels, and all phases, of some pixels of a row together.
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
from .move import prefetch, settle, stream, streamed
from .tile import (
    HEIGHTS,
    LANES,
    add_products,
    clear,
    fetch,
    multiply_add_lanes,
    multiply_tiles,
    peek,
    rectify,
    spread,
    start,
    store,
)

CACHE = 1 << 17    # float32 of a unit's image at most: a quarter of a second-level cache
NEAR = 1 << 13     # float32 of the rows under a tile at most: a first-level cache
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
    taps: np.ndarray       # for each tap of each phase: its offset in the image, and that of (i, j, k) in a block of w
    blocks: int            # of channels in a unit
    units: int             # pieces of these blocks
    room: int              # float32 of a block's image
    met: np.ndarray        # for each plane of an image, each row, and each residue of its columns: whether a tap meets it
    geometry: tuple        # integers, named in _image


@functools.lru_cache(512)
def plan(x_shape: tuple, stride: tuple, window: tuple, phases: tuple, heights: tuple = HEIGHTS, least: int = 1,
         lanes: int = LANES) -> Plan:
    """The plan of an output in these phases from x (N, A, B, C, channels), with one of these heights of a tile and at
    least so many blocks of channels in a unit, a block being so many lanes."""
    P, Q, R = (max(axis) for axis in zip(*(phase.count for phase in phases)))
    low = [min(axis) for axis in zip(*(phase.corner for phase in phases))]
    reach = [max(p.corner[k] + max(len(p.taps[k]) - 1, 0) * p.spacing[k] for p in phases) - low[k] + 1 for k in range(3)]
    rows = min(heights, key=lambda rows: (-(-R // rows) * rows, -rows))
    width = (R - 1) * stride[2] + reach[2]
    every = -(-R // rows) * rows + (reach[2] - 1) // stride[2]       # columns of one residue, as far as tiles look
    line = every * stride[2] * lanes
    blocks = -(-x_shape[-1] // lanes)
    whole = ((P - 1) * stride[0] + reach[0]) * ((Q - 1) * stride[1] + reach[1])
    blocks = min(blocks, CACHE // (line * min(whole, 8 * reach[0] * reach[1])))
    met = max(len(phase.taps[0]) * len(phase.taps[1]) for phase in phases)          # rows of the image under a tile
    if met > 1:                                                                     # which the next row's tile meets, too
        blocks = min(blocks, NEAR // (line * met))
    blocks = max(blocks, least)
    lines = CACHE // (line * blocks)
    pieces = x_shape[0] * P * -(-x_shape[-1] // (blocks * lanes))    # without a cut along rows
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
            column = (c % stride[2] * every + c // stride[2]) * lanes
            taps.append(((a * height + b) * line + column, ((i * window[1] + j) * window[2] + k) * LANES))
    geometry = (*x_shape, P, Q, deep, high, planes, height, width, line, *stride, *low, lanes)
    return Plan(rows, np.array(table, np.int64), np.array(taps, np.int64).reshape(-1), blocks,
                x_shape[0] * -(-P // deep) * -(-Q // high), planes * height * line,
                met_of(phases, low, (deep, high, R), (planes, height, width), stride), geometry)


def met_of(phases: tuple, low: list, counts: tuple, extents: tuple, stride: tuple) -> np.ndarray:
    """Plan.met, for so many outputs and an image of these extents that begins at `low`."""
    axes = [np.zeros(extent, np.bool_) for extent in extents]
    for phase in phases:
        for k, axis in enumerate(axes):
            taps = phase.corner[k] - low[k] + np.arange(len(phase.taps[k])) * phase.spacing[k]
            axis[np.arange(counts[k])[:, None] * stride[k] + taps] = True
    residues = [axes[2][residue::stride[2]].any() for residue in range(stride[2])]
    return np.concatenate([*axes[:2], residues])


@jit
def _margins(image, at, blocks, room, geometry):
    """Clears the columns of an image that lie outside x: the same ones for every unit."""
    _, _, _, C, _, _, _, _, _, _, _, width, line, _, _, s2, _, _, c2, lanes = geometry
    every = line // s2
    for phase in range(s2):
        first, last = _columns(phase, s2, c2, width, C)
        for row in range(at + phase * every, at + blocks * room, line):
            clear(image, row, first * lanes)
            clear(image, row + last * lanes, every - last * lanes)


@jit
def _columns(phase, s2, c2, width, C):
    """The z, from the first to below the last, for which column c2 + phase + z*s2 lies in x."""
    first = max(0, -((c2 + phase) // s2))
    return first, max(first, -(-(min(width, C - c2) - phase) // s2))


@jit
def _image(unit, block, blocks, x, image, at, room, met, geometry):
    """Copies what taps meet of the part of x under a unit; returns the unit's n, first p and q, planes and rows."""
    _, A, B, C, channels, P, Q, deep, high, planes, height, width, line, s0, s1, s2, c0, c1, c2, lanes = geometry
    along, one, every = -(-Q // high), spread(0, 0, 1), line // s2
    n, p, q = unit // (along * -(-P // deep)), unit // along % -(-P // deep) * deep, unit % along * high
    for phase in range(s2):
        first, last = _columns(phase, s2, c2, width, C)
        for a in range(max(0, -(p * s0 + c0)), min(planes, A - (p * s0 + c0)) * met[planes + height + phase]):
            for b in range(max(0, -(q * s1 + c1)), min(height, B - (q * s1 + c1)) * met[a]):
                if not met[planes + b]:
                    continue
                source = (((n * A + p * s0 + c0 + a) * B + q * s1 + c1 + b) * C + c2 + phase) * channels
                row = at + (a * height + b) * line + phase * every
                for c in range(block * lanes, min((block + blocks) * lanes, channels), lanes):
                    for z in range(first, last):
                        pixel = fetch(x, source + z * s2 * channels + c, one, 1, 1, min(lanes, channels - c))
                        store(image, row + z * lanes, one, pixel, 1, lanes)
                    row += room
    return n, p, q, min(deep, P - p), min(high, Q - q)


@jit
def _met(place, spacing, count, extent):
    """The taps n, from the first to below the last, whose place + n * spacing lies in x."""
    first = max(0, -(place // spacing))
    return first, max(first, min(count, (extent - 1 - place) // spacing + 1))


def forward_kernel(rows: int) -> Any:
    ROWS = rows

    @jit(name=f"_forward_{rows}")
    def kernel(part, parts, out, x, w, bias, relu, phases, taps, along, blocks, image, room, units, met, lines, steps,
               window, ahead, geometry):
        _, A, B, _, channels, _, _, _, _, _, height, _, line, s0, s1, _, _, _, _, _ = geometry
        groups, width = -(-channels // (blocks * LANES)), len(lines) // parts
        _margins(image, part * blocks * room, blocks, room, geometry)
        for place in range(part * units * groups // parts, (part + 1) * units * groups // parts):
            block, near = place % groups * blocks, place * ahead[1] + ahead[0]
            n, p, q, deep, high = _image(place // groups, block, blocks, x, image, part * blocks * room, room, met, geometry)
            for f in range(0, len(phases), along):                   # these make up rows of out
                P, Q, R, T0, T1 = phases[f, 2:7]
                for i in range(min(deep, P - p)):
                    first, last = _met((p + i) * s0 + phases[f, 8], phases[f, 11], T0, A)
                    for j in range(min(high, Q - q)):
                        upper, lower = _met((q + j) * s1 + phases[f, 9], phases[f, 12], T1, B)
                        row = part * blocks * room + (i * s0 * height + j * s1) * line
                        target = phases[f, 1] + n * steps[0] + (p + i) * steps[1] + (q + j) * steps[2]
                        for r in range(0, R, ROWS):
                            prefetch(x, min(near, ahead[3]), ahead[2])
                            near += ahead[2]
                            page, top = (lines, part * width) if width else (out, target + r * steps[3])
                            for e in range(f, f + along):
                                begin, corner, T2 = phases[e, 0], top + phases[e, 1] - phases[f, 1], phases[e, 7]
                                for c in range(block * LANES, min((block + blocks) * LANES, channels), LANES):
                                    tile = start(bias, c, ROWS, 1)
                                    at = row + (c // LANES - block) * room + r * LANES
                                    for plane in range(first, last):
                                        for t in range(begin + (plane * T1 + upper) * T2, begin + (plane * T1 + lower) * T2):
                                            tile = multiply_add_lanes(tile, image, at + peek(taps, 2 * t),
                                                                      w, c * window + peek(taps, 2 * t + 1), 1)
                                    if relu:
                                        tile = rectify(tile)
                                    store(page, corner + c, spread(steps[3], ROWS, ROWS), tile, phases[e, 4] - r, channels - c)
                            if width:
                                stream(out, target + r * steps[3], lines, part * width,
                                       min(width, steps[4] - r * steps[3]))
        settle()
    return kernel


def weight_kernel(rows: int) -> Any:
    ROWS = rows

    @jit(name=f"_weight_{rows}")
    def kernel(part, parts, sums, x, g, phases, taps, blocks, image, room, units, met, window, ahead, g_ahead,
               geometry):
        _, A, B, _, channels, _, _, _, _, _, height, _, line, s0, s1, _, c0, c1, _, _ = geometry
        _, _, P, Q, R, T0, T1, T2 = phases[0, :8]
        total = part * -(-channels // LANES) * window * LANES
        clear(sums, total, -(-channels // LANES) * window * LANES)
        _margins(image, part * blocks * room, blocks, room, geometry)
        for unit in range(part * units // parts, (part + 1) * units // parts):
            near, g_near = unit * ahead[1] + ahead[0], unit * g_ahead[1] + g_ahead[0]
            for c in range(0, channels, LANES):
                if c // LANES % blocks == 0:
                    at = part * blocks * room
                    n, p, q, deep, high = _image(unit, c // LANES, blocks, x, image, at, room, met, geometry)
                for i in range(deep):
                    first, last = _met((p + i) * s0 + c0, phases[0, 11], T0, A)
                    for j in range(high):
                        upper, lower = _met((q + j) * s1 + c1, phases[0, 12], T1, B)
                        row = at + (i * s0 * height + j * s1) * line
                        source = ((n * P + p + i) * Q + q + j) * R * channels + c
                        for r in range(0, R, ROWS):
                            prefetch(x, min(near, ahead[3]), ahead[2])
                            prefetch(g, min(g_near, g_ahead[3]), g_ahead[2])
                            near += ahead[2]
                            g_near += g_ahead[2]
                            tile = fetch(g, source + r * channels, spread(channels, ROWS, ROWS), 1, R - r, channels - c)
                            for plane in range(first, last):
                                for t in range((plane * T1 + upper) * T2, (plane * T1 + lower) * T2):
                                    add_products(sums, total + c * window + t * LANES,
                                                 image, row + r * LANES + peek(taps, 2 * t), tile)
                at += room
    return kernel


@jit
def _scale(part, parts, out, x, w, bias, relu, channels, share, total, lines):
    """out[e] = bias[channel] + x[e] * w[channel], then max(., 0) if relu; w and bias go on for STEP beyond the last channel"""
    end, one = min((part + 1) * share, total), spread(0, 0, 1)
    for e in range(part * share, end, STEP):
        values, lane = fetch(x, e, one, VECTORS, 1, end - e), e % channels
        factors = start(w, lane, 1, VECTORS)
        tile = multiply_tiles(start(bias, lane, 1, VECTORS), values, factors)
        if relu:
            tile = rectify(tile)
        if len(lines):
            store(lines, part * STEP, one, tile, 1, STEP)
            stream(out, e, lines, part * STEP, min(STEP, end - e))
        else:
            store(out, e, one, tile, 1, end - e)
    settle()


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


def convolve(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, p: Plan, steps: tuple, along: int,
             relu: bool) -> None:
    """out = the depthwise convolution of x with w (channels, 1, I, J, K) by this plan; `along` phases make up a row."""
    channels, _, *window = w.shape
    blocks, taps = -(-channels // LANES), math.prod(window)
    packed, biases = empty(blocks * LANES * taps, np.float32), np.zeros(blocks * LANES, np.float32)
    launch(_pack, 1, packed, flat(w), LANES, (1, *w.shape), (0, *element_strides(w)))
    if bias is not None:
        biases[:channels] = bias
    groups = -(-blocks // p.blocks)
    parts = shares(p.units * groups, x.size * taps)
    lines = empty(parts * p.rows * along * channels * (groups == 1 and streamed(out)), np.float32)
    launch(FORWARD[p.rows], parts, flat(out), flat(x), packed, biases, relu, p.phases, p.taps, along, p.blocks,
           empty(parts * p.blocks * p.room, np.float32), p.room, p.units, p.met, lines, (*steps, out[0, 0, 0].size), taps,
           ahead(x, p, groups, len(p.phases) // along), p.geometry)


def ahead(array: np.ndarray, p: Plan, groups: int, repeats: int) -> tuple[int, int, int, int]:
    """What is prefetched while groups of channels are computed: where in the array this begins for the first group, how
    much further for each next one, how much of it there is for each tile, and where the last piece begins."""
    share = array.size // (p.units * groups)
    tiles = repeats * math.prod(p.geometry[7:9]) * -(-int(p.phases[0, 4]) // p.rows)
    piece = -(-share // tiles)
    return share * groups, share, piece, max(0, array.size - piece)


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
    launch(_scale, parts, flat(out), flat(x), factors, biases, relu, channels, share_of(x.size, parts), x.size,
           empty(parts * STEP * streamed(out), np.float32))


def share_of(total: int, parts: int) -> int:
    """Elements of each part but the last: whole steps."""
    return -(-total // (parts * STEP)) * STEP


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    window = w.shape[2:]
    if one_tap(window, stride, padding):
        scale(out, x, w, bias, relu)
        return
    convolve(out, x, w, bias, plan(x.shape, stride, window, one_phase(out.shape[1:4], window, padding, dilation)),
             element_strides(out)[:4], 1, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    if one_tap(w.shape[2:], stride, padding):
        scale(out, g, w, bias, False)
        return
    image, *steps = element_strides(out)[:4]
    phases = adjoint_phases(out.shape[1:4], tuple(steps), w.shape[2:], stride, padding, dilation)
    convolve(out, g, w, bias, plan(g.shape, (1, 1, 1), w.shape[2:], phases),
             (image, *(step * s for step, s in zip(steps, stride))), min(stride[2], out.shape[3]), False)


def weight(out, x, g, stride, padding, dilation, groups):
    channels, _, *window = out.shape
    if one_tap(tuple(window), stride, padding):
        splits, period = SHARES if x.size >= LARGE else 1, -(-(channels + STEP) // channels)
        sums = empty(splits * period * channels, np.float32)
        launch(_dot, splits, sums, flat(x), flat(g), channels, share_of(x.size, splits), x.size)
        launch(_unpack, 1, flat(out), sums, splits * period, channels, (1, channels, 1, 1))
        return
    p = plan(x.shape, stride, tuple(window), one_phase(g.shape[1:4], tuple(window), padding, dilation))
    splits, blocks, taps = min(SHARES, p.units), -(-channels // LANES), math.prod(window)
    sums = empty(splits * blocks * taps * LANES, np.float32)
    launch(WEIGHT[p.rows], splits, sums, flat(x), flat(g), p.phases, p.taps, p.blocks,
           empty(splits * p.blocks * p.room, np.float32), p.room, p.units, p.met, taps,
           ahead(x, p, 1, blocks), ahead(g, p, 1, blocks), p.geometry)
    launch(_unpack, 1, flat(out), sums, splits, LANES, (1, channels, 1, taps))
