"""What goes to one place, found by sorting: sums and last writers without a race. CPU twin: cpu/segments.py.

Elements are ordered by their place, those of one place as they came. The elements of place j are order[starts[j]] to
order[starts[j + 1] - 1], and one owner goes through them in that order.
"""

from .. import arrays
from . import sort as sorting
from .block import BLOCK, block_sum
from .driver import cuda, kernel, launch
from .indices import unravel3
from .memory import empty

KINDS = {"prod": 0, "amax": 1, "amin": 2}
PART = 256     # elements of a segment added up before they join the total
LONG = 64      # elements of a segment, on the average, that are work for a block
MANY = 1 << 14 # sums that keep a GPU busy with a thread for each


def sort(order, starts, index):
    """order[starts[j]:starts[j + 1]] = the places m with index[m] == j, in rising order."""
    rising = empty(index.shape, index.dtype)
    row = (1, index.size)
    sorting.sort(arrays.view(rising, row), arrays.view(order, row), arrays.view(index, row), False)
    launch(_starts, starts.size, starts, rising)


def add(out, x, order, starts):
    """out[a, j, c] = sum over m in segment j of x[a, m, c]"""
    if order.size >= LONG * out.shape[1] and out.size < MANY:
        launch(_add_together, (out.size,), out, x, order, starts)
    else:
        launch(_add, out.size, out, x, order, starts)


def write(out, x, order, starts):
    """out[a, j, c] = x[a, m, c] with m the last of segment j; where the segment is empty, out stays."""
    launch(_write, out.size, out, x, order, starts)


def combine(out, x, order, starts, kind):
    """out[a, j, c] and all x[a, m, c] with m in segment j become their product ("prod"), or the greatest ("amax") or least
    ("amin") of them, a NaN if there is one."""
    launch(_combine, out.size, out, x, order, starts, KINDS[kind])


@kernel
def _starts(starts, rising):
    """How many of the rising numbers are less than j, by bisection."""
    j = cuda.grid(1)
    if j < starts.size:
        low, high = 0, rising.size
        while low < high:
            middle = (low + high) // 2
            if rising[middle] < j:
                low = middle + 1
            else:
                high = middle
        starts[j] = low


@kernel
def _add(out, x, order, starts):
    a, j, c = unravel3(cuda.grid(1), out.shape)
    if a < out.shape[0]:
        total = out.dtype.type(0)
        for begin in range(starts[j], starts[j + 1], PART):
            block = out.dtype.type(0)
            for k in range(begin, min(begin + PART, starts[j + 1])):
                block += x[a, order[k], c]
            total += block
        out[a, j, c] = total


@kernel
def _add_together(out, x, order, starts):
    """A block for each sum."""
    lanes = cuda.shared.array(BLOCK, out.dtype)
    a, j, c = unravel3(cuda.blockIdx.x, out.shape)
    total = out.dtype.type(0)
    for k in range(starts[j] + cuda.threadIdx.x, starts[j + 1], cuda.blockDim.x):
        total += x[a, order[k], c]
    total = block_sum(total, lanes, 1)
    if cuda.threadIdx.x == 0:
        out[a, j, c] = total


@kernel
def _write(out, x, order, starts):
    a, j, c = unravel3(cuda.grid(1), out.shape)
    if a < out.shape[0] and starts[j] < starts[j + 1]:
        out[a, j, c] = x[a, order[starts[j + 1] - 1], c]


@kernel
def _combine(out, x, order, starts, kind):
    a, j, c = unravel3(cuda.grid(1), out.shape)
    if a < out.shape[0]:
        total = out[a, j, c]
        for k in range(starts[j], starts[j + 1]):
            new = x[a, order[k], c]
            if kind == 0:
                total = out.dtype.type(total * new)
            elif new != new or (new > total if kind == 1 else new < total):
                total = new
        out[a, j, c] = total
