"""First and second derivatives of every operation, in float64.

Where an operation is linear in an input its gradient is the adjoint: <A x, g> = <x, A' g>, to the bit on integers.
Elsewhere derivatives along a random direction are compared with differences of values, and second derivatives, which
differentiate the definition of a fused operation, with differences of gradients, which come from its kernels.
"""

import numpy as np
import pytest
from hypothesis import given

import tinygrad_cnn as tg

from . import runs
from .cases import cases
from .specs import ROWS

STEP = 1e-5
differentiable = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def inner(a, b):
    return sum(float((x * y).sum()) for x, y in zip(a, b))


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.linear], ids=lambda row: row.name)
def test_adjoint(row):
    @given(cases(row))
    def identity(case):
        values = case.fill(whole=row.exact)
        found = dict(zip(case.differentiable(), runs.gradients(row, case, values, whole=row.exact)))
        for k in set(row.linear) & set(found):
            without = [np.zeros_like(v) if k == i else v for i, v in enumerate(values)]
            outs, base = (runs.call(row, case, runs.tensors(v)) for v in (values, without))
            g = runs.weights(outs, whole=row.exact)
            left = inner([a - b for a, b in zip(runs.arrays(outs), runs.arrays(base))], g)
            right = inner([values[k]], [found[k]])
            assert left == (right if row.exact else pytest.approx(right, rel=1e-10, abs=1e-10)), (
                f"<A x, g> is {left} and <x, A' g> is {right} for input {k} of {case}"
            )

    identity()


def along(values, case, step, direction):
    moved = list(values)
    for k, v in zip(case.differentiable(), direction):
        moved[k] = np.asarray(values[k] + step * v)
    return moved


@pytest.mark.parametrize("row", [row for row in ROWS.values() if not row.linear], ids=lambda row: row.name)
def test_first_derivative(row):
    @given(cases(row))
    def slope(case):
        values = case.fill()
        _, outs = runs.record(row, case, values)
        if not outs:
            return  # such as comparisons: nothing to differentiate
        g, direction = runs.weights(outs), runs.weights([values[k] for k in case.differentiable()], seed=8)
        ahead, behind = (
            inner(runs.arrays(runs.record(row, case, along(values, case, step, direction))[1]), g)
            for step in (STEP, -STEP)
        )
        found, wanted = inner(runs.gradients(row, case, values), direction), (ahead - behind) / (2 * STEP)
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6), (
            f"derivative {found}, difference {wanted}, for {case}"
        )

    slope()


def pulled_back(row, case, values, g, create_graph):
    """(leaves and weights of the results, gradients of the leaves)."""
    wanted, outs = runs.record(row, case, values)
    weights = [tg.from_numpy(w).requires_grad_() for w in g]
    found = tg.grad(outs, wanted, weights, create_graph=create_graph, allow_unused=True)
    return [*wanted, *weights], [x * 0.0 if d is None else d for d, x in zip(found, wanted)]


@differentiable
def test_second_derivative(row):
    @given(cases(row))
    def curvature(case):
        values = case.fill()
        _, outs = runs.record(row, case, values)
        if not outs:
            return
        g = runs.weights(outs)
        points, first = pulled_back(row, case, values, g, create_graph=True)
        plain = runs.arrays(pulled_back(row, case, values, g, create_graph=False)[1])
        runs.assert_close(runs.arrays(first), plain, 100 * runs.longest(values), case)
        u, v = runs.weights(first, seed=9), runs.weights(points, seed=10)
        count = len(first)
        ahead, behind = (
            inner(
                runs.arrays(
                    pulled_back(
                        row,
                        case,
                        along(values, case, step, v[:count]),
                        [np.asarray(w + step * d) for w, d in zip(g, v[count:])],
                        False,
                    )[1]
                ),
                u,
            )
            for step in (STEP, -STEP)
        )
        recorded = [(d, w) for d, w in zip(first, runs.tensors(u)) if d.requires_grad]
        second = tg.grad([d for d, _ in recorded], points, [w for _, w in recorded], allow_unused=True)
        found = inner(*zip(*[(d.numpy(), w) for d, w in zip(second, v) if d is not None]))
        wanted = (ahead - behind) / (2 * STEP)
        assert found == pytest.approx(wanted, rel=1e-5, abs=1e-5), (
            f"derivative {found}, difference {wanted}, for {case}"
        )

    curvature()
