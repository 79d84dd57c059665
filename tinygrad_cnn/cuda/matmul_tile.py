"""Fast product of matrices on CUDA: float32, any sizes; each operand may be transposed.

Every thread reads four neighbors in memory of each operand per step. Where these neighbors follow the sum (the operand
lies "along" it), they go to four rows of shared memory, else to one. If the result has too few tiles to keep the GPU
busy, the sum is split, by the shapes alone, and the parts are added by a second kernel.
"""

import math

from ..arrays import Array
from .driver import GRID, cuda, device, float32, kernel, launch
from .indices import unravel3
from .intrinsics import split, store4
from .memory import empty
from .tile import (
    BLOCKS,
    DEPTH,
    LEFT,
    ROWS,
    THREADS,
    WIDTHS,
    ceil,
    four,
    four_results,
    positive,
    put_four,
    steps_of,
    width_for,
)

WORK = 1 << 18                             # multiplications; the plain kernel is done with fewer in no time
LONGEST = 512                              # terms of a sum that is not worth splitting


def fits(out, a, b):
    """Whether the tile kernels serve this product: float32, enough work, one axis of each operand has stride 1, and the
    tiles across and the products fit the second and the third axis of a grid."""
    return (out.dtype.char == "f" and out.offset % 16 == 0 and out.size * a.shape[2] >= WORK
            and all(4 in x.strides[1:] for x in (a, b))
            and out.shape[2] <= GRID[1] * WIDTHS[-1].columns and out.shape[0] <= GRID[2])


def matmul(out, a, b, bias, relu):
    """As matmul.matmul, for float32."""
    count, m, n = out.shape
    depth = a.shape[2]
    width = width_for(count * m, n)
    tiles = ceil(m, ROWS), ceil(n, width.columns)
    parts = max(1, min(BLOCKS // (math.prod(tiles) * count), depth // LONGEST))
    length = ceil(depth, parts * DEPTH) * DEPTH
    target = out if parts == 1 else empty((parts * count, m, n), "float32")
    whole = parts == 1
    launch(PRODUCT[width], (*tiles, parts * count), target, *_operand(a, 2), *_operand(b, 1), bias if whole else None,
           relu and whole, count, depth, length)
    if not whole:
        launch(_sum_parts, out.size, out, target, bias, relu)


def _operand(x, axis):
    """What the kernel takes of a matrix: its memory, its steps, whether it lies along the sum (its given axis), and
    whether all runs of four begin at multiples of 16 bytes."""
    steps = tuple(s // 4 for s in x.strides)
    along = steps[axis] == 1
    aligned = x.offset % 16 == 0 and all(s % 4 == 0 for k, s in enumerate(steps) if k != (axis if along else 3 - axis))
    span = 1 + sum((size - 1) * step for size, step in zip(x.shape, steps, strict=True))
    return Array(x.memory, (span,), x.dtype, None, x.offset), steps, along, aligned


@kernel
def _sum_parts(out, partial, bias, relu):
    """out[s, i, j] = bias[j] + sum over parts of partial[(part, s), i, j]"""
    me = cuda.grid(1)
    if me < out.size:
        s, i, j = unravel3(me, out.shape)
        total = float32(0)
        if bias is not None:
            total = bias[j]
        for part in range(partial.shape[0] // out.shape[0]):
            total += partial[part * out.shape[0] + s, i, j]
        out[s, i, j] = positive(total) if relu else total


@device
def _put(shared, place, gap, along, a, b, c, d):
    """Four values that follow the sum go one below the other, `gap` apart; others side by side."""
    if along:
        shared[place], shared[place + gap], shared[place + 2 * gap], shared[place + 3 * gap] = a, b, c, d
    else:
        store4(shared, place, a, b, c, d)


def _product(width):
    """The kernel of one width."""
    columns, down, across = width
    right_size, readers = width.right, width.readers
    start, multiply, row_of, column_of = steps_of(width)

    def product(out, a, a_steps, a_along, a_aligned, b, b_steps, b_along, b_aligned, bias, relu, count, depth, length):
        left = cuda.shared.array(LEFT, float32, alignment=16)
        right = cuda.shared.array(right_size, float32, alignment=16)
        total = cuda.local.array((down, across), float32)
        me, first_row, first_column = cuda.threadIdx.x, cuda.blockIdx.x * ROWS, cuda.blockIdx.y * columns
        start(total, bias, first_column)
        part, item = split(cuda.blockIdx.z, count)
        begin, end = part * length, min((part + 1) * length, depth)
        # This thread's four neighbors in a tile of each operand: (row, k) of a, (column, k) of b; and how many exist.
        row, a_k = (me // 2, me % 2 * 4) if a_along else (me % (ROWS // 4) * 4, me // (ROWS // 4))
        column, b_k = (me // 2, me % 2 * 4) if b_along else (me % (columns // 4) * 4, me // (columns // 4))
        rows_left = out.shape[1] - first_row - row
        columns_left = out.shape[2] - first_column - column if me < readers else 0
        a_place = item * a_steps[0] + (first_row + row) * a_steps[1]
        b_place = item * b_steps[0] + (first_column + column) * b_steps[2]
        for first in range(begin, end + DEPTH, DEPTH):
            k = first + a_k
            exist = 0 if rows_left <= 0 or k >= end else end - k if a_along else rows_left
            a0, a1, a2, a3 = four(a, a_place + k * a_steps[2], exist, a_aligned)
            k = first + b_k
            exist = 0 if columns_left <= 0 or k >= end else end - k if b_along else columns_left
            b0, b1, b2, b3 = four(b, b_place + k * b_steps[1], exist, b_aligned)
            half = (first - begin) // DEPTH % 2
            if first > begin:
                multiply(total, left, right, 1 - half)
            _put(left, (half * DEPTH + a_k) * ROWS + row, ROWS, a_along, a0, a1, a2, a3)
            if me < readers:
                _put(right, (half * DEPTH + b_k) * columns + column, columns, b_along, b0, b1, b2, b3)
            cuda.syncthreads()
        n = out.shape[2]
        for i in range(down):
            row = first_row + row_of(i)
            if row < out.shape[1]:
                for j in range(0, across, 4):
                    column = first_column + column_of(j)
                    y0, y1, y2, y3 = four_results(total, i, j, relu)
                    place = (cuda.blockIdx.z * out.shape[1] + row) * n + column
                    put_four(out, place, n - column, n % 4 == 0, y0, y1, y2, y3)

    return kernel(product, name=f"product{columns}", block=THREADS, blocks=2)


PRODUCT = {width: _product(width) for width in WIDTHS}
