"""Every operation against its NumPy reference: values, dtypes, empty batches."""

import warnings

import pytest
from hypothesis import given

from . import runs
from .cases import FLOATS, cases, seeded
from .specs import ROWS

rows = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


@rows
def test_values(row):
    @given(cases(row))
    def equal(case):
        for dtype in ("float32", "float64"):
            values = case.fill(dtype=dtype)
            wanted = runs.expected(row, case, values)
            found = runs.arrays(runs.call(row, case, runs.tensors(values)))
            runs.assert_close(found, wanted, runs.longest(values) if row.sums else 1, case)

    equal()


@rows
def test_dtypes(row):
    for dtype in row.dtypes:
        for seed in range(3):
            case = row.cases(seeded(seed))
            values = case.fill(seed, dtype, whole=True)
            floats = row.result and dtype not in FLOATS and row.result(dtype) in FLOATS
            wanted = runs.expected(row, case, [v.astype(float) for v in values] if floats else values)
            found = runs.arrays(runs.call(row, case, runs.tensors(values)))
            if row.result:
                assert found[0].dtype == row.result(dtype), f"{dtype} became {found[0].dtype} for {case}"
            if dtype == "uint8":
                wanted = [w.astype(found[0].dtype) if w.dtype.kind in "iu" else w for w in wanted]  # wraps around
            runs.assert_close(found, wanted, runs.longest(values), case, row.exact)


@pytest.mark.parametrize("row", [r for r in ROWS.values() if r.empty], ids=lambda r: r.name)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_empty_batch(row, device):
    """A batch of 0 images has a result of the right shape, and a gradient of zero for the weights."""
    for seed in range(3):
        case = row.cases(seeded(seed, batch=0))
        values = case.fill(dtype="float32")
        with warnings.catch_warnings(action="ignore"):
            wanted = runs.expected(row, case, values)  # NumPy warns of means of nothing
        found = runs.arrays(runs.call(row, case, runs.tensors(values, device)))
        runs.assert_close(found, wanted, 1, case)
        for g, k in zip(runs.gradients(row, case, values, device), case.differentiable()):
            assert g.shape == values[k].shape and not g.any(), f"gradient {g} for {case}"
