"""The greatest and the least element over axes, with its place or without. CPU twin: cpu/extreme.py."""

from ..arrays import strided
from .block import BLOCK, threads_for
from .driver import cuda, device, int64, kernel, launch
from .intrinsics import split
from .memory import empty

SHORT = 32           # elements that one thread may as well look through alone
PIECE = 1 << 13      # elements of a long row that are one block's work


def max(out, index, x):
    """out[a, c] = max over b, d of x[a, b, c, d]; index: b * D + d of the first one; the first NaN wins over all."""
    _extreme(out, index, x, False)


def min(out, index, x):
    """out[a, c] = min over b, d of x[a, b, c, d]; index: b * D + d of the first one; the first NaN wins over all."""
    _extreme(out, index, x, True)


def amax(out, x):
    """out[a, c] = max over b, d of x[a, b, c, d]; a NaN wins over all."""
    _in_pieces(out, x, False)


def amin(out, x):
    """out[a, c] = min over b, d of x[a, b, c, d]; a NaN wins over all."""
    _in_pieces(out, x, True)


def _in_pieces(out, x, least):
    """The extreme of each piece of a vector, then of those; what is no long vector goes in one step."""
    A, B, C, D = x.shape
    pieces = B // PIECE if A * C * D == 1 else 0
    if pieces < 2:
        _extreme(out, empty(out.shape, "int64"), x, least)
        return
    cut, rest = pieces * PIECE, int(B % PIECE > 0)
    partial = empty((1, pieces + rest, 1, 1), x.dtype)
    _extreme(_pair(partial[:, :pieces]), empty((pieces, 1), "int64"), _folded(x[:, :cut], pieces), least)
    if rest:
        _extreme(_pair(partial[:, pieces:]), empty((1, 1), "int64"), x[:, cut:], least)
    _in_pieces(out, partial, least)


def _pair(x):
    """(1, n, 1, 1) as (n, 1)."""
    return strided(x, (x.shape[1], 1), (x.strides[1], x.itemsize))


def _folded(x, pieces):
    """A vector (1, n, 1, 1) as (pieces, n / pieces, 1, 1)."""
    length, step = x.shape[1] // pieces, x.strides[1]
    return strided(x, (pieces, length, 1, 1), (length * step, step, 0, 0))


def _extreme(out, index, x, least):
    if x.shape[1] * x.shape[3] <= SHORT:
        launch(_plain, out.size, out, index, x, int(least))
    else:
        launch(_block, (out.size,), out, index, x, int(least), block=threads_for(x.shape[1] * x.shape[3]))


@kernel(strided=True)
def _plain(out, index, x, least):
    """One thread for each: the definition."""
    place = cuda.grid(1)
    if place < out.size:
        a, c = split(place, x.shape[2])
        best, at = x[a, 0, c, 0], int64(0)
        for b in range(x.shape[1]):
            for d in range(x.shape[3]):
                if _wins(x[a, b, c, d], b * x.shape[3] + d, best, at, least):
                    best, at = x[a, b, c, d], b * x.shape[3] + d
        out[a, c] = best
        index[a, c] = at


@kernel(strided=True, block=BLOCK)
def _block(out, index, x, least):
    """One block for each."""
    values = cuda.shared.array(BLOCK, x.dtype)
    places = cuda.shared.array(BLOCK, int64)
    me, D = cuda.threadIdx.x, x.shape[3]
    size = x.shape[1] * D
    a, c = split(cuda.blockIdx.x, x.shape[2])
    if me < size:
        b, d = split(me, D)
        best, at = x[a, b, c, d], int64(me)
        for place in range(me, size, cuda.blockDim.x):
            b, d = split(place, D)
            if _wins(x[a, b, c, d], place, best, at, least):
                best, at = x[a, b, c, d], place
        values[me] = best
        places[me] = at
    step = cuda.blockDim.x // 2
    while step:
        cuda.syncthreads()
        if me < step and me + step < size and _wins(values[me + step], places[me + step], values[me], places[me], least):
            values[me] = values[me + step]
            places[me] = places[me + step]
        step //= 2
    if me == 0:
        out[a, c] = values[0]
        index[a, c] = places[0]


@device
def _wins(value, place, best, at, least):
    """Whether a value is more extreme, or is NaN and the other is not; of equal ones the first in place wins."""
    if value == best or (value != value and best != best):
        return place < at
    return (value > best and not least) or (value < best and least) or value != value
