"""Copying between any two layouts, with a change of dtype, and filling. CPU twin: cpu/copy.py."""

import numpy as np

from ..nest import crossing, flat, number
from .driver import cuda, device, kernel, launch
from .intrinsics import split
from .memory import empty

EDGE = 32                   # of a tile: the threads of a warp read 32 neighbors, and write 32 neighbors
TILE = EDGE * (EDGE + 1)    # one column more than needed: the 32 elements of a column then lie in 32 different banks


def copy(out, x):
    """out[i] = x[i], cast to the dtype of out: to an integer by dropping the fraction, to bool by x != 0."""
    if out.size == 0:
        return
    if out.dtype == np.uint8 and x.dtype.kind == "f":           # at once, a GPU would make 0 of what is below 0; so it wraps
        whole = empty(x.shape, "int64")
        copy(whole, x)
        x = whole
    shape, strides, x_strides = crossing(out, x)
    along = strides[-1] == out.itemsize and x_strides[-1] == x.itemsize
    if along and out.size == shape[-1]:
        launch(_flat, out.size, flat(out, shape, strides)[0], flat(x, shape, x_strides)[0])
    elif min(shape[-2:]) < 8 or x_strides[-2] != x.itemsize:
        launch(_strided, out.size, out.size, shape, *flat(out, shape, strides), *flat(x, shape, x_strides))
    else:
        tiles = out.size // (shape[-2] * shape[-1]) * -(-shape[-2] // EDGE) * -(-shape[-1] // EDGE)
        launch(_tiles, (tiles,), shape, *flat(out, shape, strides), *flat(x, shape, x_strides))


def fill(out, value):
    """out[i] = value."""
    if out.size == 0:
        return
    shape, strides, _ = crossing(out, out)
    launch(_fill, out.size, out.size, shape, *flat(out, shape, strides), number(value, out.dtype))


@kernel
def _flat(out, x):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = x[i]


@kernel
def _strided(size, shape, out, first, steps, x, x_first, x_steps):
    place = cuda.grid(1)
    if place < size:
        out[first + _offset(place, shape, steps, 0)] = x[x_first + _offset(place, shape, x_steps, 0)]


@kernel
def _tiles(shape, out, first, steps, x, x_first, x_steps):
    """Neighbors along the last axis are near in out, along the last but one near in x: shared memory turns a tile."""
    tile = cuda.shared.array(TILE, x.dtype)
    C, D = shape[-2], shape[-1]
    rest, across = split(cuda.blockIdx.x, (D + EDGE - 1) // EDGE)
    plane, down = split(rest, (C + EDGE - 1) // EDGE)
    i, j = first + _offset(plane, shape, steps, 2), x_first + _offset(plane, shape, x_steps, 2)
    row, column = split(cuda.threadIdx.x, EDGE)
    for k in range(row, EDGE, cuda.blockDim.x // EDGE):
        c, d = down * EDGE + column, across * EDGE + k
        if c < C and d < D:
            tile[k * (EDGE + 1) + column] = x[j + c * x_steps[-2] + d * x_steps[-1]]
    cuda.syncthreads()
    for k in range(row, EDGE, cuda.blockDim.x // EDGE):
        c, d = down * EDGE + k, across * EDGE + column
        if c < C and d < D:
            out[i + c * steps[-2] + d * steps[-1]] = tile[column * (EDGE + 1) + k]


@kernel
def _fill(size, shape, out, first, steps, value):
    place = cuda.grid(1)
    if place < size:
        out[first + _offset(place, shape, steps, 0)] = value


@device
def _offset(place, shape, steps, inner):
    """Where the place with this number lies; the last `inner` axes are not counted."""
    at = 0
    for k in range(len(shape) - 1 - inner, -1, -1):
        place, here = split(place, shape[k])
        at += here * steps[k]
    return at
