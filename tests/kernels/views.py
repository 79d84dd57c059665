"""Calling entry points on both devices with arrays of any layout: the call makes its views of whole arrays itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_cnn.devices import package

from .twins import close, guarded


def same(call: Callable[..., None], *wholes: np.ndarray, exact: bool = True, length: int = 1) -> list[np.ndarray]:
    """The arrays after `call(kernels, *arrays)` on the CPU, amid filled memory; CUDA must leave the same."""
    made = [guarded(a) for a in wholes]
    call(package("cpu"), *[a for a, _ in made])
    for a, zone in made:
        np.testing.assert_array_equal(zone, guarded(a)[1], "written outside an array")
    device = package("cuda")
    twins = [device.upload(a) for a in wholes]
    call(device, *twins)
    for (a, _), twin in zip(made, map(device.download, twins)):
        if exact or a.dtype.kind != "f":
            np.testing.assert_array_equal(twin, a, "the twins differ")
        else:
            close(twin, a, length)
    return [a for a, _ in made]


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Numbers that the dtype can hold, of both signs where it has them."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return np.asarray(rng.standard_normal(shape), dtype)
    return np.asarray(rng.integers(0 if dtype.kind in "ub" else -9, 2 if dtype.kind == "b" else 10, shape), dtype)
