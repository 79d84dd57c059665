"""Every CUDA kernel compiles for real GPUs, without one, and its machine code is as it should be: see cuda/check.py."""

from contextlib import nullcontext

import numpy as np
import pytest

from tinygrad_cnn.cuda import check, compiler
from tinygrad_cnn.cuda.driver import cuda, kernel


def test_every_kernel_is_reached_by_an_example():
    for dtype, fast in (("float32", ()), ("float64", ("conv_tile.", "matmul_tile."))):    # which are for float32 alone
        launched, missed = check.launches(dtype)
        assert [name for name in missed if not (fast and name.startswith(fast))] == [] and len(launched) > 200


@pytest.mark.ptx
@pytest.mark.skipif(bool(check.missing()), reason=check.missing())
def test_machine_code():
    results = list(check.examined())
    assert [str(r) for r in results if r.faults] == [] and len(results) > 600


@kernel
def _inexact(out, x):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = out[i] % x[i]


@pytest.mark.ptx
@pytest.mark.skipif(bool(check.missing()), reason=check.missing())
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_inexact_remainders_are_refused(dtype):
    """Numba's `%` of floats becomes a division on CUDA, which no emulator shows."""
    kinds = ((np.dtype(dtype), 1),) * 2
    with pytest.raises(Exception, match="not exact on CUDA") if dtype == "float32" else nullcontext():
        compiler.compile(_inexact, kinds, (9, 0))
