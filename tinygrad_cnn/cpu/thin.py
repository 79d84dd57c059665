"""The adjoint in x where x has few channels, on register tiles whose lanes are pixels of g; float32, not grouped.

So few channels would leave most lanes idle, but pixels there are many. A *line* is a row of g, of some images side by side,
or a piece of a long row. Its copy is transposed: the pixels of a channel lie side by side, with zeros between two images. A
tile sums *columns*, one for each tap of a row of the window and channel of x; these are then added up where they belong:

    columns[(k, c), e] = sum over i, j, o of line(i, j)[o, e] * w[o, c, i, j, k]
    out[u*stride + residue, c] = bias[c] + sum over the k that meet this residue of columns[(k, c), u + offset of k]

Residues and channels are *streams*, of which a row of out is woven. As many lines are kept as a row of out can meet. While
columns are summed, the next line is asked for, or, if these sums are short, while the one before it is copied.

The convolution itself, and its adjoint in w, have lanes enough: they are those of `conv_tile`.
"""
import functools
import math
from typing import Any

import numpy as np

from .conv_tile import flat, forward, shares, weight
from .jit import jit
from .launch import launch
from .memory import empty
from .move import copy, fill, prefetch, settle, stream, streamed
from .thin_plan import asks_of, plan
from .thin_tile import QUAD, ask_for, ask_for_all, gather_quads, multiply_add_columns, rows_at, scatter_quads, turn_quads
from .tile import LANES, clear, fetch, peek, plus, spread, start, store, zeros

__all__ = ["forward", "suits", "transpose", "weight"]

CHANNELS = 7         # of x, at most
AHEAD = 1 << 13      # float32 of g that are asked for before they are needed, where lines are of one image
PAGE = 1024          # float32 of a row of out that is streamed, at least: the lines at its ends are not
APART = 32           # int64 between what different threads write, so that no line of the cache is written by both
ALL = (1 << LANES) - 1    # lanes, as bits


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """Few input channels."""
    return groups == 1 and w_shape[1] <= CHANNELS and w_shape[0] >= QUAD


