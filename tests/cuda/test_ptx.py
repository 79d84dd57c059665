"""Every CUDA kernel compiles for real GPUs, without one, and its machine code is as it should be: see cuda/check.py."""

import pytest

from tinygrad_cnn.cuda import check

pytestmark = pytest.mark.ptx


def test_every_kernel_is_reached_by_an_example():
    assert check.launches("float32")[1] == []


@pytest.mark.skipif(bool(check.missing()), reason=check.missing())
@pytest.mark.parametrize("dtype, capability", [("float32", (7, 5)), ("float32", (9, 0)), ("float64", (9, 0))])
def test_machine_code(dtype, capability):
    results = [check.examine(kernel, kinds, capability) for kernel, kinds in check.launches(dtype)[0]]
    assert [str(r) for r in results if r.faults] == []
