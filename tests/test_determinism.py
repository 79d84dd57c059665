"""The same bits in two runs, whatever the number of threads, in values and gradients."""

from functools import lru_cache

import numba
import numpy as np
import pytest

from tinygrad_cnn.cpu.launch import set_num_threads, threads

from . import runs
from .specs import ROWS


@pytest.fixture
def restored():
    before = threads()
    yield
    set_num_threads(before)


@lru_cache(maxsize=4)
def filled(*leaves):
    """Values for arrays that many rows share: filling a large one takes longer than most operations."""
    rng = np.random.default_rng(0)
    return [leaf.fill(rng, "float32") for leaf in leaves]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("case", [0, 1])
def test_same_bits(row, case, restored):
    case = row.big[case]
    values = filled(*case.leaves())
    found = []
    for count in (1, numba.config.NUMBA_NUM_THREADS):
        set_num_threads(count)
        wanted, outs = runs.record_all(row, case, [v.copy() for v in values])
        gradients = runs.pulled_back(wanted, [out for out in outs if out.requires_grad])
        found.append([out.tobytes() for out in (*runs.arrays(outs), *gradients)])
    assert found[0] == found[1], f"a run with 1 thread and one with {numba.config.NUMBA_NUM_THREADS} differ for {case}"
