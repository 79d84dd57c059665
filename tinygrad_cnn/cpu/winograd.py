"""Winograd's convolution F(m x m, 3x3): 3x3 windows, stride 1. Where the definition takes 144 multiplications, tiles of
m = 4 take 36; where it takes 81, tiles of m = 3 take 25.

    out tile (m x m) = At [ sum over c of (G w Gt) * (Bt x B) ] A      x tile m+2 x m+2, w 3x3, * element by element
    dw               = Gt [ sum over tiles of (Bt x B) * (A g At) ] G  g tile m x m

The sums over channels, or over tiles, are matrix products, one for each place of a tile: they run on register tiles.
The transformations treat LANES channels at once. The points are about those for which the sums round least: twice as much
as `conv_tile` where m is 3, three and a half times where m is 4. A ReLU or a maximum turns a rounding error into another
choice now and then, which changes gradients a thousand times more than rounding does: the convolution takes m = 3. Its
adjoints, by whose results nothing is chosen, take m = 4. A NaN in x reaches all of the tiles that see it.

Sources: A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016. B. Barabasz et al., "Error
analysis and improving the accuracy of Winograd convolution for deep neural networks", ACM TOMS 2020.
"""
import functools
import math
import os
from typing import Any

import numpy as np

from . import conv_tile
from .conv_pack import _pack, _unpack
from .conv_plan import SHARES, Plan, _image, plan
from .conv_tile import element_strides, flat, shares
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .tile import LANES, WIDE, clear, fetch, multiply_add, plus, spread, store, zeros
from .winograd_tile import gradient_transform, input_transform, output_transform, sum_transform, weight_transform

ROWS, VECTORS = WIDE
BLOCK, TILE = VECTORS * LANES, VECTORS * ROWS
FINE, COARSE = 3, 4    # m, of the convolution and of its adjoints
SIDE, PLACES = COARSE + 2, (COARSE + 2) ** 2
TERMS = 16             # of a sum that are added at a time: each of its pieces rounds less than the whole would
WINDOWS = 1 << 16      # windows whose transformations only many pixels pay for
MANY = 650             # of them, weighed by how much of their tiles they fill
LOWEST = np.float32(-np.inf)
on = os.environ.get("TINYGRAD_CNN_WINOGRAD", "1") != "0"


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """3x3 windows, stride and dilation 1, more than one tile, channels that pay for the transformations of the images, and
    pixels that pay for those of the weights; if on."""
    windows = w_shape[0] * w_shape[1]
    return (on and groups == 1 and w_shape[2:] == (1, 3, 3) and max(*stride, *dilation) == 1
            and min(out_shape[2:4]) > 4 and min(w_shape[:2]) >= 32
            and (windows <= WINDOWS or (windows <= 1 << 20 and many(out_shape, FINE))))


