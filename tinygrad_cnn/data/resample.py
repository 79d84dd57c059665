"""Kernels that move pixels: serial, and free of the GIL, so that the loader's thread runs beside training."""

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


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
def warp(out: Floats, x: Floats, grid: Floats, fill: np.float32) -> None:
    """out[n, c, i, j] = x[n, c] between its four pixels around (row, column) = grid[n, :, i, j]; `fill` outside."""
    samples, channels, height, width = x.shape
    for n in range(samples):
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                row, column = grid[n, 0, i, j], grid[n, 1, i, j]
                top, left = int(np.floor(row)), int(np.floor(column))
                down, right = row - top, column - left
                for c in range(channels):
                    value = np.float32(0)
                    for p in range(2):
                        for q in range(2):
                            weight = (down if p else 1 - down) * (right if q else 1 - right)
                            inside = 0 <= top + p < height and 0 <= left + q < width
                            value += weight * (x[n, c, top + p, left + q] if inside else fill)
                    out[n, c, i, j] = value


@jit
def warp_nearest(out: Floats, x: Floats, grid: Floats, fill: np.float32) -> None:
    """out[n, c, i, j] = the pixel of x[n, c] nearest to (row, column) = grid[n, :, i, j]; `fill` outside."""
    samples, channels, height, width = x.shape
    for n in range(samples):
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                row, column = int(np.floor(grid[n, 0, i, j] + 0.5)), int(np.floor(grid[n, 1, i, j] + 0.5))
                inside = 0 <= row < height and 0 <= column < width
                for c in range(channels):
                    out[n, c, i, j] = x[n, c, row, column] if inside else fill


@jit
def crop(out: Floats, x: Floats, top: Integers, left: Integers, fill: np.float32) -> None:
    """out[n, c, i, j] = x[n, c, top[n] + i, left[n] + j]; `fill` outside x."""
    samples, channels, height, width = x.shape
    for n in range(samples):
        for c in range(channels):
            for i in range(out.shape[2]):
                row = top[n] + i
                for j in range(out.shape[3]):
                    column = left[n] + j
                    inside = 0 <= row < height and 0 <= column < width
                    out[n, c, i, j] = x[n, c, row, column] if inside else fill
