"""The transformations of Winograd's convolution F(4x4, 3x3): square tiles of vectors between two constant matrices."""
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import INT, LANES, VECTOR, fma, load, pointer, save, splat

B = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
              [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]).T
G = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
              [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]])
A = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]).T


def combine(builder: Any, coefficients: np.ndarray, values: list) -> Any:
    """The sum of coefficients times vectors."""
    total = None
    for coefficient, value in sorted(zip(coefficients, values), key=lambda pair: pair[0] != 1):
        if coefficient == 1:
            total = value if total is None else builder.fadd(total, value)
        elif coefficient:
            factor = ir.Constant(VECTOR, [float(coefficient)] * LANES)
            total = builder.fmul(value, factor) if total is None else fma(builder, value, factor, total)
    return total


def sandwich(matrix: np.ndarray) -> Any:
    """A function that multiplies square tiles of vectors by `matrix` from the left and its transpose from the right."""
    outputs, inputs = matrix.shape

    @intrinsic
    def transform(typing, to, to_at, to_steps, source, source_at, source_steps, width, height, breadth, least):
        """to[i, j, lane] = max(sum_{p,q} matrix[i, p] * source[p, q, lane] * matrix[j, q], least)

        for lane < width, i < height, j < breadth. Steps lead from row to row of a tile, and from column to column.
        """
        def codegen(context, builder, signature, args):
            def place(base, steps, i, j):
                down, right = cgutils.unpack_tuple(builder, steps)
                return builder.gep(base, [builder.add(builder.mul(down, INT(i)), builder.mul(right, INT(j)))])

            base, lanes = pointer(context, builder, source, args[3], args[4]), args[6]
            tile = [[load(builder, place(base, args[5], i, j), 1, lanes)[0] for i in range(inputs)]
                    for j in range(inputs)]
            columns = [[combine(builder, row, column) for row in matrix] for column in tile]
            base, bound = pointer(context, builder, to, args[0], args[1]), splat(builder, args[9])
            for i in range(outputs):
                for j in range(outputs):
                    value = combine(builder, matrix[j], [column[i] for column in columns])
                    value = builder.select(builder.fcmp_ordered("<", value, bound), bound, value)
                    inside = [builder.icmp_signed("<", INT(k), limit) for k, limit in ((i, args[7]), (j, args[8]))]
                    save(builder, [value], place(base, args[2], i, j),
                         builder.select(builder.and_(*inside), lanes, INT(0)))
            return context.get_dummy_value()
        place, steps = types.intp, types.UniTuple(types.intp, 2)
        return types.void(to, place, steps, source, place, steps, place, place, place, types.float32), codegen
    return transform


input_transform, weight_transform, output_transform = sandwich(B.T), sandwich(G), sandwich(A.T)
gradient_transform, sum_transform = sandwich(A), sandwich(G.T)
