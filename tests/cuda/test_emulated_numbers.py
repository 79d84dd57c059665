"""The numbers of the emulator round, overflow and wrap as those of a GPU."""

import math

import numpy as np
import pytest

from tinygrad_cnn.cuda.driver import boolean, cuda, int32, kernel, launch, uint8, uint32, uint64
from tinygrad_cnn.cuda.memory import download, empty, upload

from .test_emulator import run

pytestmark = pytest.mark.usefixtures("emulated")


@kernel
def arithmetic(out, x, one, third):
    out[0] = math.exp(x[0])                # 1000
    out[1] = one / x[1]                    # 0
    out[2] = math.log(x[1])
    out[3] = x[2] + x[3]                   # 2^24 + 1
    out[4] = third * x[4]
    out[5] = max(x[5], one)                # NaN
    out[6] = int32(x[6]) + one
    out[7] = math.sqrt(-one)


def test_float32_overflows_and_rounds_as_on_the_device():
    x = np.array([1000, 0, 2**24, 1, 3, np.nan, 2.9, 0], "float32")
    out = run(arithmetic, 1, ((8,), "float32"), x, 1.0, 1 / 3, block=1)
    third = np.float32(1 / 3) * np.float32(3)
    np.testing.assert_array_equal(out, np.array([np.inf, np.inf, -np.inf, 2**24, third, 1, 3, np.nan], "float32"))


@kernel
def integers(out, narrow, byte, flag, x):
    out[0] = int32(x[0] * x[0])
    out[1] = uint32(-1)
    out[2] = uint64(x[0]) * uint64(x[0]) * uint64(x[0]) >> 40
    narrow[0] = x[0] + 1
    byte[0] = uint8(300) + 1
    flag[0] = x[0]
    flag[1] = boolean(0)


@kernel
def whole(out, x):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = int32(x[i])


def test_nan_becomes_zero():
    assert run(whole, 3, ((3,), "int32"), np.array([np.nan, -2.5, 7.9], "float32")).tolist() == [0, -2, 7]


def test_integers_wrap():
    out, narrow, byte, flag = empty((3,), "int64"), empty((1,), "int32"), empty((1,), "uint8"), empty((2,), "bool")
    x = 2**31 - 1
    launch(integers, 1, out, narrow, byte, flag, upload(np.array([x])), block=1)
    assert download(out).tolist() == [1, 2**32 - 1, (x**3 & 2**64 - 1) >> 40]
    assert (download(narrow)[0], download(byte)[0], download(flag).tolist()) == (-2**31, 45, [True, False])
