"""Every operation and its gradient on the CPU and in CUDA: equal to the bit on integers, else within rounding."""

import itertools

import pytest
from hypothesis import given

from . import runs
from .cases import cases
from .specs import ROWS


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("whole", [True, False], ids=["integers", "reals"])
def test_twins(row, whole):
    dtypes = itertools.cycle(row.dtypes if whole else ("float32",))

    @given(cases(row))
    def equal(case):
        def same(run, values):
            cuda, cpu = (run(values, device) for device in ("cuda", "cpu"))
            runs.assert_close(cuda, cpu, runs.longest(values), case, exact=whole and row.exact)

        def results(values, device):
            return runs.arrays(runs.call(row, case, runs.tensors(values, device)))

        same(results, case.fill(dtype=next(dtypes), whole=whole))
        if case.differentiable():
            values = case.fill(dtype="float32", whole=whole)
            same(lambda values, device: runs.gradients(row, case, values, device, whole), values)

    equal()
