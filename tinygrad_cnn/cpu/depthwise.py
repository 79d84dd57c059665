"""Depthwise convolution on register tiles: each channel has its own window, so that lanes are channels of x too.

The sums of some outputs of a row, in some vectors of channels, stay in registers; for the weight, elements of g do:

    out[r] = bias + sum over taps of x[row + tap + r*step : +channels] * w[tap]        forward
    dw[tap] = sum over rows, r of    x[row + tap + r*step : +channels] * g[r]          weight

Most of these convolutions take as long as their memory. Therefore x itself is read, in its order, all channels of a pixel
together, and a large output is streamed (`move`). Only tiles where a tap may lie beyond the border look where each pixel is.

The adjoint in x is a convolution of g with stride 1 in phases: outputs of equal residue modulo the stride meet the same taps.
A window of one tap multiplies each channel by a number: its kernels go through arrays from end to end.
"""
import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from .conv_pack import _pack, _unpack
from .conv_tile import SHARES, element_strides, flat, shares, taps_of
from .depthwise_tile import TAPS, add_products, multiply_add_pixels, tile_of
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .move import prefetch, settle, stream, streamed
from .tile import LANES, clear, fetch, multiply_tiles, peek, rectify, spread, start, store

CHUNK = 32         # pixels of each phase of a row that are streamed together, or some more
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
    tile: tuple            # its pixels, vectors of channels, last vectors that are masked, and taps taken together
    every: int             # its pixels are every so many of a row
    phases: np.ndarray     # for each phase: its first tap, its place, then count, taps, corner and spacing of each axis
    taps: np.ndarray       # for each tap of each phase: its offset in x
    order: np.ndarray      # for each tap of each phase: which of the window's taps it is
    met: np.ndarray        # for each phase, axis and row of outputs: the taps, from the first to below the last, that meet x
    units: int             # rows of out, or of its largest phase
    ahead: tuple           # beside the first plane and row of a unit: those that its next one sees first; how much for a tile
    geometry: tuple        # integers, named in the kernels


