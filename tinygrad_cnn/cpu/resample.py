"""Weighted sums along one axis of x (a, n, b), by a table of which elements make each result. CUDA twin: cuda/resample.py."""

from numba import uintp

from .jit import jit
from .launch import launch, parts_for


def along(out, x, starts, places, weights):
    """out[i,p,j] = sum over k from starts[p] to starts[p+1] of weights[k] * x[i, places[k], j]."""
    per_row = max(2, weights.size // max(starts.size - 1, 1))
    kernel = _neighbors if x.shape[2] == 1 else _rows
    launch(kernel, parts_for(per_row * out.size), out, x, starts, places, weights)


@jit
def _rows(part, parts, out, x, starts, places, weights):
    """Elements along the last axis lie side by side: two of a sum are taken at a time."""
    A, P, B = out.shape
    for row in range(part * A * P // parts, (part + 1) * A * P // parts):
        i, p = row // P, row % P
        to, k, stop = out[i, p], starts[p], starts[p + 1]
        if (stop - k) % 2:
            w, source = weights[k], x[i, places[k]]
            for j in range(uintp(B)):
                to[j] = w * source[j]
            k += 1
        elif k < stop:
            w, source, v, other = weights[k], x[i, places[k]], weights[k + 1], x[i, places[k + 1]]
            for j in range(uintp(B)):
                to[j] = w * source[j] + v * other[j]
            k += 2
        else:
            to[:] = 0
        while k < stop:
            w, source, v, other = weights[k], x[i, places[k]], weights[k + 1], x[i, places[k + 1]]
            for j in range(uintp(B)):
                to[j] += w * source[j] + v * other[j]
            k += 2


@jit
def _neighbors(part, parts, out, x, starts, places, weights):
    """The last axis has one element."""
    A, P, _ = out.shape
    for i in range(part * A // parts, (part + 1) * A // parts):
        to, row = out[i, :, 0], x[i, :, 0]
        for p in range(P):
            total = out.dtype.type(0)
            for k in range(starts[p], starts[p + 1]):
                total += weights[k] * row[places[k]]
            to[p] = total
