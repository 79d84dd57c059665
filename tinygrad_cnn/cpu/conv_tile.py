"""Convolution on register tiles: float32; any window, stride, padding, dilation and channel counts, grouped or not.

The kernels know no geometry: they go over bands of the output and find x in images (see `conv_plan`).

    out[pixel, o] = bias[o] + sum over taps of image[pixels[pixel] + taps[tap]] * w[tap, o]        forward
    dw[tap, o]    = sum over pixels of         image[pixels[pixel] + taps[tap]] * g[pixel, o]      weight

A tile is as wide as the output channels fill it, and in the weight's kernel as high as taps do. Where outputs are few, lanes
hold neighboring taps of each, whose sums are added at the end, or a tile is one vector wide and very high (`tile_shape`).
Large outputs are streamed, and g and x are prefetched (`move`): where channels are few, memory takes longer than the products.

The adjoint of a convolution with stride s is a convolution with stride 1 for each residue of the position modulo s:
where s is 2, even positions have met every second tap of the window, and odd positions the others.
"""
import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import uintp

from .conv_plan import PIXELS, SHARES, Plan, _image, plan
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .move import copy, fill, prefetch, settle, stream, streamed
from .tile import (
    clear,
    fetch,
    folded,
    multiply_add_apart,
    multiply_add_folded,
    peek,
    pick,
    plus,
    rectify,
    spread,
    start,
    store,
    store_packed,
    unfolded,
    zeros,
)
from .tile_shape import FEW, LANES, WIDE, pixels_tile, taps_tile

TERMS = 64            # of a sum that are added at a time: each of its pieces rounds less than the whole would
CHUNK = 32            # output pixels that are streamed together
PIECE = 32            # pixels of g between prefetches
PAGE = 256            # vectors of weights that are put in their places together: half of a first-level cache


