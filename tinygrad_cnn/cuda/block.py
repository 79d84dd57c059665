"""What the threads of a block find together, in shared memory: a number of each thread becomes the sum or the maximum.

And how they share the sums down the columns of a matrix: a block is LANES columns wide, so that a warp reads neighbors, and
takes ROWS rows, of which each thread adds every STEP-th.
"""

import operator

from .driver import cuda, device
from .intrinsics import split
from .memory import empty

BLOCK = 256                                # threads of a block, at the most
LANES, ROWS = 32, 512
STEP = BLOCK // LANES
WIDE = 64                                  # elements that are work for a block
BESIDE = 32                                # softmaxes side by side that a warp reads as neighbors
MANY = 1 << 12                             # softmaxes that keep a GPU busy with a thread for each


def threads_for(size):
    """As many threads as a row of `size` elements has use for: 32, 64, 128 or 256."""
    return min(max(32, 1 << max(size - 1, 0).bit_length()), BLOCK)


def in_rows(a, n, b):
    """Whether a block is to take each of a * b softmaxes over n elements, rather than a thread."""
    return n >= WIDE and (b < BESIDE or a * b < MANY)


def _together(combine):
    """The device function (value, lanes, width) -> `combine` of the values of all threads with the same remainder by
    `width`, a power of two. `lanes`: a shared array with an element for each thread. All threads must call it."""
    def together(value, lanes, width):
        me, half = cuda.threadIdx.x, cuda.blockDim.x // 2
        lanes[me] = value
        cuda.syncthreads()
        while half >= width:
            if me < half:
                lanes[me] = combine(lanes[me], lanes[me + half])
            cuda.syncthreads()
            half //= 2
        found = lanes[me % width]
        cuda.syncthreads()
        return found

    return device(together)


block_sum = _together(operator.add)
block_max = _together(max)                 # NaN aside


def empty_sums(rows, columns, dtype):
    """For two sums down each column what each ROWS rows give to them."""
    return empty((-(-rows // ROWS), 2, columns), dtype)


def blocks_for(sums):
    """A grid whose blocks fill `sums`, along its first axis alone, which is the long one: see `rows_of_block`."""
    return (sums.shape[0] * -(-sums.shape[2] // LANES),)


@device
def column_of(first):
    """(this thread's column, the first row it takes) of a block that starts at column `first`."""
    return first + cuda.threadIdx.x % LANES, cuda.threadIdx.x // LANES


@device
def rows_of_block(rows, columns):
    """(which ROWS rows the block takes, this thread's column, the first row it adds, the first behind the last)."""
    down, strip = split(cuda.blockIdx.x, (columns + LANES - 1) // LANES)
    c, row = column_of(strip * LANES)
    return down, c, down * ROWS + row, min((down + 1) * ROWS, rows) if c < columns else 0
