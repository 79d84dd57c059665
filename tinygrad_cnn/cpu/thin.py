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
import itertools
import math
from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np

from .conv_tile import flat, forward, shares, weight
from .jit import jit
from .launch import launch
from .memory import empty
from .move import fill, prefetch, settle, stream, streamed
from .thin_tile import QUAD, ask_for, ask_for_all, gather_quads, multiply_add_columns, rows_at, scatter_quads, turn_quads
from .tile import LANES, clear, fetch, peek, plus, spread, start, store, zeros

__all__ = ["forward", "suits", "transpose", "weight"]

CHANNELS = 7         # of x, at most
REGISTERS = 32       # of a tile, the pixels it is multiplied with, and a weight
HEIGHT, LENGTH = 9, 8    # columns and vectors of a tile, at most
LONG = 512           # pixels beyond which rows are cut
IMAGES = 48          # side by side in a line, at most
VECTORS = 12         # of a line of several images
CACHE = 1 << 17      # float32 of the lines that are kept, if they are of several images: a quarter of a second-level cache
UNITS = 8            # pieces into which work is cut if it is large
SLACK = 4 * LANES    # float32 of a line that may be read, or written, beyond its pixels
TERMS = 128          # of a sum that are added at a time: each of its pieces rounds less than the whole would
AHEAD = 1 << 13      # float32 of g that are asked for before they are needed, where lines are of one image
PAGE = 1024          # float32 of a row of out that is streamed, at least: the lines at its ends are not
APART = 32           # int64 between what different threads write, so that no line of the cache is written by both
ALL = (1 << LANES) - 1    # lanes, as bits


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """Few input channels."""
    return groups == 1 and w_shape[1] <= CHANNELS and w_shape[0] >= QUAD


class Axis(NamedTuple):
    """Of each residue of positions of x: the taps they meet, and where in g, counted from position // stride."""
    met: list
    low: int      # the least of these offsets
    span: int     # between the least and the greatest
    count: int    # positions of a residue