@functools.cache
def forward_kernel(vectors: int, fold: int) -> Any:
    ROWS, VECTORS, BLOCK, TILE = WIDE[0], vectors, vectors * LANES, WIDE[0] * vectors
    FOLD, OUTPUTS = fold, BLOCK // fold

    @jit(name=f"_forward_{vectors}_{fold}")
    def kernel(part, parts, out, x, w, bias, relu, away, taps, pixels, places, blocks, scratch, room, bands, lines, steps,
               ahead, geometry):
        """out[pixel, o] = bias[o] + sum over t of image[pixels[pixel] + taps[t]] * w[t, o], then max(., 0) if relu"""
        outputs, room_out = steps[3], len(lines) // parts            # for CHUNK pixels, or nothing
        for band in range(part * bands // parts, (part + 1) * bands // parts):
            image, at, n, p, q, count = _image(band, part * bands // parts, x, scratch, part * room, geometry)
            place, near = n * steps[0] + p * steps[1] + q * steps[2], band * ahead[1] + ahead[0]
            for first in range(0, count, CHUNK if room_out else count):
                last = min(first + CHUNK, count) if room_out else count
                page, top = (lines, part * room_out - places[first]) if room_out else (out, place)
                for b in range(len(blocks)):                         # BLOCK output channels
                    source, target, width = blocks[b, 0], blocks[b, 1], blocks[b, 2]
                    for m in range(first, last, ROWS):               # ROWS output pixels
                        prefetch(x, min(near, ahead[3]), ahead[2])
                        near += ahead[2]
                        if away:
                            for r in range(m + 4 * ROWS, min(m + 5 * ROWS, last)):
                                prefetch(out, place + target + peek(places, r), width)
                        offsets = pick(pixels, m, last - 1, ROWS)
                        tile, line = start(bias, b * BLOCK, ROWS, VECTORS), b * len(taps) * BLOCK
                        for t in range(min(TERMS, len(taps))):
                            tile = multiply_add_folded(tile, image, at + source + taps[t], offsets, w, line + t * BLOCK, FOLD)
                        for begin in range(TERMS, len(taps), TERMS):
                            piece = zeros(TILE)
                            for t in range(begin, min(begin + TERMS, len(taps))):
                                piece = multiply_add_folded(piece, image, at + source + peek(taps, t), offsets,
                                                            w, line + t * BLOCK, FOLD)
                            tile = plus(tile, piece)
                        sums = folded(tile, FOLD)
                        if relu:
                            sums = rectify(sums)
                        store_packed(page, top + target, pick(places, m, last - 1, ROWS), sums, last - m, width, OUTPUTS)
                if room_out:
                    stream(out, place + places[first], lines, part * room_out, (last - first) * outputs)
        settle()
    return kernel


@functools.cache
def weight_kernel(rows: int, vectors: int, fold: int, run: int) -> Any:
    ROWS, VECTORS, BLOCK, FOLD, FOUND, RUN = rows, vectors, vectors * LANES, fold, -(-vectors // fold), run
    ADDRESSES, COUNT = ROWS // RUN, rows * vectors

    @jit(name=f"_weight_{rows}_{vectors}_{fold}_{run}", in_order=True)
    def kernel(part, parts, sums, x, g, taps, apart, pixels, blocks, scratch, room, lines, bands, splits, outputs, few,
               most, ahead, geometry):
        """sums[split, b, t, lane] = sum over a split's pixels of image[pixels[pixel] + taps[t]] * g[pixel, o]"""
        split, owner, owners = part % splits, part // splits, parts // splits
        B, T, P, Q, R = len(blocks), len(taps) * RUN, geometry[5], geometry[6], geometry[7]
        first, rows, one = part * len(lines) // parts, spread(BLOCK, ROWS, ROWS), spread(0, 0, 1)
        own = range(owner * B // owners, (owner + 1) * B // owners)
        share = -(-len(pixels) * outputs // (len(own) * -(-T // ROWS) * -(-len(pixels) // PIECE)))
        whole = geometry[0] * P * Q * R * outputs
        for b in own:
            clear(sums, (split * B + b) * T * BLOCK, T * BLOCK)
        for band in range(split * bands // splits, (split + 1) * bands // splits):
            image, at, n, p, q, total = _image(band, split * bands // splits, x, scratch, part * room, geometry)
            corner, x_near = ((n * P + p) * Q + q) * R * outputs, band * ahead[1] + ahead[0]
            near = corner + total * outputs                                      # what follows in g
            for begin in range(0, total, most):
                end = min(begin + most, total)
                for b in own:
                    source, target, width = at + blocks[b, 0], blocks[b, 1], blocks[b, 2]
                    page, top, step = g, corner + target, outputs    # lanes beyond the last channel are never looked at
                    if not few or top + (end - 1) * outputs + BLOCK > whole:
                        for m in range(begin, end):                  # this block's channels of g, side by side
                            line = unfolded(fetch(g, top + m * outputs, one, FOUND, 1, width), VECTORS, FOLD)
                            store(lines, first + (m - begin) * BLOCK, one, line, 1, BLOCK)
                        page, top, step = lines, first - begin * BLOCK, BLOCK
                    for t in range(0, T, ROWS):                      # ROWS taps
                        offsets = pick(taps, t // RUN, len(taps) - 1, ADDRESSES)
                        place = ((split * B + b) * T + t) * BLOCK
                        tile = zeros(COUNT)
                        for some in range(begin, end, PIECE):
                            prefetch(g, min(near, whole - share), share)
                            near += share
                            prefetch(x, min(x_near, ahead[3]), ahead[2])
                            x_near += ahead[2]
                            for m in range(some, min(some + PIECE, end)):
                                tile = multiply_add_apart(tile, image, source + peek(pixels, m), offsets,
                                                          page, top + m * step, FOLD, apart, RUN)
                        store(sums, place, rows, plus(tile, fetch(sums, place, rows, VECTORS, ROWS, BLOCK)), T - t, BLOCK)
    return kernel


@jit
def _pack(part, parts, packed, w, block, shape, strides):
    """packed[group, b, (i, j, k, c), lane] = w[group, b*block + lane, c, i, j, k], zero beyond the last output"""
    G, outputs, C, planes, J, K = shape
    B, window = -(-outputs // block), planes * J * K
    some = max(1, PAGE // window)
    pieces = -(-C // some)
    for piece in range(part * G * B * pieces // parts, (part + 1) * G * B * pieces // parts):
        place, first = piece // pieces, piece % pieces * some
        group, b = place // B, place % B
        width = min(block, outputs - b * block)
        if width < block:
            for tap in range(window):
                clear(packed, ((place * window + tap) * C + first) * block, min(some, C - first) * block)
        for lane in range(width):
            origin = group * strides[0] + (b * block + lane) * strides[1]
            for tap in range(window):
                i, j, k = tap // (J * K), tap // K % J, tap % K
                source = origin + i * strides[3] + j * strides[4] + k * strides[5]
                for c in range(first, min(first + some, C)):
                    copy(packed, ((place * window + tap) * C + c) * block + lane, w, source + c * strides[2], 1)


@jit
def _unpack(part, parts, w, sums, splits, block, shape):
    """w[group, b*block + lane, c, i, j, k] = sum over the splits of sums[split, group, b, (i, j, k, c), lane], in the first"""
    G, outputs, C, window = shape
    B, some = -(-outputs // block), max(1, PAGE // window)
    length, pieces = G * B * window * C * block, -(-C // some)
    for piece in range(part * G * B * pieces // parts, (part + 1) * G * B * pieces // parts):
        place, first = piece // pieces, piece % pieces * some
        group, b = place // B, place % B
        count = min(some, C - first)
        for tap in range(window):
            line = ((place * window + tap) * C + first) * block
            for split in range(1, splits):
                for e in range(uintp(count * block)):
                    sums[line + e] += sums[split * length + line + e]
        for lane in range(min(block, outputs - b * block)):
            row = (group * outputs + b * block + lane) * C
            for tap in range(window):
                source = (place * window + tap) * C * block + lane
                for c in range(first, first + count):
                    w[(row + c) * window + tap] = sums[source + c * block]


@functools.lru_cache(512)
def blocks_of(groups: int, inputs: int, outputs: int, block: int) -> np.ndarray:
    """For each block of output channels: its group's first input channel, its first output channel, its channels."""
    return np.array([(group * inputs, group * outputs + o, min(block, outputs - o))
                     for group in range(groups) for o in range(0, outputs, block)], np.int64)


def flat(x: np.ndarray) -> np.ndarray:
    """An array of one axis that begins at the first element of x. Kernels index it with the strides of x."""
    return x[(0,) * (x.ndim - 1)][:1]


def element_strides(x: np.ndarray) -> tuple:
    return tuple(stride // x.itemsize for stride in x.strides)


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """Every convolution of float32."""
    return True


class Groups(NamedTuple):
    """Taps that are taken together. A run of taps ends with a group that may overlap the one before: what a tap adds is
    divided among its groups, so that no group sees anything but its run, unless it is larger: nobody looks at what it
    finds beyond."""
    taps: np.ndarray      # (groups, count): each tap of each group
    share: np.ndarray     # (groups, count, 1): 1 or 1/2
    place: np.ndarray     # for each tap: of all taps of all groups, one that it is


@functools.lru_cache(512)
def groups_of(taps: int, length: int, count: int) -> Groups:
    """Groups of so many taps out of runs of this length."""
    starts = np.minimum(np.arange(0, length, count), max(0, length - count))
    found = (np.arange(0, taps, length)[:, None, None] + starts[:, None] + np.arange(count)).reshape(-1, count)
    times, place = np.bincount(found.reshape(-1)), np.zeros(taps, np.int64)
    inside = np.arange(count) < length
    place[found[:, inside]] = np.arange(found.size).reshape(-1, count)[:, inside]
    return Groups(found, (1 / times[found]).astype(np.float32)[..., None], place)


def dense_run(channels: int, inputs: int, window: tuple | list, dilation: tuple) -> int:
    """How many taps lie side by side in x: a row of the window, if nothing is between its columns."""
    return inputs * (window[2] if dilation[2] == 1 and channels == inputs else 1)


class Job(NamedTuple):
    """What of a convolution depends on the shapes alone."""
    vectors: int          # of a tile
    fold: int             # taps side by side in its lanes
    block: int            # output channels
    side: Groups
    blocks: np.ndarray
    taps: np.ndarray      # the first of each group
    plan: Plan
    biases: np.ndarray    # zero, where there are none


@functools.lru_cache(512)
def job(x_shape: tuple, out_shape: tuple, steps: tuple, w_shape: tuple, stride: tuple, corner: tuple, dilation: tuple) -> Job:
    """The job of an output of this shape (N, P, Q, R) and these steps, and of weights (groups, O, C, I, J, K)."""
    groups, outputs, inputs, *window = w_shape
    taps, run = inputs * math.prod(window), dense_run(x_shape[4], inputs, window, dilation)
    vectors, fold = pixels_tile(outputs, run, taps // run)
    block, side = vectors * LANES // fold, groups_of(taps, run, fold)
    p = plan(x_shape, out_shape, steps, tuple(window), inputs, stride, corner, dilation, math.prod(w_shape))
    return Job(vectors, fold, block, side, blocks_of(groups, inputs, outputs, block), p.taps[side.taps[:, 0]], p,
               np.zeros((groups, -(-outputs // block) * block, fold), np.float32))


def convolve(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, stride: tuple, corner: tuple,
             dilation: tuple, relu: bool, away: bool = False) -> None:
    """out = convolution of x with w (groups, O, C, I, J, K), where out and w may be strided; whether out is `away` from the
    caches, so that its lines are asked for."""
    vectors, fold, block, side, blocks, taps, p, biases = job(x.shape, out.shape[:4], element_strides(out), w.shape, stride,
                                                              corner, dilation)
    packed = empty(len(blocks) * len(p.taps) * block, np.float32)
    launch(_pack, parts_for(packed.size), packed, flat(w), block, w.shape, element_strides(w))
    if fold > 1:
        packed = (packed.reshape(len(blocks), -1, block)[:, side.taps] * side.share).swapaxes(2, 3).reshape(-1)
    if bias is not None:
        biases = np.zeros_like(biases)
        biases[:, :w.shape[1], 0] = bias.reshape(w.shape[:2])
    parts = shares(p.bands, out.size * len(p.taps))
    launch(forward_kernel(vectors, fold), parts, flat(out), flat(x), packed, biases.reshape(-1), relu,
           away, taps, p.pixels, p.places, blocks, p.scratch(parts), p.room, p.bands,
           empty(parts * CHUNK * out.shape[4] * streamed(out), np.float32), (*p.steps, out.shape[4]),
           p.ahead(x, len(blocks) * -(-len(p.pixels) // WIDE[0])), p.geometry)


def shares(bands: int, products: int) -> int:
    """Into how many parts the bands are cut: a few for each thread, so that none waits long for one that is held up."""
    parts = parts_for(products // LANES)
    return min(bands, max(parts, min(4 * parts, SHARES))) if parts > 1 else 1    # each part has scratch of its own


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    convolve(out, x, w.reshape(groups, -1, *w.shape[1:]), bias, stride, tuple(-p for p in padding), dilation, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    w = w.reshape(groups, -1, *w.shape[1:]).swapaxes(1, 2)
    found = reached(out, w, bias, stride, padding, dilation)
    for positions, taps, corner, spacing in found:
        convolve(out[positions], g, w[taps], bias, (1, 1, 1), corner, spacing, False, streamed(out) and len(found) == 1)


def weight(out, x, g, stride, padding, dilation, groups):
    """The sum over pixels is cut into `splits` sums, each of some bands; how many depends on the shapes alone."""
    outputs, inputs, *window = out.shape
    outputs //= groups
    apart, length = 1, dense_run(x.shape[4], inputs, window, dilation)
    if x.shape[4] == 1:                                             # also taps at a distance have one address
        apart, length = dilation[2], window[2]
    taps = inputs * math.prod(window)
    p = plan(x.shape, g.shape[:4], (0, 0, 0, 0), tuple(window), inputs, stride, tuple(-p for p in padding), dilation, 0)
    rows, vectors, fold, run = taps_tile(outputs, length, taps // length, apart == 1, p.room > 0)
    side, block = groups_of(taps, length, fold * run), vectors * LANES // fold
    blocks = blocks_of(groups, inputs, outputs, block)
    length, tiles = len(blocks) * len(side.taps) * run * vectors * LANES, -(-len(side.taps) * run // rows)
    large = g.size * taps > 1 << 20
    splits = max(1, min(SHARES, p.bands, (1 << 18) // length)) if large else 1
    owners = min(len(blocks), SHARES // splits) if large else 1
    parts, few = splits * owners, fold == 1 and tiles <= FEW
    most = len(p.pixels)                                            # of these for all tiles in turn
    if tiles > 1 or not few:
        most = min(most, PIXELS // max(1, vectors - 1))             # whose g stays in the first-level cache
    sums = empty(splits * length + rows * vectors * LANES, np.float32)
    launch(weight_kernel(rows, vectors, fold, run), parts, sums, flat(x), flat(g), p.taps[side.taps[:, 0]], apart, p.pixels,
           blocks, p.scratch(parts), p.room, empty(parts * most * vectors * LANES, np.float32), p.bands, splits,
           groups * outputs, few, most,
           p.ahead(x, -(-len(blocks) // owners) * tiles * -(-len(p.pixels) // PIECE)), p.geometry)
    if fold * run > 1:
        sums = sums[:splits * length].reshape(splits, -1).sum(axis=0).reshape(len(blocks), -1, block, fold).swapaxes(2, 3)
        splits, sums = 1, sums.reshape(len(blocks), -1, block)[:, side.place].reshape(-1)
    launch(_unpack, parts_for(sums.size), flat(out), sums, splits, block,
           (groups, outputs, inputs, math.prod(window)))


def reached(out: np.ndarray, w: np.ndarray, bias: np.ndarray | None, stride: tuple, padding: tuple,
            dilation: tuple) -> list[tuple]:
    """The phases that have taps. If there are others, all of out is filled with what no tap adds to."""
    found = list(phases(out.shape, w.shape, stride, padding, dilation))
    some = [phase for phase in found if w[phase[1]].size]
    if len(some) < len(found):
        fill(out, bias)
    return some


def phases(out_shape: tuple, w_shape: tuple, stride: tuple, padding: tuple, dilation: tuple) -> Iterator[tuple]:
    """The convolutions with stride 1 that make up an adjoint: the positions in out, taps in w, corner and dilation."""
    for residues in itertools.product(*map(range, map(min, stride, out_shape[1:4]))):
        axes = [taps_of(*axis) for axis in zip(residues, w_shape[-3:], stride, padding, dilation)]
        taps, corner, spacing = zip(*axes)
        yield (slice(None), *map(slice, residues, (None,) * 3, stride)), (..., *taps), corner, spacing


def taps_of(residue: int, length: int, stride: int, padding: int, dilation: int) -> tuple[slice, int, int]:
    """Along one axis, the taps i that have met this residue: residue + padding = i * dilation modulo the stride.

    They are taken in reverse. Beside them: where in g the last has met the first position, and their distance in g.
    """
    met = [i for i in range(length) if (residue + padding - i * dilation) % stride == 0]
    if not met:
        return slice(0, 0), 0, 1
    every = stride // math.gcd(stride, dilation)
    return (slice(met[-1], met[0] - 1 if met[0] else None, -every), (residue + padding - met[-1] * dilation) // stride,
            dilation * every // stride)
