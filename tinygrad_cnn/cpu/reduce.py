"""Sums over axes. CUDA twin: cuda/reduce.py.

A long sum is cut into pieces by its shape alone, so that its bits do not depend on the number of threads, and its error
does not grow with its length: pieces of float32 are summed in float32, the sums of the pieces in float64.
"""
import numpy as np
from numba import uintp

from .. import arrays
from .jit import jit
from .launch import launch, parts_for
from .memory import empty

BLOCK = 1024         # elements of a row summed before they join the total
PIECE = 1 << 15      # elements of a row that are one thread's work
DEPTH = 128          # rows added up before they join the total
WIDTH = 512          # columns added up together: their sums stay in the nearest cache


def sum(out, x):
    """out[a, c] = sum over b, d of x[a, b, c, d]; x is strided."""
    A, B, C, D = x.shape
    if x.size == 0:
        if out.size:
            out[...] = 0
    elif C * D == 1:
        _sum_rows(out, arrays.strided(x, (A, 1, 1, B), (*x.strides[:1], 0, 0, x.strides[1])))
    elif D == 1:
        _sum_columns(out, x)
    elif B == 1:
        _sum_rows(out, x)
    else:
        partial = empty((A, B, C, 1), _wide(x.dtype))
        _sum_rows(partial, x)
        _sum_columns(out, partial)


def rectified(out, sums, g, y):
    """out[i, c] = 0 where y[i, c] <= 0, else g[i, c];  sums[c] = sum over i of out[i, c]."""
    rows, C = g.shape
    if g.size == 0:
        sums[...] = 0
        return
    fold = _fold(rows, C)
    long = (rows // fold, fold * C)
    partial = empty((-(-long[0] // DEPTH), long[1]), g.dtype)
    launch(_rectified, parts_for(2 * g.size), out.reshape(long), partial, g.reshape(long), y.reshape(long))
    launch(_combine, parts_for(partial.size), sums.reshape(1, C), partial.reshape(1, -1, C), _wide(g.dtype)(0))


def _sum_rows(out, x):
    """out[a, b, c] = sum over d of x[a, b, c, d]."""
    pieces = -(-x.shape[3] // PIECE)
    if pieces == 1:
        launch(_rows, parts_for(x.size), out.reshape(-1, 1), x, _narrow(x.dtype)(0), _wide(x.dtype)(0))
    else:
        partial = empty((x.size // x.shape[3], pieces), _wide(x.dtype))
        launch(_rows, parts_for(x.size), partial, x, _narrow(x.dtype)(0), _wide(x.dtype)(0))
        _sum_rows(out, partial.reshape(-1, 1, 1, pieces))


def _sum_columns(out, x):
    """out[a, c] = sum over b of x[a, b, c, 0]. Short rows that lie end to end are taken for fewer long ones."""
    A, B, C, _ = x.shape
    fold = _fold(B, C) if x.strides[1] == C * x.itemsize and x.strides[2] == x.itemsize else 1
    long = arrays.strided(x, (A, B // fold, fold * C), (x.strides[0], x.strides[1] * fold, x.strides[2]))
    pieces = -(-long.shape[1] // DEPTH)
    if pieces * fold == 1:
        launch(_columns, parts_for(x.size), out.reshape(A, 1, C), long)
    else:
        partial = empty((A, pieces, fold * C), _narrow(x.dtype))
        launch(_columns, parts_for(x.size), partial, long)
        sums = partial.reshape(A, pieces * fold, C)
        launch(_combine, parts_for(sums.size), out.reshape(A, C), sums, _wide(x.dtype)(0))


def _fold(rows, columns):
    """How many neighboring rows make a long one."""
    fold = 1
    while rows % (2 * fold) == 0 and 2 * fold * columns <= WIDTH:
        fold *= 2
    return fold


def _narrow(dtype):
    """What the elements of a piece are summed in."""
    return dtype.type if dtype.kind == "f" else np.int64


def _wide(dtype):
    """What the sums of the pieces are summed in."""
    return np.float64 if dtype.kind == "f" else np.int64


@jit
def _rows(part, parts, out, x, zero, total_zero):
    """out[row, piece] = sum of PIECE elements of the row."""
    _, B, C, D = x.shape
    rows, pieces = out.shape
    for place in range(part * rows * pieces // parts, (part + 1) * rows * pieces // parts):
        row, begin = place // pieces, place % pieces * PIECE
        a, b, c = row // (B * C), row // C % B, row % C
        end, total = min(begin + PIECE, D), total_zero
        for start in range(begin, end, BLOCK):
            block = zero
            for d in range(uintp(start), uintp(min(start + BLOCK, end))):
                block += x[a, b, c, d]
            total += block
        out[row, place % pieces] = total


@jit
def _columns(part, parts, out, x):
    """out[a, piece, c] = sum of x[a, b, c] over DEPTH rows b."""
    A, B, C = x.shape
    pieces, strips = out.shape[1], (C + WIDTH - 1) // WIDTH
    for place in range(part * A * pieces * strips // parts, (part + 1) * A * pieces * strips // parts):
        a, piece, begin = place // (pieces * strips), place // strips % pieces, place % strips * WIDTH
        end = min(begin + WIDTH, C)
        for c in range(uintp(begin), uintp(end)):
            out[a, piece, c] = 0
        for b in range(piece * DEPTH, min((piece + 1) * DEPTH, B)):
            for c in range(uintp(begin), uintp(end)):
                out[a, piece, c] += x[a, b, c]


@jit
def _rectified(part, parts, out, sums, g, y):
    """As the entry point, with sums[piece, c] over DEPTH rows."""
    B, C = g.shape
    strips = (C + WIDTH - 1) // WIDTH
    for place in range(part * len(sums) * strips // parts, (part + 1) * len(sums) * strips // parts):
        piece, begin = place // strips, place % strips * WIDTH
        end = min(begin + WIDTH, C)
        for c in range(uintp(begin), uintp(end)):
            sums[piece, c] = 0
        for b in range(piece * DEPTH, min((piece + 1) * DEPTH, B)):
            for c in range(uintp(begin), uintp(end)):    # a loop of its own is faster
                out[b, c] = g.dtype.type(0) if y[b, c] <= 0 else g[b, c]
            for c in range(uintp(begin), uintp(end)):
                sums[piece, c] += out[b, c]


@jit
def _combine(part, parts, out, x, zero):
    """out[a, c] = sum of x[a, b, c] over b."""
    A, B, C = x.shape
    for place in range(part * A * C // parts, (part + 1) * A * C // parts):
        total = zero
        for b in range(B):
            total += x[place // C, b, place % C]
        out[place // C, place % C] = total
