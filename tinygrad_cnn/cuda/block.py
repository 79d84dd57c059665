"""What the threads of a block find together, in shared memory: a number of each thread becomes the sum or the maximum."""

import operator

from .driver import cuda, device

BLOCK = 256                                # threads of a block, at the most
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
