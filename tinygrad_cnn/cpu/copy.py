"""Copying between any two layouts, with a change of dtype, and filling. CUDA twin: cuda/copy.py."""

from numba import uintp
from numba.extending import register_jitable

from ..nest import crossing, flat
from .jit import jit
from .launch import launch, parts_for

EDGE = 32    # of a tile: two cache lines of float32, so that a transposition uses each line it touches as a whole


def copy(out, x):
    """out[i] = x[i], cast to the dtype of out: to an integer by dropping the fraction, to bool by x != 0."""
    if out.size == 0:
        return
    shape, strides, x_strides = crossing(out, x)
    along = strides[-1] == out.itemsize and x_strides[-1] == x.itemsize
    if along and out.size == shape[-1]:
        launch(_flat, parts_for(out.size), flat(out, shape, strides)[0], flat(x, shape, x_strides)[0])
    else:
        kernel = _rows if along else _tiles
        launch(kernel, parts_for(out.size), shape, *flat(out, shape, strides), *flat(x, shape, x_strides))


def fill(out, value):
    """out[i] = value."""
    if out.size == 0:
        return
    shape, strides, _ = crossing(out, out)
    memory, first, steps = flat(out, shape, strides)
    if memory.size == out.size:
        launch(_fill_flat, parts_for(out.size), memory, out.dtype.type(value))
    else:
        launch(_fill, parts_for(out.size), shape, memory, first, steps, out.dtype.type(value))


@jit
def _flat(part, parts, out, x):
    for i in range(uintp(part * out.size // parts), uintp((part + 1) * out.size // parts)):
        out[i] = x[i]


@jit
def _rows(part, parts, shape, out, first, steps, x, x_first, x_steps):
    """The elements along the last axis lie side by side in both."""
    planes, C, D = _count(shape, len(shape) - 2), shape[-2], shape[-1]
    strips = (C + EDGE - 1) // EDGE
    for place in range(part * planes * strips // parts, (part + 1) * planes * strips // parts):
        plane, start = place // strips, place % strips * EDGE
        i, j = first + _offset(plane, shape, steps), x_first + _offset(plane, shape, x_steps)
        for c in range(start, min(start + EDGE, C)):
            to, source = uintp(i + c * steps[-2]), uintp(j + c * x_steps[-2])
            for d in range(uintp(D)):
                out[to + d] = x[source + d]


@jit
def _tiles(part, parts, shape, out, first, steps, x, x_first, x_steps):
    """Neighbors along the last axis are near in out, along the last but one near in x: both stay in cache."""
    planes, C, D = _count(shape, len(shape) - 2), shape[-2], shape[-1]
    strips = (C + EDGE - 1) // EDGE
    for place in range(part * planes * strips // parts, (part + 1) * planes * strips // parts):
        plane, start = place // strips, place % strips * EDGE
        i, j = first + _offset(plane, shape, steps), x_first + _offset(plane, shape, x_steps)
        for begin in range(0, D, EDGE):
            for c in range(start, min(start + EDGE, C)):
                to = uintp(i + c * steps[-2] + begin * steps[-1])
                source = uintp(j + c * x_steps[-2] + begin * x_steps[-1])
                for d in range(uintp(min(EDGE, D - begin))):
                    out[to + d * uintp(steps[-1])] = x[source + d * uintp(x_steps[-1])]


@jit
def _fill_flat(part, parts, out, value):
    for i in range(uintp(part * out.size // parts), uintp((part + 1) * out.size // parts)):
        out[i] = value


@jit
def _fill(part, parts, shape, out, first, steps, value):
    planes, C, D = _count(shape, len(shape) - 2), shape[-2], shape[-1]
    for row in range(part * planes * C // parts, (part + 1) * planes * C // parts):
        i = uintp(first + _offset(row // C, shape, steps) + row % C * steps[-2])
        for d in range(uintp(D)):
            out[i + d * uintp(steps[-1])] = value


@register_jitable
def _count(shape, axes):
    """How many places the first `axes` axes have."""
    places = 1
    for k in range(axes):
        places *= shape[k]
    return places


@register_jitable
def _offset(plane, shape, steps):
    """Where the plane of the last two axes with this number begins."""
    at = 0
    for k in range(len(shape) - 3, -1, -1):
        at += plane % shape[k] * steps[k]
        plane //= shape[k]
    return at
