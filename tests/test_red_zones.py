"""Kernels on the CPU write their outputs and nothing beside them, and read nothing beside their inputs.

Every array lies in a larger buffer whose bytes are all 0xFF: NaN, or a number no test uses. CUDA kernels are watched by
the emulator, which checks every index and poisons every array.
"""

import importlib
import math
import pkgutil

import numpy as np
import pytest

from tinygrad_cnn import cpu, devices

from . import runs
from .cases import seeded
from .specs import ROWS

ZONE = 256  # bytes on both sides


class Fence:
    """Arrays with a red zone on both sides."""

    def __init__(self):
        self.zones = []

    def empty(self, shape, dtype):
        dtype, shape = np.dtype(dtype), shape if isinstance(shape, tuple) else (int(shape),)
        size = math.prod(shape) * dtype.itemsize
        buffer = np.full(size + 2 * ZONE + 64, 0xFF, np.uint8)
        start = ZONE + -(buffer.ctypes.data + ZONE) % 64
        self.zones += [buffer[:start], buffer[start + size :]]
        return buffer[start : start + size].view(dtype).reshape(shape)

    def hold(self, x):
        out = self.empty(x.shape, x.dtype)
        out[...] = x
        return out

    def untouched(self):
        return all((zone == 0xFF).all() for zone in self.zones)


@pytest.fixture
def fence(monkeypatch):
    made = Fence()
    plain = devices.package("cpu").empty
    monkeypatch.setattr(devices.package("cpu"), "empty", made.empty)
    for info in pkgutil.iter_modules(cpu.__path__, cpu.__name__ + "."):
        module = importlib.import_module(info.name)
        if getattr(module, "empty", None) is plain:
            monkeypatch.setattr(module, "empty", made.empty)
    return made


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_red_zones(row, fence):
    for dtype in ("float32", "float64"):
        for seed in range(3):
            case = row.cases(seeded(seed))
            values = case.fill(seed, dtype)
            wanted = runs.expected(row, case, values)
            inside = [fence.hold(v) for v in values]
            runs.assert_close(
                runs.arrays(runs.call(row, case, runs.tensors(inside))), wanted, runs.longest(values), case
            )
            inside = [fence.hold(v) for v in values]
            for g in runs.gradients(row, case, inside):
                assert np.isfinite(g).all(), f"a gradient holds what lay beside an array, for {case}"
            assert fence.untouched(), f"a kernel wrote beside an array, for {case}"