@functools.cache
def transpose_kernel(columns: int, vectors: int) -> Any:
    COLUMNS, VECTORS, TILE, BLOCK = columns, vectors, columns * vectors, vectors * LANES
    ASKS = asks_of(columns, vectors)

    @jit(name=f"_transpose_{columns}_{vectors}")
    def kernel(part, parts, out, g, w, biases, blank, pixels, inside, phases, rows, quads, places, image, sums, page,
               met, past, geo):
        outputs, step, P, Q = geo.outputs, geo.step, geo.P, geo.Q
        room, units, own = outputs * step, -(-geo.N // geo.images) * geo.chunks * geo.pieces, part * len(image) // parts
        found, columns = part * len(met) // parts, part * len(sums) // parts
        clear(sums, columns, len(sums) // parts)
        for unit in range(part * units // parts, (part + 1) * units // parts):
            n, chunk = unit // (geo.chunks * geo.pieces) * geo.images, unit // geo.pieces % geo.chunks
            piece, lines, some = unit % geo.pieces, geo.high * geo.wide, min(geo.images, geo.N - n)
            count, made = (some - 1) * geo.pitch + geo.reach, -1
            for line in range(piece * lines // geo.pieces, (piece + 1) * lines // geo.pieces):
                u, v = line // geo.wide, line % geo.wide
                if made < 0:
                    made = max(0, u + geo.low0) * Q + (max(0, min(v + geo.low1, Q - 1)) if u + geo.low0 >= 0 else 0)
                last = min(u + geo.low0 + geo.span0, P - 1) * Q + min(v + geo.low1 + geo.span1, Q - 1)
                while made <= last:
                    _line(image, own + made % geo.ring * room, g, (n * P * Q + made) * geo.R * outputs, pixels, inside, chunk,
                          some, geo)
                    made += 1
                near, stop, left = _next(n, made, chunk, some, geo)
                for f in range(len(phases)):
                    a, b = u * geo.s0 + phases[f, 0], v * geo.s1 + phases[f, 1]
                    if a >= geo.A or b >= geo.B:
                        continue
                    taps = 0
                    for t in range(phases[f, 2], phases[f, 3]):
                        p, q = u + rows[t, 0], v + rows[t, 1]
                        if 0 <= p < P and 0 <= q < Q:
                            met[found + 2 * taps], met[found + 2 * taps + 1] = own + (p * Q + q) % geo.ring * room, rows[t, 2]
                            taps += 1
                    for block in range(geo.blocks):
                        for e in range(0, count, BLOCK):
                            for begin in range(0, taps, geo.terms):
                                tile = zeros(TILE)
                                for t in range(begin, min(begin + geo.terms, taps)):
                                    at, w_at = peek(met, found + 2 * t) + e, peek(met, found + 2 * t + 1) + block * geo.length
                                    for o in range(outputs):
                                        ask_for(g, near + o * geo.asked)
                                        if ASKS > 1:
                                            ask_for(g, near + o * geo.asked + geo.asked // 2)
                                        tile = multiply_add_columns(tile, image, at + o * step, w, w_at + o * COLUMNS,
                                                                    COLUMNS)
                                    near += outputs * geo.asked
                                    if near >= stop:
                                        stop += (left > 0) * P * Q * geo.R * outputs
                                        near, left = stop - geo.extent, left - 1
                                to = columns + block * COLUMNS * step + geo.margin + e
                                if begin:
                                    tile = plus(tile, fetch(sums, to, spread(step, COLUMNS, COLUMNS), VECTORS, COLUMNS, BLOCK))
                                store(sums, to, spread(step, COLUMNS, COLUMNS), tile, COLUMNS, BLOCK)
                    if taps:
                        _row(out, (n * geo.A + a) * geo.B + b, chunk, some, sums, columns, page, part * len(page) // parts,
                             biases, quads, places, past, geo)
                    else:
                        _blank(out, (n * geo.A + a) * geo.B + b, chunk, some, blank, past, geo)
        settle()
    return kernel


@jit
def _pack_columns(part, parts, packed, w, shape, columns):
    """packed[b, (i, j), o, column] = w[o, c, i, j, k] of each column (k, c), in blocks of so many; zero beyond the last"""
    outputs, channels, taps, K = shape
    clear(packed, 0, len(packed))
    for k in range(K):
        for c in range(channels):
            b, column = (k * channels + c) // columns, (k * channels + c) % columns
            for t in range(taps):
                line, tap = (b * taps + t) * outputs * columns + column, (c * taps + t) * K + k
                for o in range(outputs):
                    copy(packed, line + o * columns, w, tap + o * channels * taps * K, 1)


@jit
def _next(n, made, chunk, some, geo):
    """The line after those made: where in g it begins, where its first image ends, how many images follow"""
    lines = geo.P * geo.Q
    place = (n * lines + max(made, 0)) * geo.R + chunk * geo.width
    if made >= lines:
        place = n * lines * geo.R + (chunk + 1) * geo.width if chunk + 1 < geo.chunks else (n + some) * lines * geo.R
    return place * geo.outputs, place * geo.outputs + geo.extent, some - 1


@jit
def _line(image, at, g, place, pixels, inside, chunk, some, geo):
    """image[at + o*step + e] = channel o of pixel e of a line of g"""
    outputs, step, row = geo.outputs, geo.step, geo.R * geo.outputs
    size, ahead = geo.P * geo.Q * row, AHEAD
    if geo.asked:
        ahead = 0
    elif geo.images > 1:                                             # to the same pixels of the next line
        ahead = row if (place + row) % size else row + (geo.images - 1) * size
    first = (chunk if geo.chunks > 1 else int(some < geo.images)) * geo.table
    for e in range(first, first + geo.table, LANES):
        mask = inside[e // LANES]
        if mask == 0:
            for o in range(outputs):
                clear(image, at + o * step + e - first, LANES)
        elif mask == ALL and pixels[e + LANES - 1] - pixels[e] == (LANES - 1) * outputs:
            _side_by_side(image, at + e - first, step, g, place + pixels[e], outputs, ahead)
        else:
            for o in range(0, outputs, QUAD):
                if ahead and o % LANES == 0:
                    ask_for_all(g, place + ahead + o, pixels, e)
                o = min(o, outputs - QUAD)
                gather_quads(image, at + o * step + e - first, step, g, place + o, pixels, e, mask)


@jit
def _side_by_side(image, at, step, g, place, outputs, ahead):
    """image[at + o*step + e] = g[place + e*outputs + o] for the LANES pixels e"""
    for o in range(0, outputs, QUAD):
        if ahead:
            prefetch(g, place + ahead + o * LANES, QUAD * LANES)
        o = min(o, outputs - QUAD)
        turn_quads(image, at + o * step, step, g, place + o, outputs)


@jit
def _row(out, row, chunk, some, sums, columns, page, own, biases, quads, places, past, geo):
    """Adds up the columns of a row of out, of so many images, and writes it there"""
    many, c, pitch, width = geo.s2 * geo.channels, chunk * geo.width * geo.s2, geo.pitch, geo.width
    length = min(width * geo.s2, geo.C - c) * geo.channels
    whole = 0 if past else max(0, (length - QUAD) // (LANES * many) * LANES)        # pixels that can go to out directly
    together = many > 1 and some > 1 and whole == 0                  # short rows of all images
    if together:
        _weave(page, own, 0, (some - 1) * pitch + width, sums, columns, many, biases, quads, places)
    for m in range(some):
        place, source, line = ((row + m * geo.A * geo.B) * geo.C + c) * geo.channels, own, columns + m * pitch
        if together:
            source += m * pitch * many
        elif many > 1:
            _weave(out, place, 0, whole, sums, line, many, biases, quads, places)
            _weave(page, own, whole, width, sums, line, many, biases, quads, places)
        elif past:
            _stream(page, own, length, sums, line, biases, quads, places)
        else:
            _stream(out, place, length, sums, line, biases, quads, places)
        if past:
            stream(out, place, page, source, length)
        elif many > 1:
            _copy(out, place + whole * many, page, source + whole * many, length - whole * many)


@jit
def _blank(out, row, chunk, some, blank, past, geo):
    """A row of out that no tap meets, of so many images"""
    c = chunk * geo.width * geo.s2
    length = min(geo.width * geo.s2, geo.C - c) * geo.channels
    for m in range(some):
        place = ((row + m * geo.A * geo.B) * geo.C + c) * geo.channels
        if past:
            stream(out, place, blank, 0, length)
        else:
            _copy(out, place, blank, 0, length)


@jit
def _copy(to, at, line, line_at, count):
    """to[at : +count] = line[line_at : +count], quickly if short; the line goes on"""
    for e in range(0, count, LANES):
        store(to, at + e, spread(0, 0, 1), start(line, line_at + e, 1, 1), 1, count - e)


@jit
def _stream(to, at, length, sums, line, biases, quads, places):
    """to[at + e] = the only stream, for so many pixels"""
    for e in range(0, length, LANES):
        tile = start(biases, 0, 1, 1)
        for t in range(quads[0, 2]):
            tile = plus(tile, start(sums, line + e + peek(places, t * QUAD), 1, 1))
        store(to, at + e, spread(0, 0, 1), tile, 1, length - e)


@jit
def _weave(to, at, first, last, sums, line, many, biases, quads, places):
    """to[at + e*many + f] = stream f of pixel e, for the pixels from first to last, and some beyond"""
    for e in range(first, last, LANES):
        for q in range(len(quads)):
            f = quads[q, 0]
            tile = start(biases, f * LANES, 1, QUAD)
            for t in range(quads[q, 1], quads[q, 2]):
                tile = plus(tile, rows_at(sums, line + e, places, t * QUAD))
            scatter_quads(to, at + e * many + f, many, tile)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    if math.prod(w.shape[2:]) == math.prod(stride) == 1 and not any(padding):    # rows in one
        out, g = (array.reshape(len(g), 1, 1, -1, array.shape[4]) for array in (out, g))
    p = plan(out.shape, g.shape, w.shape[2:], stride, padding, dilation)
    if p is None:
        fill(out, bias)
        return
    outputs, channels, *window = w.shape
    taps, many = math.prod(window[:2]), stride[2] * channels
    parts, blocks = shares(p.units, g.size * w[0].size), -(-window[2] * channels // p.columns)
    packed = empty(blocks * taps * outputs * p.columns, np.float32)
    launch(_pack_columns, 1, packed, w.reshape(-1), (outputs, channels, taps, window[2]), p.columns)
    biases, blank = p.biases, p.blank
    if bias is not None:
        biases, blank = np.zeros_like(biases), np.zeros_like(blank)
        biases[:many], blank[:] = np.tile(bias, stride[2])[:, None], bias
    image, sums, page = (empty(parts * room * p.step, np.float32) for room in p.rooms)
    launch(transpose_kernel(p.columns, p.vectors), parts, flat(out), flat(g), packed, biases.reshape(-1), blank.reshape(-1),
           p.pixels, p.inside, p.phases, p.rows, p.quads, p.places, image, sums, page,
           empty(parts * (2 * taps + APART), np.int64), streamed(out) and out[0, 0, 0].size >= PAGE, p.geometry)
