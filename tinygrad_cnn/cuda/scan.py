"""Running sums along an axis. CPU twin: cpu/scan.py."""

from .driver import cuda, kernel, launch
from .intrinsics import split


def cumsum(out, x, reverse):
    """out[a, n, c] = sum of x[a, i, c] over i <= n, or over i >= n if `reverse`."""
    launch(_cumsum, x.shape[0] * x.shape[2], out, x, int(reverse))


@kernel
def _cumsum(out, x, reverse):
    """One thread for each row."""
    place = cuda.grid(1)
    if place < x.shape[0] * x.shape[2]:
        a, c = split(place, x.shape[2])
        total = out.dtype.type(0)
        for i in range(x.shape[1]):
            n = x.shape[1] - 1 - i if reverse else i
            total += x[a, n, c]
            out[a, n, c] = total
