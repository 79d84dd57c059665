"""Copying between any two layouts, with a change of dtype, and filling. CUDA twin: cuda/copy.py."""

from numba import uintp
from numba.extending import register_jitable

from .. import arrays, shapes
from .jit import jit
from .launch import launch, parts_for

EDGE = 16    # of a tile: 16 float32 are a cache line, so that a transposition uses each line it touches as a whole


def copy(out, x):
    """out[i] = x[i], cast to the dtype of out: to an integer by dropping the fraction, to bool by x != 0."""
    if out.size == 0:
        return
    shape, (strides, x_strides) = shapes.coalesce(out.shape, out.strides, x.strides)
    lead, parts = 4 - len(shape), parts_for(out.size)
    shape, strides, x_strides = (1,) * lead + shape, (0,) * lead + strides, (0,) * lead + x_strides
    kernel = _rows if strides[-1] == out.itemsize and x_strides[-1] == x.itemsize else _tiles
    if kernel is _rows and shape[:-1] == (1,) * (len(shape) - 1):
        launch(_flat, parts, arrays.strided(out, shape[-1:], strides[-1:]), arrays.strided(x, shape[-1:], x_strides[-1:]))
        return
    across = min(range(len(shape) - 1), key=lambda k: (shape[k] == 1, abs(x_strides[k])))
    order = [k for k in range(len(shape) - 1) if k != across] + [across, len(shape) - 1]
    shape, strides, x_strides = (tuple(v[k] for k in order) for v in (shape, strides, x_strides))
    launch(kernel, parts, shape, *flat(out, shape, strides), *flat(x, shape, x_strides))


def fill(out, value):
    """out[i] = value."""
    if out.size == 0:
        return
    shape, (strides,) = shapes.coalesce(out.shape, out.strides)
    lead = max(0, 2 - len(shape))
    shape, strides = (1,) * lead + shape, (0,) * lead + strides
    if out.nbytes == shape[-1] * strides[-1]:
        launch(_fill_flat, parts_for(out.size), arrays.strided(out, shape[-1:], strides[-1:]), out.dtype.type(value))
    else:
        launch(_fill, parts_for(out.size), shape, *flat(out, shape, strides), out.dtype.type(value))


def flat(a, shape, strides):
    """The memory from the lowest element of `a` to its highest, the place of the first element in it, and its steps."""
    lowest = arrays.strided(a, shape, strides)[tuple(slice(None, None, -1 if step < 0 else 1) for step in strides)]
    spans = [(n - 1) * step // a.itemsize for n, step in zip(shape, strides)]
    memory = arrays.strided(lowest, (1 + sum(map(abs, spans)),), (a.itemsize,))
    return memory, -sum(span for span in spans if span < 0), tuple(step // a.itemsize for step in strides)


@jit
def _flat(part, parts, out, x):
    for i in range(uintp(part * out.size // parts), uintp((part + 1) * out.size // parts)):
        out[i] = x[i]


@jit
def _rows(part, parts, shape, out, first, steps, x, x_first, x_steps):
    """The elements along the last axis lie side by side in both."""
    planes, C, D = count(shape, len(shape) - 2), shape[-2], shape[-1]
    strips = (C + EDGE - 1) // EDGE
    for place in range(part * planes * strips // parts, (part + 1) * planes * strips // parts):
        plane, start = place // strips, place % strips * EDGE
        i, j = first + offset(plane, shape, steps), x_first + offset(plane, shape, x_steps)
        for c in range(start, min(start + EDGE, C)):
            to, source = uintp(i + c * steps[-2]), uintp(j + c * x_steps[-2])
            for d in range(uintp(D)):
                out[to + d] = x[source + d]


@jit
def _tiles(part, parts, shape, out, first, steps, x, x_first, x_steps):
    """Steps along the last axis are short in out, along the last but one short in x: tile by tile, both stay in the cache."""
    planes, C, D = count(shape, len(shape) - 2), shape[-2], shape[-1]
    strips = (C + EDGE - 1) // EDGE
    for place in range(part * planes * strips // parts, (part + 1) * planes * strips // parts):
        plane, start = place // strips, place % strips * EDGE
        i, j = first + offset(plane, shape, steps), x_first + offset(plane, shape, x_steps)
        for begin in range(0, D, EDGE):
            for c in range(start, min(start + EDGE, C)):
                for d in range(begin, min(begin + EDGE, D)):
                    out[uintp(i + c * steps[-2] + d * steps[-1])] = x[uintp(j + c * x_steps[-2] + d * x_steps[-1])]


@jit
def _fill_flat(part, parts, out, value):
    for i in range(uintp(part * out.size // parts), uintp((part + 1) * out.size // parts)):
        out[i] = value


@jit
def _fill(part, parts, shape, out, first, steps, value):
    planes, C, D = count(shape, len(shape) - 2), shape[-2], shape[-1]
    for row in range(part * planes * C // parts, (part + 1) * planes * C // parts):
        i = uintp(first + offset(row // C, shape, steps) + row % C * steps[-2])
        for d in range(uintp(D)):
            out[i + d * uintp(steps[-1])] = value


@register_jitable
def count(shape, axes):
    """How many places the first `axes` axes have."""
    places = 1
    for k in range(axes):
        places *= shape[k]
    return places


@register_jitable
def offset(plane, shape, steps):
    """Where the plane of the last two axes with this number begins."""
    at = 0
    for k in range(len(shape) - 3, -1, -1):
        at += plane % shape[k] * steps[k]
        plane //= shape[k]
    return at
