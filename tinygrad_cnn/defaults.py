"""The dtype of what is made of Python's floats, unless said otherwise."""

from __future__ import annotations

from typing import Any

from . import shapes

_dtype = shapes.FLOAT32


def get_default_dtype() -> Any:
    """The dtype of `tensor(1.5)`, `zeros(2)` and their like: float32 unless set otherwise."""
    return _dtype


def set_default_dtype(d: Any) -> None:
    """Make tensors of Python's floats, and those without a dtype, of this floating dtype from now on."""
    global _dtype
    found = shapes.dtype_of("set_default_dtype", d)
    if found not in shapes.FLOATS:
        raise TypeError(f"set_default_dtype: dtype is {found.name} but a floating one is needed; use float32 or float64")
    _dtype = found
