"""Running sums along an axis. CUDA twin: cuda/scan.py."""

from .jit import jit
from .launch import launch, parts_for
from .reduce import _wide


def cumsum(out, x, reverse):
    """out[a, n, c] = sum of x[a, i, c] over i <= n, or over i >= n if `reverse`."""
    launch(_cumsum, parts_for(x.size), out, x, reverse, _wide(x.dtype)(0))


@jit
def _cumsum(part, parts, out, x, reverse, zero):
    A, N, C = x.shape
    for place in range(part * A * C // parts, (part + 1) * A * C // parts):
        total = zero
        for i in range(N):
            n = N - 1 - i if reverse else i
            total += x[place // C, n, place % C]
            out[place // C, n, place % C] = total
