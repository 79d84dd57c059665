"""Every operation and its gradient on the CPU and in CUDA: equal to the bit on integers, else within rounding."""

import pytest
from hypothesis import given

from . import runs
from .cases import cases
from .specs import ROWS


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("whole", [True, False], ids=["integers", "reals"])
def test_twins(row, whole):
    @given(cases(row))
    def equal(case):
        for dtype in row.dtypes if whole else ("float32",):
            values = case.fill(dtype=dtype, whole=whole)
            runs.assert_close(
                *(runs.arrays(runs.call(row, case, runs.tensors(values, device))) for device in ("cuda", "cpu")),
                runs.longest(values),
                case,
                exact=whole and row.exact,
            )
        if case.differentiable():
            values = case.fill(dtype="float32", whole=whole)
            runs.assert_close(
                *(runs.gradients(row, case, values, device, whole) for device in ("cuda", "cpu")),
                runs.longest(values),
                case,
                exact=whole and row.exact,
            )

    equal()
