"""Elements picked by their places along an axis, a thread for each. CPU twin: cpu/gather.py."""

from .driver import cuda, int64, kernel, launch
from .indices import unravel3


def rows(out, x, index):
    """out[a, m, c] = x[a, index[m], c]"""
    launch(_rows, out.size, out, x, index)


def places(out, index, extent):
    """out[a, m, c] = (a * extent + index[a, m, c]) * C + c: the flat place of [a, index[a, m, c], c]."""
    launch(_places, out.size, out, index, extent)


@kernel
def _rows(out, x, index):
    a, m, c = unravel3(cuda.grid(1), out.shape)
    if a < out.shape[0]:
        out[a, m, c] = x[a, index[m], c]


@kernel
def _places(out, index, extent):
    a, m, c = unravel3(cuda.grid(1), out.shape)
    if a < out.shape[0]:
        out[a, m, c] = (int64(a) * extent + index[a, m, c]) * out.shape[2] + c
