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
from typing import Any, NamedTuple

import numpy as np

from .conv_pack import Groups, _pack, _pack_groups, _unpack, _unpack_groups, groups_of
from .conv_plan import PIXELS, SHARES, Plan, _image, plan
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .move import fill, prefetch, settle, stream, streamed
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
NONE = slice(0, 0)    # of the taps


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
    return Job(vectors, fold, block, side, blocks_of(groups, inputs, outputs, block), p.taps[side.first], p,
               np.zeros(groups * -(-outputs // block) * block * fold, np.float32))


def convolve(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, stride: tuple, corner: tuple,
             dilation: tuple, relu: bool, away: bool = False) -> None:
    """out = convolution of x with w (groups, O, C, I, J, K), where out and w may be strided; whether out is `away` from the
    caches, so that its lines are asked for."""
    steps = element_strides(out)
    vectors, fold, block, side, blocks, taps, p, biases = job(x.shape, out.shape[:4], steps, w.shape, stride, corner, dilation)
    packed, strides = empty(len(blocks) * len(side.taps) * block, np.float32), element_strides(w)
    if fold == 1:
        launch(_pack, parts_for(packed.size), packed, flat(w), block, w.shape, strides)
    else:
        launch(_pack_groups, parts_for(packed.size), packed, flat(w), side.taps, side.share, block, fold, w.shape, strides)
    if bias is not None:
        biases = np.zeros_like(biases)
        biases.reshape(len(w), -1, fold)[:, :w.shape[1], 0] = bias.reshape(w.shape[:2])
    parts = shares(p.bands, out.size * len(p.taps))
    launch(forward_kernel(vectors, fold), parts, flat(out), flat(x), packed, biases, relu, away, taps, p.pixels, p.places,
           blocks, p.scratch(parts), p.room, p.bands, empty(parts * CHUNK * out.shape[4] * streamed(out), np.float32),
           (*p.steps, out.shape[4]), p.ahead(x.size, len(blocks) * -(-len(p.pixels) // WIDE[0])), p.geometry)


def shares(bands: int, products: int) -> int:
    """Into how many parts the bands are cut: a few for each thread, so that none waits long for one that is held up."""
    parts = parts_for(products // LANES)
    return min(bands, max(parts, min(4 * parts, SHARES))) if parts > 1 else 1    # each part has scratch of its own


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    convolve(out, x, w.reshape(groups, -1, *w.shape[1:]), bias, stride, tuple(-p for p in padding), dilation, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    w = w.reshape(groups, -1, *w.shape[1:]).swapaxes(1, 2)
    found, count = phases(out.shape[1:4], w.shape[3:], stride, padding, dilation)
    if len(found) < count:
        fill(out, bias)                                             # what no tap adds to
    for positions, taps, corner, spacing in found:
        convolve(out[positions], g, w[taps], bias, (1, 1, 1), corner, spacing, False, streamed(out) and count == 1)


class WeightJob(NamedTuple):
    """What of the gradient of a weight depends on the shapes alone."""
    tile: tuple           # its rows, vectors, fold and run (see `taps_tile`)
    block: int            # output channels
    side: Groups
    blocks: np.ndarray
    taps: np.ndarray      # the first of each group
    plan: Plan
    apart: int            # from one tap of a run to the next
    few: bool             # whether tiles are, so that g is read where it lies, if lanes hold no other taps
    most: int             # pixels that all tiles take in turn
    splits: int           # of the sum over the pixels, each of some bands
    owners: int           # of the blocks of each split
    ahead: tuple          # see Plan.ahead


@functools.lru_cache(512)
def weight_job(x_shape: tuple, g_shape: tuple, out_shape: tuple, stride: tuple, padding: tuple, dilation: tuple,
               groups: int) -> WeightJob:
    """The job of weights (O, C, I, J, K) from x and g. How the sum is split depends on nothing else."""
    outputs, inputs, *window = out_shape
    outputs //= groups
    apart, length = 1, dense_run(x_shape[4], inputs, window, dilation)
    if x_shape[4] == 1:                                             # also taps at a distance have one address
        apart, length = dilation[2], window[2]
    taps = inputs * math.prod(window)
    p = plan(x_shape, g_shape[:4], (0, 0, 0, 0), tuple(window), inputs, stride, tuple(-n for n in padding), dilation, 0)
    rows, vectors, fold, run = taps_tile(outputs, length, taps // length, apart == 1, p.room > 0)
    side, block = groups_of(taps, length, fold * run), vectors * LANES // fold
    blocks, tiles = blocks_of(groups, inputs, outputs, block), -(-len(side.first) * run // rows)
    large = math.prod(g_shape) * taps > 1 << 20
    splits = max(1, min(SHARES, p.bands, (1 << 18) // (len(blocks) * len(side.taps) * block))) if large else 1
    owners = min(len(blocks), SHARES // splits) if large else 1
    few, most = fold == 1 and tiles <= FEW, len(p.pixels)
    if tiles > 1 or not few:
        most = min(most, PIXELS // max(1, vectors - 1))             # whose g stays in the first-level cache
    ahead = p.ahead(math.prod(x_shape), -(-len(blocks) // owners) * tiles * -(-len(p.pixels) // PIECE))
    return WeightJob((rows, vectors, fold, run), block, side, blocks, p.taps[side.first], p, apart, few, most, splits, owners,
                     ahead)


def weight(out, x, g, stride, padding, dilation, groups):
    outputs, inputs, *window = out.shape
    tile, block, side, blocks, taps, p, apart, few, most, splits, owners, ahead = weight_job(
        x.shape, g.shape, out.shape, stride, padding, dilation, groups)
    rows, vectors, fold, run = tile
    parts, length, width = splits * owners, len(blocks) * len(side.taps) * block, vectors * LANES
    sums = empty(splits * length + rows * width, np.float32)
    launch(weight_kernel(*tile), parts, sums, flat(x), flat(g), taps, apart, p.pixels, blocks, p.scratch(parts), p.room,
           empty(parts * most * width, np.float32), p.bands, splits, outputs, few, most, ahead, p.geometry)
    shape = groups, outputs // groups, inputs, math.prod(window)
    if fold * run == 1:
        launch(_unpack, parts_for(length), flat(out), sums, splits, block, shape)
    else:
        launch(_unpack_groups, parts_for(length), flat(out), sums, side.place, splits, length, block, fold, shape)


@functools.lru_cache(512)
def phases(extents: tuple, window: tuple, stride: tuple, padding: tuple, dilation: tuple) -> tuple[list[tuple], int]:
    """The convolutions with stride 1 that make up an adjoint of these extents, if any taps: the positions in out, taps in w,
    corner and dilation. Beside them: how many there are with those that have no taps."""
    found, counts = [], [min(pair) for pair in zip(stride, extents)]
    for residues in itertools.product(*map(range, counts)):
        taps, corner, spacing = zip(*(taps_of(*axis) for axis in zip(residues, window, stride, padding, dilation)))
        if all(some != NONE for some in taps):
            found.append(((slice(None), *map(slice, residues, (None,) * 3, stride)), (..., *taps), corner, spacing))
    return found, math.prod(counts)


def taps_of(residue: int, length: int, stride: int, padding: int, dilation: int) -> tuple[slice, int, int]:
    """Along one axis, the taps i that have met this residue: residue + padding = i * dilation modulo the stride.

    They are taken in reverse. Beside them: where in g the last has met the first position, and their distance in g.
    """
    met = [i for i in range(length) if (residue + padding - i * dilation) % stride == 0]
    if not met:
        return NONE, 0, 1
    every = stride // math.gcd(stride, dilation)
    return (slice(met[-1], met[0] - 1 if met[0] else None, -every), (residue + padding - met[-1] * dilation) // stride,
            dilation * every // stride)
