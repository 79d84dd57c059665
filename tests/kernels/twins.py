"""Calling an entry point on both devices, on arrays that lie in the middle of filled memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_cnn.devices import package

ZONE = 64  # elements before and behind an array


def guarded(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x inside a larger array of NaN or a large number, that larger array)."""
    poison = np.nan if x.dtype.kind == "f" else np.iinfo(x.dtype).max if x.dtype.kind in "iu" else True
    zone = np.full(x.size + 2 * ZONE, poison, x.dtype)
    zone[ZONE:ZONE + x.size] = x.ravel()
    return zone[ZONE:ZONE + x.size].reshape(x.shape), zone


def poisoned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An output: an entry point must not read what is in it."""
    return np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 77, dtype)


def on_cpu(module: str, name: str, outs: list[tuple[tuple[int, ...], Any]], *args: Any) -> list[np.ndarray]:
    """The outputs of `package.module.name(*outs, *args)`; nothing beside them is written, no input is."""
    made = [guarded(poisoned(*out)) for out in outs]
    given = [guarded(a) if isinstance(a, np.ndarray) else (a, None) for a in args]
    before = [zone.copy() for _, zone in given if zone is not None]
    getattr(getattr(package("cpu"), module), name)(*[a for a, _ in made], *[a for a, _ in given])
    for out, zone in made:
        fresh = guarded(out)[1]
        np.testing.assert_array_equal(zone, fresh, f"{module}.{name} wrote outside an output")
    for zone, old in zip([zone for _, zone in given if zone is not None], before):
        np.testing.assert_array_equal(zone, old, f"{module}.{name} changed an input")
    return [a for a, _ in made]


def on_cuda(module: str, name: str, outs: list[tuple[tuple[int, ...], Any]], *args: Any) -> list[np.ndarray]:
    """The same on CUDA or its emulator, which refuses what lies outside by itself."""
    device = package("cuda")
    made = [device.upload(poisoned(*out)) for out in outs]
    getattr(getattr(device, module), name)(*made, *[device.upload(a) if isinstance(a, np.ndarray) else a for a in args])
    device.synchronize()
    return [device.download(a) for a in made]


def both(module: str, name: str, outs: list[tuple[tuple[int, ...], Any]], *args: Any, exact: bool = False,
         length: int = 1) -> list[np.ndarray]:
    """The CPU's outputs, compared with CUDA's: equal if `exact`, else within the rounding of sums of `length` terms."""
    found, twin = on_cpu(module, name, outs, *args), on_cuda(module, name, outs, *args)
    for a, b in zip(found, twin):
        if exact or a.dtype.kind != "f":
            np.testing.assert_array_equal(a, b, f"{module}.{name}: the twins differ")
        else:
            close(b, a, length)
    return found


def close(found: np.ndarray, wanted: np.ndarray, length: int = 1) -> None:
    """Equal within 1e-5 (float64: 1e-13) times the root of `length` times the largest number."""
    finite = np.abs(wanted[np.isfinite(wanted)])
    room = {4: 1e-5, 8: 1e-13}[found.dtype.itemsize] * length ** 0.5 * max(float(finite.max(initial=0.0)), 1.0)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=room)
