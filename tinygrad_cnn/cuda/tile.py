"""The product of two tiles: what the fast kernels of matmul, convolution and its gradients have in common.

A block of THREADS threads computes ROWS x columns results. It walks along the sum in steps of DEPTH: the next slices of
both operands are read into registers while the present ones, in shared memory, are multiplied. Each thread keeps its own
`down` x `across` results in registers, as groups of 4 x 4: so it reads shared memory by 16 bytes, and neighbors read
neighboring groups.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .driver import cuda, device, float32, kernel
from .intrinsics import load4, store4

THREADS = 256
ROWS = 128                                 # of the block's tile
DEPTH = 8                                  # terms of the sum between two barriers
LEFT = 2 * DEPTH * ROWS                    # elements of the left operand in shared memory, twice: one is read, one written


class Width(NamedTuple):
    """A width of the block's tile, and how it is dealt out to the threads: `down` x `across` results each."""
    columns: int
    down: int
    across: int


WIDE, MEDIUM, NARROW = Width(128, 8, 8), Width(64, 8, 4), Width(32, 4, 4)
WIDTHS = (WIDE, MEDIUM, NARROW)


def width_for(columns: int) -> Width:
    """The widest tile of which the columns leave little unused."""
    return min(WIDTHS, key=lambda w: (-(-columns // w.columns) * w.columns, -w.columns))


def multiplier(width: Width):
    """multiply(total, left, right, from_left, from_right): add one step's product to a thread's results."""
    columns, down, across = width
    row_groups, column_groups = down // 4, across // 4
    row_gap, column_gap = ROWS // row_groups, columns // column_groups

    def multiply(total, a, b, left, right, row, column):
        for k in range(DEPTH):
            for i in range(row_groups):
                a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3] = load4(left, row + k * ROWS + i * row_gap)
            for j in range(column_groups):
                b[4 * j], b[4 * j + 1], b[4 * j + 2], b[4 * j + 3] = load4(right, column + k * columns + j * column_gap)
            for i in range(down):
                for j in range(across):
                    total[i, j] += a[i] * b[j]
    return device(multiply)
