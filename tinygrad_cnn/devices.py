"""Which kernel package serves an array. A device is a package: `cpu`, `cuda` and `meta` have the same entry points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

NAMES = ("cpu", "cuda", "meta")

ONE_SIDED = {
    "cpu": ("conv_pack", "conv_plan", "conv_tile", "depthwise", "depthwise_tile", "jit", "launch", "memory", "move", "philox",
            "scalar", "thin", "thin_plan", "thin_tile", "tile", "tile_shape", "winograd", "winograd_tile"),
    "cuda": ("block", "check", "compiler", "conv_tile", "driver", "emulated_arrays", "emulated_language", "emulated_scalars",
             "emulator", "examples", "gpu", "indices", "intrinsics", "matmul_tile", "memory", "scalar", "tile"),
}
"""Files of a kernel package that are no twins: what its kernels stand on, and fast kernels behind an entry point."""


class Device:
    """A place for tensors: `device("cpu")`, `device("cuda")` (a GPU, or its emulator), `device("meta")` (shapes only)."""

    type: str
    index: Any = None

    def __init__(self, type: str | Device, index: int | None = None) -> None:
        self.type, _, number = str(type).partition(":")
        self.index = int(number) if number else index
        if self.type not in NAMES:
            raise ValueError(f"device: {type!r} is no device; use one of {', '.join(NAMES)}")
        if self.index:
            raise ValueError(f"device: index is {self.index} but there is one device of each kind; use 0 or none")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Device, str)) and self.type == Device(other).type

    def __hash__(self) -> int:
        return hash(self.type)

    def __repr__(self) -> str:
        return f"device(type='{self.type}')"

    def __str__(self) -> str:
        return self.type

    def __enter__(self) -> Device:
        """Within the block tensors are made here."""
        _outside.append(_default)
        set_default_device(self)
        return self

    def __exit__(self, *error: object) -> None:
        global _default
        _default = _outside.pop()


class Kernels:
    """The kernel modules of one device, imported when first asked for: `kernels(x).conv.forward(out, x, ...)`."""

    def __init__(self, name: str) -> None:
        self.name = name
        memory = import_module(f"{__package__}.{name}.memory" if name != "meta" else f"{__package__}.meta")
        self.empty, self.upload, self.download = memory.empty, memory.upload, memory.download
        self.synchronize = memory.synchronize

    def __getattr__(self, module: str) -> Any:
        if self.name == "meta":
            return import_module(f"{__package__}.meta").nothing
        path = f"{__package__}.{self.name}.{module}"
        try:
            found = import_module(path)
        except ModuleNotFoundError as error:
            if error.name != path:
                raise
            raise NotImplementedError(f"{module}: there is no {self.name} twin of this operation's kernels; "
                                      f"write {path.replace('.', '/')}.py") from None
        setattr(self, module, found)
        return found


_loaded: dict[str, Kernels] = {}


def package(name: str) -> Kernels:
    """The kernels of the device called `name`."""
    found = _loaded.get(name)
    if found is None:
        found = _loaded[name] = Kernels(name)
    return found


def device_of(array: Any) -> str:
    """The name of the device an array lies on."""
    return "cpu" if isinstance(array, np.ndarray) else array.memory.device


def kernels(array: Any) -> Kernels:
    """The kernels that serve an array."""
    name = device_of(array)
    return _loaded.get(name) or package(name)


_default = Device("cpu")
_outside: list[Any] = []  # the defaults outside of the blocks that we are in


def default_device() -> Device:
    """Where tensors are made when nothing else is said."""
    return _default


def set_default_device(name: str | Device) -> None:
    """Make tensors on `name` from now on."""
    global _default
    _default = Device(name)


@contextmanager
def shapes_only() -> Iterator[None]:
    """Within the block tensors and networks are made without memory or numbers: on the meta device."""
    before = default_device()
    set_default_device("meta")
    try:
        yield
    finally:
        set_default_device(before)


def same_device(operation: str, *arrays: Any) -> None:
    """Refuse arrays of different devices."""
    names = dict.fromkeys([device_of(a) for a in arrays])
    if len(names) > 1:
        raise RuntimeError(f"{operation}: operands lie on {' and '.join(names)}; "
                           "bring them to one device with .to(device)")
