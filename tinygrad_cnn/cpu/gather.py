"""Elements picked by their places along an axis. CUDA twin: cuda/gather.py."""

from numba import uintp

from .jit import jit
from .launch import launch, parts_for


def rows(out, x, index):
    """out[a, m, c] = x[a, index[m], c]"""
    launch(_rows, parts_for(out.size), out, x, index)


def places(out, index, extent):
    """out[a, m, c] = (a * extent + index[a, m, c]) * C + c: the flat place of [a, index[a, m, c], c]."""
    launch(_places, parts_for(out.size), out, index, extent)


@jit
def _rows(part, parts, out, x, index):
    A, M, C = out.shape
    first = part * A * M // parts
    a, m = first // max(M, 1), first % max(M, 1)
    for _ in range(first, (part + 1) * A * M // parts):
        j = index[m]
        for c in range(uintp(C)):
            out[a, m, c] = x[a, j, c]
        m += 1
        if m == M:    # counting on takes less than a division for each row
            a, m = a + 1, 0


@jit
def _places(part, parts, out, index, extent):
    A, M, C = out.shape
    for place in range(part * A * M // parts, (part + 1) * A * M // parts):
        a, m = place // M, place % M
        for c in range(uintp(C)):
            out[a, m, c] = (a * extent + index[a, m, c]) * C + c
