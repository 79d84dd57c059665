"""Weighted sums along one axis of x (a, n, b), by a table of which elements make each result. CPU twin: cpu/resample.py."""

from .driver import cuda, kernel, launch
from .indices import unravel3


def along(out, x, starts, places, weights):
    """out[i,p,j] = sum over k from starts[p] to starts[p+1] of weights[k] * x[i, places[k], j]."""
    launch(_along, out.size, out, x, starts, places, weights)


@kernel
def _along(out, x, starts, places, weights):
    me = cuda.grid(1)
    if me < out.size:
        i, p, j = unravel3(me, out.shape)
        total = out.dtype.type(0)
        for k in range(starts[p], starts[p + 1]):
            total += weights[k] * x[i, places[k], j]
        out[i, p, j] = total
