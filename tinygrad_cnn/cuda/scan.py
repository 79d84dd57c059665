"""Running sums along an axis. CPU twin: cpu/scan.py.

A long row is cut into pieces, a thread for each: the running sum of the pieces' sums, found in the same way, is what each
piece begins with. How a row is cut depends on its length alone.
"""

from .driver import cuda, kernel, launch
from .indices import unravel3
from .memory import empty

PIECE = 32       # elements of a row that are one thread's work; float32 side by side, the 128 bytes of a cache line


def cumsum(out, x, reverse):
    """out[a, n, c] = sum of x[a, i, c] over i <= n, or over i >= n if `reverse`."""
    A, n, C = x.shape
    pieces = -(-n // PIECE)
    before = None
    if pieces > 1:
        totals, before = (empty((A, pieces, C), x.dtype) for _ in range(2))
        launch(_totals, totals.size, totals, x)
        cumsum(before, totals, reverse)
    launch(_cumsum, A * pieces * C, out, x, before, pieces, int(reverse))


@kernel
def _totals(totals, x):
    """totals[a, piece, c] = the sum of a piece."""
    a, piece, c = unravel3(cuda.grid(1), totals.shape)
    if a < totals.shape[0]:
        total = x.dtype.type(0)
        for n in range(piece * PIECE, min((piece + 1) * PIECE, x.shape[1])):
            total += x[a, n, c]
        totals[a, piece, c] = total


@kernel
def _cumsum(out, x, before, pieces, reverse):
    """One thread for each piece; before[a, piece, c] is the running sum of the pieces up to its own."""
    a, piece, c = unravel3(cuda.grid(1), (x.shape[0], pieces, x.shape[2]))
    if a < x.shape[0]:
        begin, end = piece * PIECE, min((piece + 1) * PIECE, x.shape[1])
        other = piece + 1 if reverse else piece - 1
        total = x.dtype.type(0)
        if before is not None and 0 <= other < pieces:
            total = before[a, other, c]
        for k in range(end - begin):
            n = end - 1 - k if reverse else begin + k
            total += x[a, n, c]
            out[a, n, c] = total
