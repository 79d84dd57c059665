"""The kernel package that does nothing: shapes and parameter counts of networks that need not fit in memory.

`ops/` allocates every output before it calls a kernel, so a kernel that writes nothing leaves the right shapes.
"""

from __future__ import annotations

from typing import Any

from .arrays import Array


class Nowhere:
    """The memory of a meta array."""

    device = "meta"
    __slots__ = ("__weakref__",)


class Nothing:
    """A kernel module whose every entry point accepts anything and writes nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: None


nothing = Nothing()


def empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array without elements in memory."""
    return Array(Nowhere(), shape, dtype)


def upload(values: Any) -> Array:
    """The shape and dtype of `values`."""
    return empty(values.shape, values.dtype)


def download(array: Array) -> Any:
    """Refused: there are no values."""
    raise RuntimeError(f"download: a meta tensor of shape {array.shape} has no values; make the network on the cpu")


def synchronize() -> None:
    """Nothing to wait for."""
