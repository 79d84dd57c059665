"""The geometry of `thin`: what lies side by side in a line, which tiles take least, and which taps meet where."""
import functools
import itertools
import math
from collections import namedtuple
from typing import NamedTuple

import numpy as np

from .thin_tile import QUAD
from .tile import LANES

REGISTERS = 32       # of a tile, the pixels it is multiplied with, and a weight
HEIGHT, LENGTH = 9, 8    # columns and vectors of a tile, at most
LONG = 512           # pixels beyond which rows are cut
IMAGES = 48          # side by side in a line, at most
VECTORS = 12         # of a line of several images: neighboring lines are to stay in the first-level cache
CACHE = 1 << 17      # float32 of the lines that are kept, if they are of several images: a quarter of a second-level cache
UNITS = 8            # pieces into which work is cut if it is large
SLACK = 4 * LANES    # float32 of a line that may be read, or written, beyond its pixels
TERMS = 128          # of a sum that are added at a time: each of its pieces rounds less than the whole would


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
    biases: np.ndarray    # a vector for each stream: zero, where there are none
    blank: np.ndarray     # a row of out that no tap meets
    geometry: Geometry


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


def tile_of(line: Line, columns: int, outputs: int, reached: float, again: list[float]) -> tuple[int, int, int]:
    """(images of a line, columns of a tile, vectors) that take least if so many rows of taps are summed for each column.
    Of the lines of so many images, `again` are copied twice."""
    def cost(images: int, height: int, vectors: int) -> float:
        count = -(-((images - 1) * line.pitch + line.reach) // (vectors * LANES))
        step = max(height * vectors / 2, (height + vectors) / 2, 4) + 0.5
        copied = 6 * vectors * outputs * (1 + again[images - 1])
        return count * (-(-columns // height) * (outputs * reached * step + 20) + 2 * columns * vectors + copied) / images
    several = [k for k in range(1, len(again) + 1) if k == 1 or k * line.pitch <= VECTORS * LANES]
    return min(((images, height, vectors) for images in several for height in range(1, min(columns, HEIGHT) + 1)
                for vectors in range(1, LENGTH + 1) if height * vectors + min(height, vectors) < REGISTERS),
               key=lambda tile: cost(*tile))


def asks_of(columns: int, vectors: int) -> int:
    """How many lines of g are asked for at each step of a sum: its products hide so many."""
    return 2 if columns * vectors >= REGISTERS // 2 else 1


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
    pieces = max(1, total // ring)                                   # of an image: at least as many lines as are kept
    most = max(1, min(IMAGES, N, -(-N * pieces // UNITS), CACHE // (ring * outputs * line.pitch))) if line.chunks == 1 else 1
    cuts = [min(-(-UNITS // (-(-N // k) * line.chunks)), pieces) for k in range(1, most + 1)]
    images, height, vectors = tile_of(line, columns, outputs, reached, [(cut - 1) * ring / total for cut in cuts])
    block = vectors * LANES
    if line.chunks > 1:                                              # whole tiles
        reach = -(-line.reach // block) * block
        line = Line(-(-row.count // (reach - row.span)), reach - row.span, row.low, reach, reach)
    blocks, groups = -(-columns // height), -(-N // images) * line.chunks
    count = -(-((images - 1) * line.pitch + line.reach) // block) * block
    margin = -(-(line.first - row.low) // LANES) * LANES             # of zeros before the columns of the first image
    step = margin + max(count, (images - 1) * line.pitch + line.width) + row.span + SLACK
    step = (-(-step // LANES) | 1) * LANES                           # an odd number of lines of the cache
    pieces = min(-(-UNITS // groups), pieces)
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
                stride[2] * channels), step, groups * pieces, np.zeros((max(stride[2] * channels, QUAD), LANES), np.float32),
                np.zeros((C + LANES, channels), np.float32), geometry)


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
