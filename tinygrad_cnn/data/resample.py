"""Kernels that move pixels: serial, and free of the GIL, so that the loader's threads run beside training.

Pictures are float32 or uint8. `half` is added to what is interpolated before it is stored: 0 for float32, 0.5 for
uint8, which rounds.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.uint32]
Pictures = npt.NDArray[Any]

NOWHERE = np.uint32(0xFFFFFFFF)


@jit
def identity(grid: Floats) -> None:
    """grid[n, :, i, j] = (i, j): every output pixel looks at itself."""
    samples, _, height, width = grid.shape
    for n in range(samples):
        for i in range(height):
            for j in range(width):
                grid[n, 0, i, j] = i
                grid[n, 1, i, j] = j


@jit
def affine(grid: Floats, matrix: Floats, offset: Floats) -> None:
    """grid[n, :, i, j] = matrix[n] @ grid[n, :, i, j] + offset[n]; in place."""
    samples, _, height, width = grid.shape
    for n in range(samples):
        a, b, c, d = matrix[n, 0, 0], matrix[n, 0, 1], matrix[n, 1, 0], matrix[n, 1, 1]
        for i in range(height):
            for j in range(width):
                row, column = grid[n, 0, i, j], grid[n, 1, i, j]
                grid[n, 0, i, j] = a * row + b * column + offset[n, 0]
                grid[n, 1, i, j] = c * row + d * column + offset[n, 1]


@jit
def smooth(planes: Floats, weights: Floats, scratch: Floats) -> None:
    """Convolve every plane (p, h, w) with `weights` along both axes, zeros beyond the border; in place."""
    count, height, width = planes.shape
    radius = weights.size // 2
    for p in range(count):
        scratch[:] = 0
        for i in range(height):
            for k in range(max(0, i - radius), min(height, i + radius + 1)):
                weight = weights[k - i + radius]
                for j in range(width):
                    scratch[i, j] += weight * planes[p, k, j]
        planes[p] = 0
        for i in range(height):
            for shift in range(-radius, radius + 1):
                weight = weights[shift + radius]
                for j in range(max(0, -shift), min(width, width - shift)):
                    planes[p, i, j] += weight * scratch[i, j + shift]


@jit
def warp(out: Pictures, x: Pictures, grid: Floats, fill: np.float32, half: np.float32, index: Indices, parts: Floats) -> None:
    """out[n, c, i, j] = x[n, c] between its four pixels around (row, column) = grid[n, :, i, j]; `fill` outside.

    Scratch of all warps: `index` (pixels of a picture of out), `parts` (2, as many).
    """
    for n in range(out.shape[0]):
        warp_picture(flat(out[n]), flat(x[n]), x.shape[2], x.shape[3], flat(grid[n]), fill, half, index, parts)


@jit
def warp_nearest(out: Pictures, x: Pictures, grid: Floats, fill: np.float32, half: np.float32, index: Indices,
                 parts: Floats) -> None:
    """out[n, c, i, j] = the pixel of x[n, c] nearest to (row, column) = grid[n, :, i, j]; `fill` outside."""
    for n in range(out.shape[0]):
        pick_picture(flat(out[n]), flat(x[n]), x.shape[2], x.shape[3], flat(grid[n]), fill, index)


@jit
def warp_affine(out: Pictures, x: Pictures, matrix: Floats, offset: Floats, places: Floats, fill: np.float32,
                half: np.float32, index: Indices, parts: Floats) -> None:
    """`warp` by the grid that `affine` makes of `identity`, for one picture at a time: scratch `places` (2, h, w)."""
    for n in range(out.shape[0]):
        affine_picture(places, matrix[n], offset[n])
        warp_picture(flat(out[n]), flat(x[n]), x.shape[2], x.shape[3], flat(places), fill, half, index, parts)


@jit
def warp_affine_nearest(out: Pictures, x: Pictures, matrix: Floats, offset: Floats, places: Floats, fill: np.float32,
                        half: np.float32, index: Indices, parts: Floats) -> None:
    """`warp_nearest` by the grid that `affine` makes of `identity`; scratch as in `warp_affine`."""
    for n in range(out.shape[0]):
        affine_picture(places, matrix[n], offset[n])
        pick_picture(flat(out[n]), flat(x[n]), x.shape[2], x.shape[3], flat(places), fill, index)


@jit
def flat(picture: Pictures) -> Pictures:
    """The same pixels, row after row."""
    return picture.reshape(picture.shape[0], picture.shape[1] * picture.shape[2])


@jit
def affine_picture(places: Floats, matrix: Floats, offset: Floats) -> None:
    """places[:, i, j] = matrix @ (i, j) + offset"""
    for axis in range(np.uintp(2)):
        a, b, first = matrix[axis, 0], matrix[axis, 1], offset[axis]
        for i in range(np.uintp(places.shape[1])):
            for j in range(np.uintp(places.shape[2])):
                places[axis, i, j] = a * np.float32(i) + b * np.float32(j) + first


@jit
def warp_picture(out: Pictures, x: Pictures, height: int, width: int, places: Floats, fill: np.float32, half: np.float32,
                 index: Indices, parts: Floats) -> None:
    """out[c, j] = x[c] between its four pixels around (row, column) = places[:, j]; `fill` outside."""
    locate(index, places[0], places[1], np.float32(0), height - 1, width - 1, width)
    fractions(parts[0], places[0])
    fractions(parts[1], places[1])
    last, beside, below = np.uintp(out.shape[1]), np.uintp(1), np.uintp(width)
    first = np.uintp(0)
    while first < last:  # runs of pixels that have all four neighbors, and single ones that lack some
        stop = run_end(index, first, False)
        end = run_end(index, stop, True)
        for c in range(x.shape[0]):
            plane, to = x[c], out[c]
            for j in range(first, stop):
                at, down, right = np.uintp(index[j]), parts[0, j], parts[1, j]
                value = (1 - down) * (1 - right) * plane[at]
                value += (1 - down) * right * plane[at + beside]
                value += down * (1 - right) * plane[at + below]
                value += down * right * plane[at + below + beside]
                to[j] = value + half
            for j in range(stop, end):
                row, column = places[0, j], places[1, j]
                near = (row > -1) & (row < height) & (column > -1) & (column < width)
                to[j] = border(plane, height, width, row, column, fill) + half if near else fill
        first = end


@jit
def locate(index: Indices, rows: Floats, columns: Floats, shift: np.float32, height: int, width: int, step: int) -> None:
    """index[j] = the pixel, row after row of `step`, in which the place (rows[j], columns[j]) + shift lies; NOWHERE if that
    is not within `height` and `width`."""
    bottom, end = np.float32(height), np.float32(width)
    for j in range(np.uintp(index.size)):
        row, column = rows[j] + shift, columns[j] + shift
        at = np.uint32(np.int32(row) * np.int32(step) + np.int32(column))
        index[j] = at if (row >= 0) & (row < bottom) & (column >= 0) & (column < end) else NOWHERE


@jit
def fractions(parts: Floats, places: Floats) -> None:
    """parts = places, which are not negative, without the whole numbers in them, one row"""
    for j in range(np.uintp(parts.size)):
        parts[j] = places[j] - np.float32(np.int32(places[j]))


@jit
def run_end(index: Indices, first: int, nowhere: bool) -> int:
    """The first place from `first` on that is NOWHERE, or that is not where it shall not be."""
    stop, last = np.uintp(first), np.uintp(index.size)
    while stop < last and (index[stop] == NOWHERE) == nowhere:
        stop += np.uintp(1)
    return int(stop)


@jit
def border(plane: Pictures, height: int, width: int, row: np.float32, column: np.float32, fill: np.float32) -> np.float32:
    """`plane` between its four pixels around (row, column), which lies near it, those outside of it being `fill`"""
    top, left = int(np.floor(row)), int(np.floor(column))
    down, right = row - top, column - left
    total = np.float32(0)
    for p in range(2):
        for q in range(2):
            weight = (down if p else 1 - down) * (right if q else 1 - right)
            inside = 0 <= top + p < height and 0 <= left + q < width
            total += weight * (plane[(top + p) * width + left + q] if inside else fill)
    return total


@jit
def pick_picture(out: Pictures, x: Pictures, height: int, width: int, places: Floats, fill: np.float32,
                 index: Indices) -> None:
    """out[c, j] = the pixel of x[c] nearest to (row, column) = places[:, j]; `fill` outside."""
    locate(index, places[0], places[1], np.float32(0.5), height, width, width)
    first, last = np.uintp(0), np.uintp(index.size)
    while first < last:  # runs of pixels that are inside and that are not
        stop = run_end(index, first, False)
        end = run_end(index, stop, True)
        for c in range(x.shape[0]):
            plane, to = x[c], out[c]
            for j in range(first, stop):
                to[j] = plane[index[j]]
            for j in range(stop, end):
                to[j] = fill
        first = end
