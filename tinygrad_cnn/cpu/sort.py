"""Stable sorting of rows. CUDA twin: cuda/sort.py."""

import numpy as np
from numba import uintp
from numba.extending import register_jitable

from .jit import jit
from .launch import launch, parts_for
from .memory import empty

RUN = 16    # elements that are sorted by insertion, before sorted runs are merged


def sort(out, index, x, descending):
    """out[r, i] = x[r, index[r, i]] is row r in rising order, or in falling order if `descending`; NaN is above all
    numbers, and equal elements keep their order."""
    parts = parts_for(8 * x.size)
    length = x.shape[1]
    launch(_sort, parts, out, index, x, empty((parts, length), x.dtype), empty((parts, length), np.int64), descending)


def top(out, index, x, descending):
    """The first elements of what `sort` would give, as many as a row of out has."""
    launch(_top, parts_for(4 * x.size), out, index, x, descending)


@jit
def _top(part, parts, out, index, x, descending):
    """A sorted list of the best so far, into which few elements of a row still come."""
    rows, n = x.shape
    k = out.shape[1]
    for r in range(part * rows // parts, (part + 1) * rows // parts):
        for i in range(k):
            out[r, i], index[r, i] = x[r, i], i
        _insert(out[r], index[r], 0, k, descending)
        for i in range(k, n):
            if _before(x[r, i], out[r, k - 1], descending):
                out[r, k - 1], index[r, k - 1] = x[r, i], i
                _place(out[r], index[r], 0, k - 1, descending)


@jit
def _sort(part, parts, out, index, x, spare, spare_index, descending):
    """Merge sort: runs go back and forth between the result and the spare row."""
    rows, n = x.shape
    for r in range(part * rows // parts, (part + 1) * rows // parts):
        for i in range(n):
            out[r, i], index[r, i] = x[r, i], i
        for begin in range(0, n, RUN):
            _insert(out[r], index[r], begin, min(begin + RUN, n), descending)
        width = RUN
        while width < n:
            for begin in range(0, n, 2 * width):
                _merge(spare[part], spare_index[part], out[r], index[r], begin, min(begin + width, n),
                       min(begin + 2 * width, n), descending)
            for i in range(uintp(n)):
                out[r, i], index[r, i] = spare[part, i], spare_index[part, i]
            width *= 2


@register_jitable
def _before(a, b, descending):
    """Whether a must stand before b."""
    if descending:
        return a > b or (a != a and b == b)
    return a < b or (b != b and a == a)


@register_jitable
def _place(values, index, begin, i, descending):
    """Move element i to its place in the sorted ones before it."""
    value, at, k = values[i], index[i], i
    while k > begin and _before(value, values[k - 1], descending):
        values[k], index[k] = values[k - 1], index[k - 1]
        k -= 1
    values[k], index[k] = value, at


@register_jitable
def _insert(values, index, begin, end, descending):
    """Sort a short run."""
    for i in range(begin + 1, end):
        _place(values, index, begin, i, descending)


@register_jitable
def _merge(out, out_index, x, index, begin, middle, end, descending):
    """The sorted runs begin:middle and middle:end of x as one in out."""
    i, j = begin, middle
    for k in range(begin, end):
        if j < end and (i >= middle or _before(x[j], x[i], descending)):
            out[k], out_index[k] = x[j], index[j]
            j += 1
        else:
            out[k], out_index[k] = x[i], index[i]
            i += 1