def many(out_shape: tuple, size: int) -> bool:
    """Whether these pixels, in tiles of this size, pay for the transformations of heavy weights."""
    return math.prod(out_shape[:4]) * math.prod(n / (-(-n // size) * size) for n in out_shape[2:4]) >= MANY


@functools.cache
def weights_kernel(size: int) -> Any:
    SIZE, SIDE = size, size + 2

    @jit(name=f"_weights_{size}")
    def kernel(part, parts, u, packed, B, C):
        """u[k, b, c, lane] = (G w Gt)[k] of the weights packed[b, (i, j), c, lane]"""
        plane = B * C * BLOCK
        for place in range(part * B * C // parts, (part + 1) * B * C // parts):
            b, c = place // C, place % C
            for v in range(0, BLOCK, LANES):
                weight_transform(SIZE, u, place * BLOCK + v, (SIDE * plane, plane), packed, (b * 9 * C + c) * BLOCK + v,
                                 (3 * C * BLOCK, C * BLOCK), LANES, SIDE, SIDE, None, 0, LOWEST)
    return kernel


@functools.cache
def forward_kernel(size: int) -> Any:
    SIZE, SIDE, PLACES = size, size + 2, (size + 2) ** 2

    @jit(name=f"_forward_{size}")
    def kernel(part, parts, out, x, u, bias, least, pixels, places, image_steps, out_steps, scratch, room, v, m, plane,
               outputs, extent, bands, steps, geometry):
        """v = Bt x B for the tiles of a band, m[k] = v[k] u[k], out = At m A + bias"""
        C, TW, rows = geometry[4], geometry[7], geometry[9]
        padded, B = -(-C // LANES) * LANES, -(-outputs // BLOCK)
        v_plane, m_plane = plane * padded + LANES, plane * B * BLOCK + LANES
        v_first, m_first = part * PLACES * v_plane, part * PLACES * m_plane
        for band in range(part * bands // parts, (part + 1) * bands // parts):
            image, at, n, _, q, count = _image(band, band, x, scratch, part * room, geometry)
            for t in range(count):
                for c in range(0, C, LANES):
                    input_transform(SIZE, v, v_first + t * padded + c, (SIDE * v_plane, v_plane),
                                    image, at + pixels[t] + c, image_steps, C - c, SIDE, SIDE, None, 0, LOWEST)
            for k in range(PLACES):
                for b in range(B):
                    for t in range(0, count, ROWS):
                        tile, offsets = zeros(TILE), spread(padded, ROWS, ROWS)
                        source, line = v_first + k * v_plane + t * padded, (k * B + b) * C * BLOCK
                        for first in range(0, C, TERMS):
                            piece = zeros(TILE)
                            for c in range(first, min(first + TERMS, C)):
                                piece = multiply_add(piece, v, source + c, offsets, u, line + c * BLOCK)
                            tile = plus(tile, piece)
                        place = m_first + k * m_plane + (t * B + b) * BLOCK
                        store(m, place, spread(B * BLOCK, ROWS, ROWS), tile, ROWS, BLOCK)
            for t in range(count):
                y, z = q + t // TW % rows, t % TW
                for o in range(0, outputs, LANES):
                    output_transform(SIZE, out, n * steps[0] + q * steps[2] + places[t] + o, out_steps,
                                     m, m_first + t * B * BLOCK + o, (SIDE * m_plane, m_plane),
                                     outputs - o, extent[0] - SIZE * y, extent[1] - SIZE * z, bias, o, least)
    return kernel


@jit
def _weight(part, parts, sums, x, g, pixels, g_pixels, image_steps, g_steps, scratch, room, g_scratch, g_room, v, m,
            plane, bands, geometry, g_geometry):
    """sums[part, k, b, c, lane] = sum over the tiles of this part's bands of (Bt x B)[k, c] * (A g At)[k, o]"""
    C, outputs = geometry[4], g_geometry[4]
    padded, B = -(-C // LANES) * LANES, -(-outputs // BLOCK)
    v_plane, m_plane = plane * padded + LANES, plane * B * BLOCK + LANES
    v_first, m_first, first = part * PLACES * v_plane, part * PLACES * m_plane, part * PLACES * B * padded * BLOCK
    clear(sums, first, PLACES * B * padded * BLOCK)
    columns, lines = spread(1, ROWS, ROWS), spread(BLOCK, ROWS, ROWS)
    for band in range(part * bands // parts, (part + 1) * bands // parts):
        image, at, _, _, _, count = _image(band, band, x, scratch, part * room, geometry)
        for t in range(count):
            for c in range(0, C, LANES):
                input_transform(COARSE, v, v_first + t * padded + c, (SIDE * v_plane, v_plane),
                                image, at + pixels[t] + c, image_steps, C - c, SIDE, SIDE, None, 0, LOWEST)
        image, at, _, _, _, count = _image(band, band, g, g_scratch, part * g_room, g_geometry)
        for t in range(count):
            for o in range(0, outputs, LANES):
                gradient_transform(COARSE, m, m_first + t * B * BLOCK + o, (SIDE * m_plane, m_plane),
                                   image, at + g_pixels[t] + o, g_steps, outputs - o, SIDE, SIDE, None, 0, LOWEST)
        for k in range(PLACES):
            for b in range(B):
                for c in range(0, C, ROWS):
                    total = first + ((k * B + b) * padded + c) * BLOCK
                    tile = fetch(sums, total, lines, VECTORS, ROWS, BLOCK)
                    source, line = v_first + k * v_plane + c, m_first + k * m_plane + b * BLOCK
                    for t in range(count):
                        tile = multiply_add(tile, v, source + t * padded, columns, m, line + t * B * BLOCK)
                    store(sums, total, lines, tile, C - c, BLOCK)


@jit
def _gather(part, parts, packed, sums, splits, B, C):
    """packed[split, b, (i, j), c, lane] = (Gt sums G)[i, j] of sums[split, k, b, c, lane]"""
    padded = -(-C // LANES) * LANES
    plane = B * padded * BLOCK
    for place in range(part * splits * B * C // parts, (part + 1) * splits * B * C // parts):
        split, b, c = place // (B * C), place // C % B, place % C
        target, source = ((split * B + b) * 9 * C + c) * BLOCK, ((split * PLACES * B + b) * padded + c) * BLOCK
        for v in range(0, BLOCK, LANES):
            sum_transform(COARSE, packed, target + v, (3 * C * BLOCK, C * BLOCK),
                          sums, source + v, (SIDE * plane, plane), LANES, 3, 3, None, 0, LOWEST)


def scratch(size: int, parts: int, tiles: int, channels: int) -> np.ndarray:
    """Room for the transforms of so many tiles. A plane is no multiple of 4 KB: all would share a set of the cache."""
    return empty(parts * (size + 2) ** 2 * (tiles * channels + LANES), np.float32)


def tiles(size: int, x_shape: tuple, extent: tuple, corner: tuple, steps: tuple, window: int, band: tuple) -> Plan:
    """The plan of the tiles of x: the pixels of a convolution with stride `size` and a window as large as a tile."""
    return plan(x_shape, (x_shape[0], 1, *extent), steps, (1, window, window), 1, (1, size, size), corner, (1, 1, 1), 0,
                band)


def band_of(size: int, images: int, extent: tuple, channels: int) -> tuple[int, int]:
    """(images, rows of tiles) of a band: between 64 and 96 tiles, whose transforms stay in the second-level cache if they can;
    fewer would pay too little for reading the weights once more."""
    count = max(64, min(96, (1 << 18) // ((size + 2) ** 2 * channels)))
    return max(1, min(count // math.prod(extent), -(-images // SHARES))), max(1, min(extent[0], count // extent[1]))


def tile_steps(p: Plan, window: int) -> tuple[int, int]:
    """From one row of a tile in the image to the next, and from one column to the next."""
    return int(p.taps[window]), int(p.taps[1])


def convolve(size: int, out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, corner: tuple,
             relu: bool) -> None:
    """out = convolution of x with w (O, C, 1, 3, 3), which may be strided, in tiles of size x size outputs."""
    outputs, inputs = w.shape[:2]
    N, _, P, Q, _ = out.shape
    B, side = -(-outputs // BLOCK), size + 2
    packed, u = empty(B * 9 * inputs * BLOCK, np.float32), empty(B * side * side * inputs * BLOCK, np.float32)
    launch(_pack, parts_for(packed.size), packed, flat(w), BLOCK, (1, *w.shape), (0, *element_strides(w)))
    launch(weights_kernel(size), parts_for(u.size // LANES), u, packed, B, inputs)
    biases = np.zeros(B * BLOCK, np.float32)
    if bias is not None:
        biases[:outputs] = bias
    extent = -(-P // size), -(-Q // size)
    p = tiles(size, x.shape, extent, corner, (P * Q * outputs, 0, size * Q * outputs, size * outputs), side,
              band_of(size, N, extent, inputs + outputs))
    parts = shares(p.bands, out.size * inputs)
    plane = -(-len(p.pixels) // ROWS) * ROWS
    launch(forward_kernel(size), parts, flat(out), flat(x), u, biases, np.float32(0) if relu else LOWEST,
           p.pixels, p.places, tile_steps(p, side), (Q * outputs, outputs), p.scratch(parts), p.room,
           scratch(size, parts, plane, inputs + LANES), scratch(size, parts, plane, B * BLOCK), plane, outputs, (P, Q),
           p.bands, p.steps, p.geometry)


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    convolve(FINE, out, x, w, bias, tuple(-p for p in padding), relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    convolve(COARSE, out, g, w.swapaxes(0, 1)[..., ::-1, ::-1], bias, (0, padding[1] - 2, padding[2] - 2), False)


def weight(out, x, g, stride, padding, dilation, groups):
    outputs, inputs = out.shape[:2]
    N, _, P, Q, _ = g.shape
    if outputs * inputs > WINDOWS and not (many(g.shape, COARSE) and min(P, Q) > 2 * COARSE):
        conv_tile.weight(out, x, g, stride, padding, dilation, groups)
        return
    B, padded, extent = -(-outputs // BLOCK), -(-inputs // LANES) * LANES, (-(-P // COARSE), -(-Q // COARSE))
    band = band_of(COARSE, N, extent, inputs + outputs)
    px = tiles(COARSE, x.shape, extent, tuple(-p for p in padding), (0, 0, 0, 0), SIDE, band)
    pg = tiles(COARSE, g.shape, extent, (0, 0, 0), (0, 0, 0, 0), COARSE, band)
    length = PLACES * B * padded * BLOCK
    splits = min(px.bands, max(2, min(8, (1 << 20) // length)))
    sums, plane = empty(splits * length + ROWS * BLOCK, np.float32), len(px.pixels)
    launch(_weight, splits, sums, flat(x), flat(g), px.pixels, pg.pixels, tile_steps(px, SIDE), tile_steps(pg, COARSE),
           px.scratch(splits), px.room, pg.scratch(splits), pg.room, scratch(COARSE, splits, plane, padded),
           scratch(COARSE, splits, plane, B * BLOCK), plane, px.bands, px.geometry, pg.geometry)
    packed = empty(splits * B * 9 * inputs * BLOCK, np.float32)
    launch(_gather, parts_for(sums.size // LANES), packed, sums, splits, B, inputs)
    launch(_unpack, parts_for(packed.size), flat(out), packed, splits, BLOCK, (1, outputs, inputs, 9))
