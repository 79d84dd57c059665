"""Every CUDA kernel compiles for real GPUs, without one, and its machine code is as it should be: see cuda/check.py."""

import pytest

from tinygrad_cnn.cuda import check


def test_every_kernel_is_reached_by_an_example():
    for dtype, fast in (("float32", ()), ("float64", ("conv_tile.", "matmul_tile."))):    # which are for float32 alone
        launched, missed = check.launches(dtype)
        assert [name for name in missed if not (fast and name.startswith(fast))] == [] and len(launched) > 200


@pytest.mark.ptx
@pytest.mark.skipif(bool(check.missing()), reason=check.missing())
def test_machine_code():
    results = list(check.examined())
    assert [str(r) for r in results if r.faults] == [] and len(results) > 600
