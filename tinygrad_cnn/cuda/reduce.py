"""Sums over axes. CPU twin: cpu/reduce.py.

The threads of a block add their shares, then a tree in shared memory adds their sums, half as many threads each step.
A long sum is cut into pieces by its shape alone, and their sums are summed in the same way: nothing is left to chance.
"""

from .. import arrays
from .block import BLOCK, block_sum, threads_for
from .copy import fill
from .driver import cuda, kernel, launch
from .intrinsics import split
from .memory import empty

COLUMNS = 32         # summed side by side by a block: the threads of a warp read neighbors
PIECE = 1 << 13      # elements of a row that are one block's work
DEPTH = 256          # rows that are one block's work
SHORT = 32           # elements that one thread may as well sum alone


def sum(out, x):
    """out[a, c] = sum over b, d of x[a, b, c, d]; x is strided."""
    A, B, C, D = x.shape
    if x.size == 0:
        fill(out, 0)
    elif B * D <= SHORT:
        launch(_plain, out.size, out, x)
    elif C * D == 1:
        _sum_rows(out, arrays.strided(x, (A, 1, 1, B), (x.strides[0], 0, 0, x.strides[1])))
    elif D == 1:
        _sum_columns(out, x)
    elif B == 1:
        _sum_rows(out, x)
    else:
        partial = empty((A, B, C, 1), out.dtype)
        _sum_rows(partial, x)
        _sum_columns(out, partial)


def rectified(out, sums, g, y):
    """out[i, c] = 0 where y[i, c] <= 0, else g[i, c];  sums[c] = sum over i of out[i, c]."""
    rows, C = g.shape
    if g.size == 0:
        fill(sums, 0)
        return
    pieces = -(-rows // DEPTH)
    partial = empty((1, pieces, C, 1), g.dtype)
    launch(_rectified, (pieces * -(-C // COLUMNS),), out, arrays.view(partial, (pieces, C)), g, y)
    sum(arrays.view(sums, (1, C)), partial)


def _sum_rows(out, x):
    """out[a, b, c] = sum over d of x[a, b, c, d]."""
    count, pieces = x.size // x.shape[3], -(-x.shape[3] // PIECE)
    partial = arrays.view(out, (count, 1)) if pieces == 1 else empty((count, pieces), out.dtype)
    launch(_rows, (partial.size,), partial, x, block=threads_for(x.shape[3]))
    if pieces > 1:
        _sum_rows(out, arrays.view(partial, (count, 1, 1, pieces)))


def _sum_columns(out, x):
    """out[a, c] = sum over b of x[a, b, c, 0]. Short rows that lie end to end are taken for fewer long ones."""
    A, B, C, _ = x.shape
    fold = 1
    if B > DEPTH and x.strides[1] == C * x.itemsize and x.strides[2] == x.itemsize:
        while B % (2 * fold) == 0 and 2 * fold * C <= COLUMNS:
            fold *= 2
    long = arrays.strided(x, (A, B // fold, fold * C), (x.strides[0], x.strides[1] * fold, x.strides[2]))
    pieces = -(-long.shape[1] // DEPTH)
    partial = arrays.view(out, (A, 1, C)) if pieces * fold == 1 else empty((A, pieces, fold * C), out.dtype)
    launch(_columns, (A * pieces * -(-long.shape[2] // COLUMNS),), partial, long)
    if pieces * fold > 1:
        _sum_columns(out, arrays.view(partial, (A, pieces * fold, C, 1)))


@kernel(strided=True)
def _plain(out, x):
    """One thread for each sum: the definition."""
    place = cuda.grid(1)
    if place < out.size:
        a, c = split(place, x.shape[2])
        total = out.dtype.type(0)
        for b in range(x.shape[1]):
            for d in range(x.shape[3]):
                total += x[a, b, c, d]
        out[a, c] = total


@kernel(strided=True, block=BLOCK)
def _rows(out, x):
    """out[row, piece] = sum of PIECE elements of the row: one block."""
    totals = cuda.shared.array(BLOCK, out.dtype)
    me = cuda.threadIdx.x
    row, piece = split(cuda.blockIdx.x, out.shape[1])
    rest, c = split(row, x.shape[2])
    a, b = split(rest, x.shape[1])
    total = out.dtype.type(0)
    for d in range(piece * PIECE + me, min((piece + 1) * PIECE, x.shape[3]), cuda.blockDim.x):
        total += x[a, b, c, d]
    total = block_sum(total, totals, 1)
    if me == 0:
        out[row, piece] = total


@kernel(strided=True, block=BLOCK)
def _columns(out, x):
    """out[a, piece, c] = sum of x[a, b, c] over DEPTH rows b, for COLUMNS columns c: one block."""
    totals = cuda.shared.array(BLOCK, out.dtype)
    _, B, C = x.shape
    row, column = split(cuda.threadIdx.x, COLUMNS)
    rest, strip = split(cuda.blockIdx.x, (C + COLUMNS - 1) // COLUMNS)
    a, piece = split(rest, out.shape[1])
    c = strip * COLUMNS + column
    total = out.dtype.type(0)
    if c < C:
        for b in range(piece * DEPTH + row, min((piece + 1) * DEPTH, B), BLOCK // COLUMNS):
            total += x[a, b, c]
    total = block_sum(total, totals, COLUMNS)
    if row == 0 and c < C:
        out[a, piece, c] = total


@kernel(block=BLOCK)
def _rectified(out, sums, g, y):
    """As the entry point, with sums[piece, c] over DEPTH rows, for COLUMNS columns c: one block."""
    totals = cuda.shared.array(BLOCK, out.dtype)
    B, C = g.shape
    row, column = split(cuda.threadIdx.x, COLUMNS)
    piece, strip = split(cuda.blockIdx.x, (C + COLUMNS - 1) // COLUMNS)
    c = strip * COLUMNS + column
    total = out.dtype.type(0)
    if c < C:
        for b in range(piece * DEPTH + row, min((piece + 1) * DEPTH, B), BLOCK // COLUMNS):
            v = out.dtype.type(0) if y[b, c] <= 0 else g[b, c]
            out[b, c] = v
            total += v
    total = block_sum(total, totals, COLUMNS)
    if row == 0 and c < C:
        sums[piece, c] = total
