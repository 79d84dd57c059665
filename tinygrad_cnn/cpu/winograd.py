"""Winograd's convolution F(4x4, 3x3): 3x3 windows, stride 1, from 36 multiplications where the definition takes 144.

    out tile (4x4) = At [ sum over c of (G w Gt) * (Bt x B) ] A        x tile 6x6, w 3x3, * element by element
    dw             = Gt [ sum over tiles of (Bt x B) * (A g At) ] G    g tile 4x4

The sums over channels, or over tiles, are 36 matrix products, one for each place of a tile: they run on register tiles. The
transformations treat LANES channels at once. The points are 0, 1, -1, 2, -2; errors are about 1e-5 of the largest output.
Source: A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
"""
import math
import os
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .conv_tile import SHARES, Plan, _image, _pack, _unpack, element_strides, flat, plan, shares
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .tile import INT, LANES, VECTOR, WIDE, clear, fetch, fma, load, multiply_add, pointer, save, splat, spread, start, store

B = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
              [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]).T
G = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
              [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]])
A = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]).T

ROWS, VECTORS = WIDE
BLOCK = VECTORS * LANES
LOWEST = np.float32(-np.inf)
on = os.environ.get("TINYGRAD_CNN_WINOGRAD", "1") != "0"


def suits(w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """3x3, stride and dilation 1, enough channels to be worth the transformations; unless `on` is False."""
    return on and groups == 1 and w_shape[2:] == (1, 3, 3) and max(*stride, *dilation) == 1 \
        and min(w_shape[:2]) >= 32 and w_shape[0] * w_shape[1] <= 1 << 16


def combine(builder: Any, coefficients: np.ndarray, values: list) -> Any:
    """The sum of coefficients times vectors."""
    total = None
    for coefficient, value in sorted(zip(coefficients, values), key=lambda pair: pair[0] != 1):
        if coefficient == 1:
            total = value if total is None else builder.fadd(total, value)
        elif coefficient:
            factor = ir.Constant(VECTOR, [float(coefficient)] * LANES)
            total = builder.fmul(value, factor) if total is None else fma(builder, value, factor, total)
    return total


def sandwich(matrix: np.ndarray) -> Any:
    """A function that multiplies square tiles of vectors by `matrix` from the left and its transpose from the right."""
    outputs, inputs = matrix.shape

    @intrinsic
    def transform(typing, to, to_at, to_steps, source, source_at, source_steps, width, height, breadth, least):
        """to[i, j, lane] = sum_{p,q} matrix[i, p] * source[p, q, lane] * matrix[j, q], but at least `least`

        for lane < width, i < height, j < breadth. Steps lead from one row of a tile to the next, and one column to the next.
        """
        def codegen(context, builder, signature, args):
            def place(base, steps, i, j):
                down, right = cgutils.unpack_tuple(builder, steps)
                return builder.gep(base, [builder.add(builder.mul(down, INT(i)), builder.mul(right, INT(j)))])

            base, lanes = pointer(context, builder, source, args[3], args[4]), args[6]
            tile = [[load(builder, place(base, args[5], i, j), 1, lanes)[0] for i in range(inputs)] for j in range(inputs)]
            columns = [[combine(builder, row, column) for row in matrix] for column in tile]
            base, bound = pointer(context, builder, to, args[0], args[1]), splat(builder, args[9])
            for i in range(outputs):
                for j in range(outputs):
                    value = combine(builder, matrix[j], [column[i] for column in columns])
                    value = builder.select(builder.fcmp_ordered("<", value, bound), bound, value)
                    inside = [builder.icmp_signed("<", INT(k), limit) for k, limit in ((i, args[7]), (j, args[8]))]
                    save(builder, [value], place(base, args[2], i, j),
                         builder.select(builder.and_(*inside), lanes, INT(0)))
            return context.get_dummy_value()
        place, steps = types.intp, types.UniTuple(types.intp, 2)
        return types.void(to, place, steps, source, place, steps, types.intp, types.intp, types.intp, types.float32), codegen
    return transform


input_transform, weight_transform, output_transform = sandwich(B.T), sandwich(G), sandwich(A.T)
gradient_transform, sum_transform = sandwich(A), sandwich(G.T)


@jit
def _weights(part, parts, u, packed, B, C):
    """u[k, b, c, lane] = (G w Gt)[k] of the weights packed[b, (i, j), c, lane]"""
    plane = B * C * BLOCK
    for place in range(part * B * C // parts, (part + 1) * B * C // parts):
        b, c = place // C, place % C
        for v in range(0, BLOCK, LANES):
            weight_transform(u, place * BLOCK + v, (6 * plane, plane), packed, (b * 9 * C + c) * BLOCK + v,
                             (3 * C * BLOCK, C * BLOCK), LANES, 6, 6, LOWEST)


@jit
def _forward(part, parts, out, x, u, bias, least, pixels, places, image_steps, out_steps, scratch, room, v, m, plane,
             outputs, extent, bands, steps, geometry):
    """v = Bt x B for the tiles of a band, m[k] = v[k] u[k], out = At m A; A spreads the bias, added to m[7], over the tile"""
    C, TW, rows = geometry[4], geometry[7], geometry[9]
    padded, B = -(-C // LANES) * LANES, -(-outputs // BLOCK)
    v_plane, m_plane = plane * padded + LANES, plane * B * BLOCK + LANES      # not a multiple of 4 KB: cache sets differ
    v_first, m_first = part * 36 * v_plane, part * 36 * m_plane
    for band in range(part * bands // parts, (part + 1) * bands // parts):
        image, at, n, p, q, count = _image(band, x, scratch, part * room, geometry)
        for t in range(count):
            for c in range(0, C, LANES):
                input_transform(v, v_first + t * padded + c, (6 * v_plane, v_plane),
                                image, at + pixels[t] + c, image_steps, C - c, 6, 6, LOWEST)
        for k in range(36):
            for b in range(B):
                for t in range(0, count, ROWS):
                    tile, at = start(bias, ((k == 7) * B + b) * BLOCK, ROWS, VECTORS), v_first + k * v_plane + t * padded
                    for c in range(C):
                        tile = multiply_add(tile, v, at + c, spread(padded, ROWS, ROWS), u, ((k * B + b) * C + c) * BLOCK)
                    at = m_first + k * m_plane + (t * B + b) * BLOCK
                    store(m, at, spread(B * BLOCK, ROWS, ROWS), tile, ROWS, BLOCK)
        for t in range(count):
            y, z = q + t // TW % rows, t % TW
            for o in range(0, outputs, LANES):
                output_transform(out, n * steps[0] + q * steps[2] + places[t] + o, out_steps,
                                 m, m_first + t * B * BLOCK + o, (6 * m_plane, m_plane),
                                 outputs - o, extent[0] - 4 * y, extent[1] - 4 * z, least)


@jit
def _weight(part, parts, sums, x, g, pixels, g_pixels, image_steps, g_steps, scratch, room, g_scratch, g_room, v, m, plane,
            bands, geometry, g_geometry):
    """sums[part, k, b, c, lane] = sum over the tiles of this part's bands of (Bt x B)[k, c] * (A g At)[k, o]"""
    C, O = geometry[4], g_geometry[4]
    padded, B = -(-C // LANES) * LANES, -(-O // BLOCK)
    v_plane, m_plane = plane * padded + LANES, plane * B * BLOCK + LANES
    v_first, m_first, first = part * 36 * v_plane, part * 36 * m_plane, part * 36 * B * padded * BLOCK
    clear(sums, first, 36 * B * padded * BLOCK)
    clear(m, m_first, 36 * m_plane)
    for band in range(part * bands // parts, (part + 1) * bands // parts):
        image, at, n, p, q, count = _image(band, x, scratch, part * room, geometry)
        for t in range(count):
            for c in range(0, C, LANES):
                input_transform(v, v_first + t * padded + c, (6 * v_plane, v_plane),
                                image, at + pixels[t] + c, image_steps, C - c, 6, 6, LOWEST)
        image, at, n, p, q, count = _image(band, g, g_scratch, part * g_room, g_geometry)
        for t in range(count):
            for o in range(0, O, LANES):
                gradient_transform(m, m_first + t * B * BLOCK + o, (6 * m_plane, m_plane),
                                   image, at + g_pixels[t] + o, g_steps, O - o, 6, 6, LOWEST)
        for k in range(36):
            for b in range(B):
                for c in range(0, C, ROWS):
                    total = first + ((k * B + b) * padded + c) * BLOCK
                    tile = fetch(sums, total, spread(BLOCK, ROWS, ROWS), VECTORS, BLOCK)
                    for t in range(count):
                        tile = multiply_add(tile, v, v_first + k * v_plane + t * padded + c, spread(1, ROWS, ROWS),
                                            m, m_first + k * m_plane + (t * B + b) * BLOCK)
                    store(sums, total, spread(BLOCK, ROWS, ROWS), tile, C - c, BLOCK)


@jit
def _gather(part, parts, packed, sums, splits, B, C):
    """packed[split, b, (i, j), c, lane] = (Gt sums G)[i, j] of sums[split, k, b, c, lane]"""
    padded = -(-C // LANES) * LANES
    plane = B * padded * BLOCK
    for place in range(part * splits * B * C // parts, (part + 1) * splits * B * C // parts):
        split, b, c = place // (B * C), place // C % B, place % C
        for v in range(0, BLOCK, LANES):
            sum_transform(packed, ((split * B + b) * 9 * C + c) * BLOCK + v, (3 * C * BLOCK, C * BLOCK),
                          sums, (split * 36 * B + b) * padded * BLOCK + c * BLOCK + v, (6 * plane, plane), LANES, 3, 3, LOWEST)


def scratch(parts: int, tiles: int, channels: int) -> np.ndarray:
    """Room for the transforms of so many tiles in each part. A plane is no multiple of 4 KB, lest all share a cache set."""
    return empty(parts * 36 * (tiles * channels + LANES), np.float32)


def tiles(x_shape: tuple, extent: tuple, corner: tuple, steps: tuple, window: int, band: tuple) -> Plan:
    """The plan of the tiles of x: the pixels of a convolution with stride 4 and a window of the size of a tile."""
    return plan(x_shape, (x_shape[0], 1, *extent), steps, (1, window, window), 1, (1, 4, 4), corner, (1, 1, 1), band)


def band_of(images: int, extent: tuple, channels: int) -> tuple[int, int]:
    """(images, rows of tiles) of a band: between 24 and 96 tiles, whose transforms stay in the second-level cache."""
    count = max(24, min(96, (1 << 18) // (36 * channels)))
    return max(1, min(count // math.prod(extent), -(-images // SHARES))), max(1, min(extent[0], count // extent[1]))


def tile_steps(p: Plan, window: int) -> tuple[int, int]:
    """From one row of a tile in the image to the next, and from one column to the next."""
    return int(p.taps[window]), int(p.taps[1])


def convolve(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, corner: tuple, relu: bool) -> None:
    """out = convolution of x with w (O, C, 1, 3, 3), which may be strided."""
    outputs, inputs = w.shape[:2]
    N, _, P, Q, _ = out.shape
    B = -(-outputs // BLOCK)
    packed, u = empty(B * 9 * inputs * BLOCK, np.float32), empty(B * 36 * inputs * BLOCK, np.float32)
    launch(_pack, parts_for(packed.size), packed, flat(w), BLOCK, (1, *w.shape), (0, *element_strides(w)))
    launch(_weights, parts_for(u.size // LANES), u, packed, B, inputs)
    biases = np.zeros((2, B * BLOCK), np.float32)
    if bias is not None:
        biases[1, :outputs] = bias
    extent = -(-P // 4), -(-Q // 4)
    p = tiles(x.shape, extent, corner, (P * Q * outputs, 0, 4 * Q * outputs, 4 * outputs), 6,
              band_of(N, extent, inputs + outputs))
    parts = shares(p.bands, out.size * inputs)
    plane = -(-len(p.pixels) // ROWS) * ROWS
    launch(_forward, parts, flat(out), flat(x), u, biases.reshape(-1), np.float32(0) if relu else LOWEST,
           p.pixels, p.places, tile_steps(p, 6), (Q * outputs, outputs), p.scratch(parts), p.room,
           scratch(parts, plane, inputs + LANES), scratch(parts, plane, B * BLOCK), plane, outputs, (P, Q), p.bands, p.steps,
           p.geometry)


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    convolve(out, x, w, bias, tuple(-p for p in padding), relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    convolve(out, g, w.swapaxes(0, 1)[..., ::-1, ::-1], bias, (0, padding[1] - 2, padding[2] - 2), False)


def weight(out, x, g, stride, padding, dilation, groups):
    outputs, inputs = out.shape[:2]
    N, _, P, Q, _ = g.shape
    B, padded, extent = -(-outputs // BLOCK), -(-inputs // LANES) * LANES, (-(-P // 4), -(-Q // 4))
    band = band_of(N, extent, inputs + outputs)
    px = tiles(x.shape, extent, tuple(-p for p in padding), (0, 0, 0, 0), 6, band)
    pg = tiles(g.shape, extent, (0, 0, 0), (0, 0, 0, 0), 4, band)
    length = 36 * B * padded * BLOCK
    splits = min(px.bands, max(2, min(8, (1 << 20) // length)))
    sums, plane = empty(splits * length + ROWS * BLOCK, np.float32), len(px.pixels)
    launch(_weight, splits, sums, flat(x), flat(g), px.pixels, pg.pixels, tile_steps(px, 6), tile_steps(pg, 4),
           px.scratch(splits), px.room, pg.scratch(splits), pg.room, scratch(splits, plane, padded),
           scratch(splits, plane, B * BLOCK), plane, px.bands, px.geometry, pg.geometry)
    packed = empty(splits * B * 9 * inputs * BLOCK, np.float32)
    launch(_gather, parts_for(sums.size // LANES), packed, sums, splits, B, inputs)
    launch(_unpack, parts_for(packed.size), flat(out), packed, splits, BLOCK, (1, outputs, inputs, 9))
