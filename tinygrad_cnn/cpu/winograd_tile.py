"""The transformations of Winograd's convolution F(4x4, 3x3): square tiles of vectors between two constant matrices."""
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import INT, LANES, VECTOR, fma, load, pointer, save, splat

POINTS = np.array([0, 5 / 8, -5 / 8, 3 / 2, -3 / 2])  # and infinity
OTHERS = [np.delete(POINTS, k) for k in range(5)]
A = np.vstack([np.vander(POINTS, 4, increasing=True), [0, 0, 0, 1]])
G = np.vstack([np.vander(POINTS, 3, increasing=True) / [[np.prod(p - o)] for p, o in zip(POINTS, OTHERS)], [0, 0, 1]])
B = np.vstack([np.append(np.poly(roots)[::-1], 0) for roots in OTHERS] + [np.poly(POINTS)[::-1]]).T


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


def paired(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether a and b are equal in some places and opposite in all others, as the lines of two opposite points are."""
    return bool((abs(a) == abs(b)).all() and (a + b).any() and (a - b).any())


def multiply(builder: Any, matrix: np.ndarray, values: list) -> list:
    """`matrix` times a column of vectors; what the lines of opposite points have in common is computed once."""
    values, columns, found = list(values), list(matrix.T), []
    for j in range(len(columns) - 1):
        a, b = columns[j:j + 2]
        if paired(a, b):
            values[j:j + 2] = builder.fadd(*values[j:j + 2]), builder.fsub(*values[j:j + 2])
            columns[j:j + 2] = (a + b) / 2, (a - b) / 2
    rows = list(np.array(columns).T)
    while rows:
        a, b = (rows[:2] * 2)[:2]
        if paired(a, b):
            even, odd = combine(builder, (a + b) / 2, values), combine(builder, (a - b) / 2, values)
            found += [builder.fadd(even, odd), builder.fsub(even, odd)]
        else:
            found.append(combine(builder, a, values))
        rows = rows[2 if paired(a, b) else 1:]
    return found


def sandwich(matrix: np.ndarray) -> Any:
    """A function that multiplies square tiles of vectors by `matrix` from the left and its transpose from the right."""
    outputs, inputs = matrix.shape

    @intrinsic
    def transform(typing, to, to_at, to_steps, source, source_at, source_steps, width, height, breadth, bias,
                  bias_at, least):
        """to[i, j, lane] = max(bias[lane] + sum_{p,q} matrix[i, p] * source[p, q, lane] * matrix[j, q], least)

        for lane < width, i < height, j < breadth. Steps lead from row to row of a tile, and from column to column. `bias`
        may be None.
        """
        def codegen(context, builder, signature, args):
            def place(base, steps, i, j):
                down, right = cgutils.unpack_tuple(builder, steps)
                return builder.gep(base, [builder.add(builder.mul(down, INT(i)), builder.mul(right, INT(j)))])

            base, lanes = pointer(context, builder, source, args[3], args[4]), args[6]
            tile = [[load(builder, place(base, args[5], i, j), 1, lanes)[0] for i in range(inputs)]
                    for j in range(inputs)]
            columns = [multiply(builder, matrix, column) for column in tile]
            base, bound = pointer(context, builder, to, args[0], args[1]), splat(builder, args[11])
            more = None
            if not isinstance(bias, types.NoneType):
                (more,) = load(builder, pointer(context, builder, bias, args[9], args[10]), 1, lanes)
            for i in range(outputs):
                for j, value in enumerate(multiply(builder, matrix, [column[i] for column in columns])):
                    value = value if more is None else builder.fadd(value, more)
                    value = builder.select(builder.fcmp_ordered("<", value, bound), bound, value)
                    inside = [builder.icmp_signed("<", INT(k), limit) for k, limit in ((i, args[7]), (j, args[8]))]
                    save(builder, [value], place(base, args[2], i, j),
                         builder.select(builder.and_(*inside), lanes, INT(0)))
            return context.get_dummy_value()
        place, steps = types.intp, types.UniTuple(types.intp, 2)
        return types.void(to, place, steps, source, place, steps, place, place, place, bias, place, types.float32), codegen
    return transform


input_transform, weight_transform, output_transform = sandwich(B.T), sandwich(G), sandwich(A.T)
gradient_transform, sum_transform = sandwich(A), sandwich(G.T)
