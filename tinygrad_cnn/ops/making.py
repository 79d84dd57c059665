"""What users hand over as numbers, made an array of one of the six dtypes, or a tensor beside another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import shapes
from ..arrays import is_tensor
from ..defaults import get_default_dtype
from ..devices import kernels


def as_array(operation: str, data: Any, dtype: Any = None) -> Any:
    """A C-contiguous numpy array with a copy of `data`: a number, nested sequences, an array or a tensor. Python's floats
    become float32 and its ints int64; arrays and tensors keep their dtype."""
    typed = isinstance(data, (np.ndarray, np.generic)) or is_tensor(data)
    try:
        values = np.array(_plain(data))
    except ValueError:
        raise shapes.ShapeError(f"{operation}: the data are sequences of unequal lengths; make the lengths equal") from None
    if values.dtype.kind not in "biuf":
        raise shapes.KindError(f"{operation}: the data hold {values.dtype.name} but numbers are needed; give numbers")
    if dtype is None:
        floats = values.dtype.kind == "f" and not typed
        inner = _inner(data) if floats else None
        dtype = (get_default_dtype() if inner is None else inner) if floats else values.dtype
    return np.require(values.astype(shapes.dtype_of(operation, dtype), copy=False), requirements="C")


def filled(x: Any, shape: tuple[int, ...], value: Any) -> Any:
    """A tensor of one number, of the dtype and on the device of `x`."""
    k = kernels(x.array)
    out = k.empty(shape, x.array.dtype)
    k.copy.fill(out, stored("fill", value, x.array.dtype))
    return x.result(out, None)


def stored(operation: str, value: Any, dtype: Any) -> Any:
    """A number as an element of `dtype` holds it: below zero it wraps around in uint8. Raises RuntimeError outside."""
    if type(value) is not int or dtype.kind not in "iu":
        return value
    limits = np.iinfo(dtype)
    least, most = (-255 if dtype == shapes.UINT8 else int(limits.min)), int(limits.max)
    if not least <= value <= most:
        raise shapes.KindError(f"{operation}: {value} is no {dtype.name}; use {least} to {most}, or another dtype")
    return value % 256 if dtype == shapes.UINT8 else value


def _plain(data: Any) -> Any:
    """Tensors, alone or within sequences, as numpy's."""
    if is_tensor(data):
        return kernels(data.array).download(data.array)
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [_plain(entry) for entry in data]
    return data


def _inner(data: Any) -> Any:
    """The dtype of the first array or tensor within sequences, or None."""
    while isinstance(data, Sequence) and len(data):
        data = data[0]
    return data.dtype if is_tensor(data) or isinstance(data, np.ndarray) else None