def plan(x_shape: tuple, stride: tuple, window: tuple, phases: tuple) -> Plan:
    """The plan of an output in these phases from x (N, A, B, C, channels)."""
    N, _, B, C, channels = x_shape
    P, Q, R = (max(axis) for axis in zip(*(phase.count for phase in phases)))
    length, every = together(phases, stride[2])
    rows, vectors, masked = tile_of(channels, -(-R // every), length)
    table, taps, order = [], [], []
    for phase in phases:
        table.append((len(taps), phase.place, *phase.count, *map(len, phase.taps), *phase.corner, *phase.spacing))
        taps += [((a * phase.spacing[0] * B + b * phase.spacing[1]) * C + c * phase.spacing[2]) * channels
                 for a, b, c in np.ndindex(*map(len, phase.taps))]
        order += [(i * window[1] + j) * window[2] + k for i, j, k in itertools.product(*phase.taps)]
    high = [max(c + (len(t) - 1) * d for c, t, d in ((p.corner[k], p.taps[k], p.spacing[k]) for p in phases)) for k in (0, 1)]
    tiles = sum(-(-phase.count[2] // rows) for phase in phases)
    ahead = high[0] - stride[0] + 1, high[1] + 1, -(-stride[1] * C * channels // tiles)
    return Plan((rows, vectors, masked, length), every, np.array(table, np.int64), np.array(taps, np.int64), np.array(order),
                met_of(phases, x_shape[1:3], stride, max(P, Q)), N * P * Q, ahead, (*x_shape, P, Q, R, *stride))


def together(phases: tuple, stride: int) -> tuple[int, int]:
    """How many taps of a row are taken together, and which of its outputs, every so many, see them as far apart as the
    taps are. Only those of a single phase are, and only if outputs come so close."""
    length, spacing = len(phases[0].taps[2]), phases[0].spacing[2]
    if len(phases) == 1 and 1 < length <= TAPS and spacing % stride == 0:
        return length, spacing // stride
    return 1, 1


def met_of(phases: tuple, extents: tuple, stride: tuple, length: int) -> np.ndarray:
    """Plan.met, for rows along the first two axes of so many planes and rows of x."""
    found = np.zeros((len(phases), 2, length, 2), np.int64)
    for axes, phase in zip(found, phases):
        for k, extent in enumerate(extents):
            place, spacing, taps = np.arange(length) * stride[k] + phase.corner[k], phase.spacing[k], len(phase.taps[k])
            first = np.maximum(0, -(place // spacing))
            axes[k] = np.stack((first, np.clip((extent - 1 - place) // spacing + 1, first, np.maximum(first, taps))), axis=-1)
    return found


def every_tap(add: Any, length: int) -> Any:
    """A function that passes a tile through `add` for each tap that meets x, or for `length` of them together."""
    LENGTH = length

    @jit(name=f"_{add.__name__}_every_tap", inline=True)
    def run(tile, context, begin, T1, T2, met, columns):
        """tile = add(tile, context, t, column, apart, extent) for each t, where no column of an extent of 1 is looked at"""
        first, last, upper, lower = met
        column, gap, apart, extent, whole = columns
        for plane in range(first, last):
            line = begin + plane * T1 * T2
            if whole:
                for t in range(line + upper * T2, line + lower * T2, LENGTH):
                    tile = add(tile, context, t, 0, 0, 1)
            else:
                for j in range(upper, lower):
                    for k in range(0, T2, LENGTH):
                        tile = add(tile, context, line + j * T2 + k, column + k * gap, apart, extent)
        return tile
    return run


@functools.cache
def forward_kernel(rows: int, vectors: int, masked: int, length: int) -> Any:
    ROWS, VECTORS, BLOCK, MASKED, LENGTH = rows, vectors, vectors * LANES, masked, length

    @jit(name=f"_add_{rows}_{vectors}_{masked}_{length}", inline=True)
    def _add(tile, context, t, column, apart, extent):
        """tile[r] += x[at + taps[t] + r*step : +BLOCK] * w[w_at + t*BLOCK : +BLOCK]"""
        x, at, step, w, w_at, width, zeros, taps = context
        return multiply_add_pixels(tile, x, at + peek(taps, t), step, w, w_at + t * BLOCK, LENGTH, VECTORS, MASKED, width,
                                   zeros, column, apart, extent)

    _sum = every_tap(_add, length)

    @jit(name=f"_forward_{rows}_{vectors}_{masked}_{length}", in_order=True)
    def kernel(part, parts, out, x, w, bias, relu, zeros, phases, taps, met, along, every, units, lines, chunk, steps,
               ahead, geometry):
        _, A, B, C, channels, P, Q, R, s0, s1, s2 = geometry
        space, apart, window = len(lines) // parts, every * s2, len(taps)
        unit = part * units // parts
        n, p, q = unit // (P * Q), unit // Q % P, unit % Q
        for _ in range(unit, (part + 1) * units // parts):
            near = ((n * A + p * s0 + ahead[0]) * B + q * s1 + ahead[1]) * C * channels
            for f in range(0, len(phases), along):                   # these make up rows of out
                a, b = p * s0 + phases[f, 8], q * s1 + phases[f, 9]
                under = met[f, 0, p, 0], met[f, 0, p, 1], met[f, 1, q, 0], met[f, 1, q, 1]
                target = phases[f, 1] + n * steps[0] + p * steps[1] + q * steps[2]
                some = 0 if p < phases[f, 2] and q < phases[f, 3] else R
                while some < R:
                    to, top = (lines, part * space - some * steps[3]) if space else (out, target)
                    for e in range(f, f + along):
                        T1, T2, corner, gap, stop = phases[e, 6], phases[e, 7], phases[e, 10], phases[e, 13], phases[e, 4]
                        stop = min(stop, some + chunk)
                        for first in range(some, stop, ROWS * every):
                            for r in range(first, min(first + every, stop)):
                                near = _ask(x, near, s0, ahead[2], B * C * channels)
                                column = r * s2 + corner
                                whole = column >= 0 and column + (ROWS - 1) * apart + (T2 - 1) * gap < C
                                row = (((n * A + a) * B + b) * C + column) * channels
                                place = top + phases[e, 1] - phases[f, 1] + r * steps[3]
                                height = ROWS if r + (ROWS - 1) * every < stop else (stop - r + every - 1) // every
                                for c in range(0, channels, BLOCK):
                                    tile = _sum(start(bias, c, ROWS, VECTORS),
                                                (x, row + c, apart * channels, w, c * window, channels - c, zeros, taps),
                                                phases[e, 0], T1, T2, under, (column, gap, apart, C, whole))
                                    if relu:
                                        tile = rectify(tile)
                                    store(to, place + c, spread(every * steps[3], ROWS, ROWS), tile, height, channels - c)
                    if space:
                        stream(out, target + some * steps[3], lines, part * space, min(space, steps[4] - some * steps[3]))
                    some += chunk
            n, p, q = _next(n, p, q, P, Q)
        settle()
    return kernel


@jit(inline=True)
def _ask(x, near, planes, count, plane):
    """Asks for some more of the rows that the next unit sees first; returns what comes after them."""
    for k in range(planes):
        prefetch(x, near + k * plane, count)
    return near + count


@jit(inline=True)
def _next(n, p, q, P, Q):
    """The unit after this one."""
    q += 1
    if q == Q:
        q, p = 0, p + 1
    if p == P:
        p, n = 0, n + 1
    return n, p, q


@functools.cache
def weight_kernel(rows: int, vectors: int, masked: int, length: int) -> Any:
    ROWS, VECTORS, BLOCK, MASKED, LENGTH = rows, vectors, vectors * LANES, masked, length

    @jit(name=f"_add_products_{rows}_{vectors}_{masked}_{length}", inline=True)
    def _add(tile, context, t, column, apart, extent):
        """sums[total + t*BLOCK : +BLOCK] += the sum over r of x[at + taps[t] + r*step : +BLOCK] * tile[r]"""
        sums, total, x, at, step, width, zeros, taps = context
        add_products(sums, total + t * BLOCK, x, at + peek(taps, t), step, tile, LENGTH, VECTORS, MASKED, width, zeros,
                     column, apart, extent)
        return tile

    _add_all = every_tap(_add, length)

    @jit(name=f"_weight_{rows}_{vectors}_{masked}_{length}", in_order=True)
    def kernel(part, parts, sums, x, g, zeros, phases, taps, met, every, units, ahead, geometry):
        _, A, B, C, channels, P, Q, R, s0, s1, s2 = geometry
        T1, T2, corner, gap, apart, window = phases[0, 6], phases[0, 7], phases[0, 10], phases[0, 13], every * s2, len(taps)
        total, unit = part * len(sums) // parts, part * units // parts
        clear(sums, total, len(sums) // parts)
        n, p, q = unit // (P * Q), unit // Q % P, unit % Q
        for u in range(unit, (part + 1) * units // parts):
            a, b = p * s0 + phases[0, 8], q * s1 + phases[0, 9]
            under = met[0, 0, p, 0], met[0, 0, p, 1], met[0, 1, q, 0], met[0, 1, q, 1]
            near = ((n * A + p * s0 + ahead[0]) * B + q * s1 + ahead[1]) * C * channels
            for first in range(0, R, ROWS * every):
                for r in range(first, min(first + every, R)):
                    near = _ask(x, near, s0, ahead[2], B * C * channels)
                    column, source = r * s2 + corner, (u * R + r) * channels
                    whole = column >= 0 and column + (ROWS - 1) * apart + (T2 - 1) * gap < C
                    row = (((n * A + a) * B + b) * C + column) * channels
                    height = ROWS if r + (ROWS - 1) * every < R else (R - r + every - 1) // every
                    for c in range(0, channels, BLOCK):
                        tile = fetch(g, source + c, spread(every * channels, ROWS, ROWS), VECTORS, height, channels - c)
                        _add_all(tile, (sums, total + c * window, x, row + c, apart * channels, channels - c, zeros, taps),
                                 0, T1, T2, under, (column, gap, apart, C, whole))
            n, p, q = _next(n, p, q, P, Q)
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


@functools.lru_cache(512)
def forward_plan(x_shape: tuple, count: tuple, window: tuple, stride: tuple, padding: tuple, dilation: tuple) -> Plan:
    """The plan of a convolution with so many outputs along each axis, which all meet all taps."""
    met = tuple(tuple(range(n)) for n in window)
    return plan(x_shape, stride, window, (Phase(count, 0, met, tuple(-p for p in padding), dilation),))


@functools.lru_cache(512)
def adjoint_plan(g_shape: tuple, extents: tuple, steps: tuple, window: tuple, stride: tuple, padding: tuple,
                 dilation: tuple) -> Plan:
    """The plan of an adjoint of these extents and steps."""
    return plan(g_shape, (1, 1, 1), window, adjoint_phases(extents, steps, window, stride, padding, dilation))


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
    channels, size, block = len(w), len(p.order), p.tile[1] * LANES
    blocks = -(-channels // block)
    packed, biases = empty(blocks * block * size, np.float32), np.zeros(blocks * block, np.float32)
    w = w.reshape(channels, -1).take(p.order, axis=1)
    launch(_pack, 1, packed, flat(w), block, (1, channels, size, 1, 1, 1), (0, size, 1, 0, 0, 0))
    if bias is not None:
        biases[:channels] = bias
    parts, chunk = shares(p.units, x.size * size), -(-CHUNK // (p.tile[0] * p.every)) * p.tile[0] * p.every
    launch(forward_kernel(*p.tile), parts, flat(out), flat(x), packed, biases, relu,
           np.zeros(block, np.float32), p.phases, p.taps, p.met, along, p.every, p.units,
           empty(parts * chunk * along * channels * streamed(out), np.float32), chunk, (*steps, out[0, 0, 0].size), p.ahead,
           p.geometry)


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
    p = forward_plan(x.shape, out.shape[1:4], window, stride, padding, dilation)
    convolve(out, x, w, bias, p, element_strides(out)[:4], 1, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    if one_tap(w.shape[2:], stride, padding):
        scale(out, g, w, bias, False)
        return
    image, *steps = element_strides(out)[:4]
    p = adjoint_plan(g.shape, out.shape[1:4], tuple(steps), w.shape[2:], stride, padding, dilation)
    convolve(out, g, w, bias, p, (image, *(step * s for step, s in zip(steps, stride))), min(stride[2], out.shape[3]), False)


def weight(out, x, g, stride, padding, dilation, groups):
    channels, _, *window = out.shape
    if one_tap(tuple(window), stride, padding):
        splits, period = SHARES if x.size >= LARGE else 1, -(-(channels + STEP) // channels)
        sums = empty(splits * period * channels, np.float32)
        launch(_dot, splits, sums, flat(x), flat(g), channels, share_of(x.size, splits), x.size)
        launch(_unpack, 1, flat(out), sums, splits * period, channels, (1, channels, 1, 1))
        return
    p = forward_plan(x.shape, g.shape[1:4], tuple(window), stride, padding, dilation)
    splits, block, size = min(SHARES, p.units), p.tile[1] * LANES, math.prod(window)
    sums = empty(splits * -(-channels // block) * block * size, np.float32)
    launch(weight_kernel(*p.tile), splits, sums, flat(x), flat(g), np.zeros(block, np.float32),
           p.phases, p.taps, p.met, p.every, p.units, p.ahead, p.geometry)
    launch(_unpack, 1, flat(out), sums, splits, block, (1, channels, 1, size))
