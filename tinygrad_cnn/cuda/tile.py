"""The product of two tiles: what the fast kernels of matmul, convolution and its gradients have in common.

A block of THREADS threads computes ROWS x columns results. It walks along the sum by DEPTH terms at a time: while the
present slices of both operands, in shared memory, are multiplied, the next are read into registers; shared memory holds
two slices of each, so one barrier per step is enough. Each thread keeps its `down` x `across` results in registers, as
groups of 4 x 4, so that it reads shared memory by 16 bytes and its neighbors read the neighboring groups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .driver import cuda, device, float32
from .intrinsics import load, load4, store, store4

THREADS = 256                              # of a block
ROWS = 128                                 # of the block's tile
DEPTH = 8                                  # terms of the sum per step
BLOCKS = 128                               # that keep a large GPU busy; a grid of fewer gets narrower tiles or is split
LEFT = 2 * DEPTH * ROWS                    # numbers in shared memory: two slices of the left operand


class Width(NamedTuple):
    """A width of the block's tile, and which part of the tile a thread computes: down x across results."""
    columns: int
    down: int
    across: int

    @property
    def right(self) -> int:
        """Numbers in shared memory: two slices of the right operand."""
        return 2 * DEPTH * self.columns

    @property
    def readers(self) -> int:
        """How many threads, at four numbers each, read a slice of the right operand."""
        return DEPTH * self.columns // 4


WIDTHS = (Width(128, 8, 8), Width(64, 8, 4), Width(32, 4, 4))


def ceil(a: int, b: int) -> int:
    """How many times b covers a."""
    return -(-a // b)


def width_for(rows: int, columns: int) -> Width:
    """Of the tiles that make enough blocks the one that leaves the fewest columns unused, and of those the widest.

    The narrowest if none makes enough.
    """
    enough = [w for w in WIDTHS if ceil(columns, w.columns) * ceil(rows, ROWS) >= BLOCKS]
    return min(enough or WIDTHS[-1:], key=lambda w: ceil(columns, w.columns) * w.columns)


@device
def four(x, place, count, aligned):
    """Four neighbors of flat element `place` on; zeros from the `count`-th on. Aligned: place is a multiple of four."""
    zero = float32(0)
    if count >= 4 and aligned:
        return load4(x, place)
    return (load(x, place) if count > 0 else zero, load(x, place + 1) if count > 1 else zero,
            load(x, place + 2) if count > 2 else zero, load(x, place + 3) if count > 3 else zero)


@device
def put_four(out, place, count, aligned, a, b, c, d):
    """Write the first `count` of four values to the flat elements from `place` on."""
    if count >= 4 and aligned:
        store4(out, place, a, b, c, d)
    else:
        if count > 0:
            store(out, place, a)
        if count > 1:
            store(out, place + 1, b)
        if count > 2:
            store(out, place + 2, c)
        if count > 3:
            store(out, place + 3, d)


@device
def positive(x):
    """max(x, 0), but NaN stays NaN."""
    return float32(0) if x < float32(0) else x


class Steps(NamedTuple):
    """What a thread does with its part of a tile: device functions, described where `steps_of` defines them."""
    start: Callable
    multiply: Callable
    row_of: Callable
    column_of: Callable


def steps_of(width: Width) -> Steps:
    """The device functions of this width."""
    columns, down, across = width
    row_gap, column_gap = ROWS * 4 // down, columns * 4 // across
    beside = columns // across             # threads in a row

    @device
    def row_of(i):
        """The tile's row that holds this thread's i-th row of results."""
        return cuda.threadIdx.x // beside * 4 + i // 4 * row_gap + i % 4

    @device
    def column_of(j):
        """The tile's column that holds this thread's j-th column of results."""
        return cuda.threadIdx.x % beside * 4 + j // 4 * column_gap + j % 4

    @device
    def start(total, bias, first_column):
        """total[i, j] = the bias of j's column, if there is one."""
        for j in range(across):
            value = float32(0)
            if bias is not None:
                o = first_column + column_of(j)
                value = bias[o] if o < bias.shape[0] else float32(0)
            for i in range(down):
                total[i, j] = value

    @device
    def multiply(total, left, right, half):
        """total[i, j] += sum over k of left[k, i's row] * right[k, j's column], of one half of shared memory."""
        a = cuda.local.array(down, float32)
        b = cuda.local.array(across, float32)
        row = half * (DEPTH * ROWS) + cuda.threadIdx.x // beside * 4
        column = half * (DEPTH * columns) + cuda.threadIdx.x % beside * 4
        for k in range(DEPTH):
            for i in range(0, down, 4):
                a[i], a[i + 1], a[i + 2], a[i + 3] = load4(left, row + k * ROWS + i // 4 * row_gap)
            for j in range(0, across, 4):
                b[j], b[j + 1], b[j + 2], b[j + 3] = load4(right, column + k * columns + j // 4 * column_gap)
            for i in range(down):
                for j in range(across):
                    total[i, j] += a[i] * b[j]

    return Steps(start, multiply, row_of, column_of)


@device
def four_results(total, i, j, relu):
    """Four neighbors of a thread's results, max(., 0) of them if `relu`."""
    a, b, c, d = total[i, j], total[i, j + 1], total[i, j + 2], total[i, j + 3]
    if relu:
        a, b, c, d = positive(a), positive(b), positive(c), positive(d)
    return a, b, c, d
