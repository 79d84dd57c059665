"""Every operation against values and gradients that PyTorch computed, committed in golden/ops.npz."""

from pathlib import Path

import numpy as np
import pytest

from . import runs
from .cases import seeded
from .golden.packing import unpacked
from .specs import ROWS

AGAIN = "run `python -m tests.golden.make_ops` again"


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "golden" / "ops.npz") as stored:
        return unpacked(stored)


def arrays(golden, name):
    return [golden[key] for k in range(9) if (key := f"{name}{k}") in golden]


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.torch is not None], ids=lambda row: row.name)
def test_golden(row, golden):
    for seed in range(2):
        case, name = row.cases(seeded(seed)), f"{row.name}.{seed}"
        known = golden.get(f"{name}.case", np.zeros(0)).tobytes().decode()
        assert known == repr(case), f"the cases of {row.name} have changed: {AGAIN}"
        values = arrays(golden, f"{name}.in")
        found = runs.arrays(runs.call(row, case, runs.tensors([v.copy() for v in values])))
        wanted = arrays(golden, f"{name}.out")
        assert [a.dtype for a in found] == [a.dtype for a in wanted]
        runs.assert_close(found, wanted, runs.longest(values), case, row.exact and not row.sums)
        gradients = runs.gradients(row, case, values) if case.differentiable() else []
        runs.assert_close(gradients, arrays(golden, f"{name}.grad") or gradients, runs.longest(values), case)
