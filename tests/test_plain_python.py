"""The plain CPU kernels run as plain Python too: what the compiler sees is what the reader sees."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

from tinygrad_cnn import cpu

from . import runs
from .specs import ROWS


def serial(kernel, parts, *args):
    """`launch` without a compiler."""
    for part in range(parts):
        kernel.py_func(part, parts, *args)


@pytest.fixture
def uncompiled(monkeypatch):
    # All are imported before the first is changed: one that is imported later would keep `serial` for good.
    modules = [importlib.import_module(info.name) for info in pkgutil.iter_modules(cpu.__path__, cpu.__name__ + ".")]
    for module in modules:
        if hasattr(module, "launch") and inspect.isfunction(module.launch):
            monkeypatch.setattr(module, "launch", serial)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_plain_python(row, uncompiled):
    case = row.small
    values = case.fill(dtype="float64")  # which no fast kernel takes
    wanted = runs.expected(row, case, values)
    try:
        with np.errstate(all="ignore"):
            found = runs.arrays(runs.call(row, case, runs.tensors(values)))
            runs.gradients(row, case, case.fill(dtype="float64"))
    except NotImplementedError as error:
        pytest.skip(f"the kernel is written in vectors of the machine: {error}")
    runs.assert_close(found, wanted, runs.longest(values), case)
