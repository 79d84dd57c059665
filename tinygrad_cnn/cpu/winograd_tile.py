"""The transformations of Winograd's convolution F(m x m, 3x3): square tiles of vectors between two constant matrices."""
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import INT, LANES, VECTOR, fma, load, pointer, save, splat

POINTS = {3: (3 / 8, -3 / 8, 5 / 4, -5 / 4), 4: (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)}  # for each m; and infinity


class Matrices(NamedTuple):
    """A (m+2, m), B (m+2, m+2) and G (m+2, 3) of winograd.py."""
    A: np.ndarray
    B: np.ndarray
    G: np.ndarray


def matrices(size: int) -> Matrices:
    points = np.array(POINTS[size])
    others = [np.delete(points, k) for k in range(size + 1)]
    scales = [[np.prod(p - rest)] for p, rest in zip(points, others)]
    return Matrices(np.vstack([np.vander(points, size, increasing=True), np.eye(size)[-1]]),
                    np.vstack([np.append(np.poly(rest)[::-1], 0) for rest in others] + [np.poly(points)[::-1]]).T,
                    np.vstack([np.vander(points, 3, increasing=True) / scales, [0, 0, 1]]))


MATRICES = {size: matrices(size) for size in POINTS}


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


def sandwich(by_size: dict[int, np.ndarray]) -> Any:
    """A function that multiplies square tiles of vectors by a matrix from the left and its transpose from the right."""

    @intrinsic(prefer_literal=True)
    def transform(typing, size, to, to_at, to_steps, source, source_at, source_steps, width, height, breadth, bias,
                  bias_at, least):
        """to[i, j, lane] = max(bias[lane] + sum_{p,q} M[i, p] * source[p, q, lane] * M[j, q], least), M = by_size[size]

        for lane < width, i < height, j < breadth. Steps lead from row to row of a tile, and from column to column. `bias`
        may be None.
        """
        matrix = by_size[size.literal_value]
        outputs, inputs = matrix.shape

        def codegen(context, builder, signature, args):
            def place(base, steps, i, j):
                down, right = cgutils.unpack_tuple(builder, steps)
                return builder.gep(base, [builder.add(builder.mul(down, INT(i)), builder.mul(right, INT(j)))])

            _, to_, to_at_, to_steps_, source_, source_at_, source_steps_, lanes, *limits, bias_, bias_at_, least_ = args
            base = pointer(context, builder, source, source_, source_at_)
            tile = [[load(builder, place(base, source_steps_, i, j), 1, lanes)[0] for i in range(inputs)]
                    for j in range(inputs)]
            columns = [multiply(builder, matrix, column) for column in tile]
            base, bound = pointer(context, builder, to, to_, to_at_), splat(builder, least_)
            more = None
            if not isinstance(bias, types.NoneType):
                (more,) = load(builder, pointer(context, builder, bias, bias_, bias_at_), 1, lanes)
            for i in range(outputs):
                for j, value in enumerate(multiply(builder, matrix, [column[i] for column in columns])):
                    value = value if more is None else builder.fadd(value, more)
                    value = builder.select(builder.fcmp_ordered("<", value, bound), bound, value)
                    inside = [builder.icmp_signed("<", INT(k), limit) for k, limit in zip((i, j), limits)]
                    save(builder, [value], place(base, to_steps_, i, j),
                         builder.select(builder.and_(*inside), lanes, INT(0)))
            return context.get_dummy_value()
        place, steps = types.intp, types.UniTuple(types.intp, 2)
        return types.void(size, to, place, steps, source, place, steps, place, place, place, bias, place,
                          types.float32), codegen
    return transform


input_transform = sandwich({size: m.B.T for size, m in MATRICES.items()})
weight_transform = sandwich({size: m.G for size, m in MATRICES.items()})
output_transform = sandwich({size: m.A.T for size, m in MATRICES.items()})
gradient_transform = sandwich({size: m.A for size, m in MATRICES.items()})
sum_transform = sandwich({size: m.G.T for size, m in MATRICES.items()})
