"""Every operation against PyTorch itself, over cases that Hypothesis draws: values, dtypes and gradients."""

import itertools

import pytest
from hypothesis import given

from . import runs
from .cases import cases
from .specs import ROWS

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore:Using padding='same'")]
torch = pytest.importorskip("torch")


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.torch is not None], ids=lambda row: row.name)
def test_torch(row):
    from .golden.make_ops import torch_arrays

    dtypes = itertools.cycle(row.dtypes)

    @given(cases(row))
    def same(case):
        for dtype in (next(dtypes), next(dtypes)):
            values = case.fill(dtype=dtype, whole=dtype not in ("float32", "float64"))
            results, gradients = torch_arrays(row, case, [v.copy() for v in values])
            found = runs.arrays(runs.call(row, case, runs.tensors([v.copy() for v in values])))
            assert [a.dtype for a in found] == [a.dtype for a in results], case
            runs.assert_close(found, results, runs.longest(values), case)
            if gradients:
                runs.assert_close(runs.gradients(row, case, values), gradients, runs.longest(values), case)

    same()