def axis_of(extent: int, length: int, stride: int, padding: int, dilation: int) -> Axis | None:
    """None if no tap meets any position."""
    met = [[(tap, (residue + padding - tap * dilation) // stride) for tap in range(length)
            if (residue + padding - tap * dilation) % stride == 0] for residue in range(min(stride, extent))]
    offsets = [offset for taps in met for _, offset in taps]
    return Axis(met, min(offsets), max(offsets) - min(offsets), -(-extent // stride)) if offsets else None


Geometry = namedtuple("Geometry", (
    "N P Q R outputs "               # the shape of g
    "A B C channels "                # and of out
    "s0 s1 s2 "                      # strides
    "low0 low1 span0 span1 "         # of the axes of planes and rows (see Axis)
    "high wide "                     # planes and rows of out, of each residue
    "images pitch reach chunks width "    # of a line (see Line), and how many images are side by side
    "table "                         # pixels of a line, in whole tiles
    "pieces ring "                   # of the lines of an image; how many are kept
    "step margin "                   # from one column to the next; before the columns of the first image
    "blocks length terms "           # of columns; weights of one; rows of g whose products are summed at a time
    "asked extent"))                 # elements asked for at each step; of a line in one image


def asks_of(columns: int, vectors: int) -> int:
    """How many lines of g are asked for at each step of a sum: its products hide so many."""
    return 2 if columns * vectors >= REGISTERS // 2 else 1


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


class Plan(NamedTuple):
    """The geometry of an adjoint in the form that the kernel takes."""
    columns: int          # of a tile
    vectors: int
    pixels: np.ndarray    # offset in g of each pixel of a line, for each piece of a row
    inside: np.ndarray    # for each vector of them, the bits of those that are no zeros
    phases: np.ndarray    # of rows of out: the residues of plane and row, and which taps they meet, from and to
    rows: np.ndarray      # for each of these taps: plane and row of g, counted from those of out, and its offset in w
    quads: np.ndarray     # for each QUAD of streams (residues of columns of out, and channels): the first, and its taps
    places: np.ndarray    # for each of these taps: the offsets in the columns
    rooms: tuple          # of the lines that are kept, of the columns, and of the streams: so many steps
    step: int             # float32 from one channel of a line to the next, and from one column to the next
    units: int
    geometry: Geometry


class Line(NamedTuple):
    """What lies side by side."""
    chunks: int      # pieces of a row of out
    width: int       # pixels of such a piece, of one residue
    first: int       # pixel of a row of g, counted from the first of such a piece
    reach: int       # pixels, from that one to the last that is met
    pitch: int       # from one image to the next


def line_of(row: Axis, R: int) -> Line:
    """Lines of rows of R pixels."""
    chunks = -(-row.count // LONG)
    if chunks > 1:
        width = -(-row.count // chunks)
        return Line(chunks, width, row.low, width + row.span, width + row.span)
    first, end = max(0, row.low), row.count + row.low + row.span
    reach = max(1, min(R, end) - first)
    return Line(1, row.count, first, reach, max(reach + max(0, -row.low), end - first, row.count))


def tile_of(line: Line, columns: int, products: float, most: int) -> tuple[int, int, int]:
    """(images of a line, columns of a tile, vectors) that take least if so many products are summed for each column."""
    def cost(images: int, height: int, vectors: int) -> float:
        count = -(-((images - 1) * line.pitch + line.reach) // (vectors * LANES))
        step = max(height * vectors / 2, (height + vectors) / 2, 4) + 0.5
        return count * (-(-columns // height) * (products * step + 20) + 2 * columns * vectors) / images
    several = [images for images in range(1, most + 1) if images == 1 or images * line.pitch <= VECTORS * LANES]
    return min(((images, height, vectors) for images in several for height in range(1, min(columns, HEIGHT) + 1)
                for vectors in range(1, LENGTH + 1) if height * vectors + min(height, vectors) < REGISTERS),
               key=lambda tile: cost(*tile))


@functools.lru_cache(512)
def plan(out_shape: tuple, g_shape: tuple, window: tuple, stride: tuple, padding: tuple, dilation: tuple) -> Plan | None:
    """The plan of an adjoint; None if no tap meets any output."""
    (N, A, B, C, channels), (_, P, Q, R, outputs) = out_shape, g_shape
    found = [axis_of(*axis) for axis in zip((A, B, C), window, stride, padding, dilation)]
    if None in found:
        return None
    planes, lines, row = found
    line, ring, total = line_of(row, R), min(planes.span * Q + lines.span + 1, P * Q), planes.count * lines.count
    columns, reached = window[2] * channels, math.prod(window[:2]) / math.prod(map(min, stride[:2], window[:2]))
    most = 1 if line.chunks > 1 else max(1, min(IMAGES, N // UNITS, CACHE // (ring * outputs * line.pitch)))
    images, height, vectors = tile_of(line, columns, outputs * reached, most)
    block = vectors * LANES
    if line.chunks > 1:                                              # whole tiles
        reach = -(-line.reach // block) * block
        line = Line(-(-row.count // (reach - row.span)), reach - row.span, row.low, reach, reach)
    blocks, groups = -(-columns // height), -(-N // images) * line.chunks
    count = -(-((images - 1) * line.pitch + line.reach) // block) * block
    margin = -(-(line.first - row.low) // LANES) * LANES             # of zeros before the columns of the first image
    step = margin + max(count, (images - 1) * line.pitch + line.width) + row.span + SLACK
    step = (-(-step // LANES) | 1) * LANES                           # an odd number of lines of the cache
    pieces = max(1, min(-(-UNITS // groups), total // (2 * ring)))
    pixels, inside = pixels_of(line, images, N, count, R, P * Q * R * outputs, outputs)
    phases, rows = phases_of(planes, lines, window[1], outputs * height)
    quads, places = quads_of(row, channels, stride[2], step, margin - line.first, blocks * height * step)
    extent = min(R, line.pitch) * outputs                            # of a line, in one image
    asked = -(-images * extent // (len(rows) * blocks * (count // block) * outputs))
    geometry = Geometry(N, P, Q, R, outputs, A, B, C, channels, *stride, planes.low, lines.low, planes.span, lines.span,
                        planes.count, lines.count, images, line.pitch, line.reach, line.chunks, line.width, count,
                        pieces, ring, step, margin, blocks, math.prod(window[:2]) * outputs * height,
                        max(1, TERMS // outputs), asked * (asked <= asks_of(height, vectors) * LANES), extent)
    return Plan(height, vectors, pixels, inside, phases, rows, quads, places, (ring * outputs, blocks * height + 1,
                stride[2] * channels), step, groups * pieces, geometry)


def pixels_of(line: Line, images: int, N: int, count: int, R: int, image: int, outputs: int) -> tuple:
    """Plan.pixels and Plan.inside: for lines of so many pixels, a table for each piece of a row, or for lines of all images
    and for the last ones, of which there may be fewer."""
    some = np.array([images] * line.chunks + [N % images or images] * (line.chunks == 1))[:, None]
    m, r = np.divmod(np.arange(count), line.pitch)
    r = r + line.first + np.arange(line.chunks)[:, None] * line.width
    inside = (r >= 0) & (r < R) & (r - r[:, :1] < line.reach) & (m < some)
    pixels = np.minimum(m, some - 1) * image + np.clip(r, 0, R - 1) * outputs
    bits = (inside.reshape(-1, LANES) << np.arange(LANES)).sum(1)
    return pixels.reshape(-1).astype(np.int64), bits.astype(np.int64)


def phases_of(planes: Axis, lines: Axis, width: int, step: int) -> tuple:
    """Plan.phases and Plan.rows, where w has so many taps in a plane's row, each of `step` elements."""
    phases, rows = [], []
    for (a, some), (b, others) in itertools.product(enumerate(planes.met), enumerate(lines.met)):
        first = len(rows)
        rows += [(p, q, (i * width + j) * step) for i, p in some for j, q in others]
        phases.append((a, b, first, len(rows)))
    return np.array(phases, np.int64), np.array(rows, np.int64)


def quads_of(row: Axis, channels: int, stride: int, step: int, zero: int, nothing: int) -> tuple:
    """Plan.quads and Plan.places, where pixel 0 of g lies in columns at `zero`, and at `nothing` zeros."""
    streams = [[(k * channels + c) * step + offset + zero for k, offset in met]
               for met in [*row.met, *[[]] * (stride - len(row.met))] for c in range(channels)]
    quads, places = [], []
    for first in range(0, len(streams), QUAD):
        first = max(0, min(first, len(streams) - QUAD))
        taps = list(itertools.zip_longest(*(streams + [[]] * QUAD)[first:first + QUAD], fillvalue=nothing))
        quads.append((first, len(places), len(places) + len(taps)))
        places += taps
    return np.array(quads, np.int64), np.array(places, np.int64).reshape(-1)


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
    columns = np.zeros((taps, outputs, blocks * p.columns), np.float32)
    columns[:, :, :window[2] * channels] = w.transpose(2, 3, 0, 4, 1).reshape(taps, outputs, window[2] * channels)
    packed = np.ascontiguousarray(columns.reshape(taps, outputs, blocks, p.columns).transpose(2, 0, 1, 3))
    biases, blank = np.zeros((max(many, QUAD), LANES), np.float32), np.zeros((out.shape[3] + LANES, channels), np.float32)
    if bias is not None:
        biases[:many], blank[:] = np.tile(bias, stride[2])[:, None], bias
    image, sums, page = (empty(parts * room * p.step, np.float32) for room in p.rooms)
    launch(transpose_kernel(p.columns, p.vectors), parts, flat(out), flat(g), packed.reshape(-1), biases.reshape(-1),
           blank.reshape(-1), p.pixels, p.inside, p.phases, p.rows, p.quads, p.places, image, sums, page,
           empty(parts * (2 * taps + APART), np.int64), streamed(out) and out[0, 0, 0].size >= PAGE, p.geometry)
