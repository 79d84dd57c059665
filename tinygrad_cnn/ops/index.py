"""x[key]: integers, slices, None and Ellipsis look at the same memory; masks and arrays of integers pick from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import indices, shapes
from ..arrays import is_tensor
from ..autograd import Function
from ..devices import device_of, kernels
from . import layout
from .gather import Take
from .making import filled
from .shape import Permute, reshape


class Index(Function):
    """x[key] with a basic key; a view."""

    view = True

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return at(x, self.key)

    def backward(self, g: Any) -> Any:
        return Place(self.key, self.shape)(g)


class Place(Function):
    """Zeros of `shape` with `x` written at [key]: the adjoint of Index."""

    def __init__(self, key: Any, shape: tuple[int, ...]) -> None:
        self.key, self.shape = key, shape

    def forward(self, x: Any) -> Any:
        k = kernels(x)
        out = layout.empty_as(x, self.shape) if x.ndim == len(self.shape) else k.empty(self.shape, x.dtype)
        k.copy.fill(out, 0)
        k.copy.copy(at(out, self.key), x)
        return out

    def backward(self, g: Any) -> Any:
        return Index(self.key)(g)


class Overwrite(Function):
    """A copy of `x` with `part` written at [key]."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Any, part: Any) -> Any:
        out = layout.copied(x)
        target = at(out, self.key)
        kernels(x).copy.copy(target, layout.stretch(part, target.shape))
        self.part = part.shape
        return out

    def backward(self, g: Any) -> Any:
        return Overwrite(self.key)(g, filled(g, self.part, 0)), Index(self.key)(g)


def at(x: Any, key: Any) -> Any:
    """The view x[key], also where it has no axes left."""
    return x[(*indices.basic(x.shape, x.strides, key)[3], ...)]


def get(x: Any, key: Any) -> Any:
    """x[key] with any key. What arrays and masks select is found out on the host, as shapes depend on it."""
    basic, arrays = selection(x.array.shape, key)
    part = Index(basic)(x)
    if not arrays:
        return part
    found = indices.picks(part.array.shape, arrays)
    ordered = part if found.order == tuple(range(len(found.order))) else Permute(found.order)(part)
    return reshape(Take()(reshape(ordered, found.rows), uploaded(x, found.places)), found.shape)


def uploaded(x: Any, places: Any) -> Any:
    """Numbers of the host as a tensor beside `x`."""
    k = kernels(x.array)
    return x.result(k.upload(np.require(places, np.int64, "C")), None)


def selection(shape: tuple[int, ...], key: Any) -> tuple[tuple[Any, ...], dict[int, Any]]:
    """(the part of a key that is a view, {axis of the view: integers that then pick along it})."""
    entries = tuple(_normalized(entry) for entry in _entries(key))
    basic: list[Any] = []
    arrays: dict[int, Any] = {}
    axis, seen = 0, 0  # in x, in the view
    for entry in indices.spread(entries, sum(map(_named, entries)), shape):
        if not isinstance(entry, np.ndarray):
            basic.append(entry)
            axis, seen = axis + _named(entry), seen + (entry is None or isinstance(entry, slice))
        elif entry.dtype != bool:
            basic.append(slice(None))
            arrays[seen] = entry
            axis, seen = axis + 1, seen + 1
        elif entry.ndim:
            basic += [slice(None)] * entry.ndim
            arrays |= {seen + k: places for k, places in enumerate(indices.mask_axes(entry, shape, axis))}
            axis, seen = axis + entry.ndim, seen + entry.ndim
        else:  # a single truth: all or nothing of a new axis
            basic.append(None)
            arrays[seen] = np.flatnonzero(entry)
            seen += 1
    return tuple(basic), arrays


def is_mask(key: Any) -> bool:
    """Whether a mask is all that picks in a key."""
    arrays = [entry for entry in map(_normalized, _entries(key)) if isinstance(entry, np.ndarray)]
    return len(arrays) == 1 and arrays[0].dtype == bool


def _entries(key: Any) -> tuple[Any, ...]:
    """The key as a tuple. A list is an array of integers, or a tuple if something else than numbers is in it."""
    if isinstance(key, tuple):
        return key
    several = isinstance(key, list) and any(
        k is None or k is Ellipsis or isinstance(k, (slice, Sequence)) or hasattr(k, "shape") for k in key)
    return tuple(key) if several else (key,)


def _named(entry: Any) -> int:
    """How many axes of the array an entry stands for."""
    if isinstance(entry, np.ndarray):
        return entry.ndim if entry.dtype == bool else 1
    return entry is not None and entry is not Ellipsis


def _normalized(entry: Any) -> Any:
    """None, Ellipsis, a slice, a Python integer, or an array of integers or bools."""
    if entry is None or entry is Ellipsis:
        return entry
    if isinstance(entry, slice):
        if entry.step is not None and int(entry.step) < 1:
            raise ValueError(f"index: the slice has step {entry.step} but at least 1 is needed; use flip to turn an axis "
                             "around")
        return entry
    if isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
        return int(entry)
    array = _downloaded(entry)
    if array.dtype.kind not in "iub":
        error = TypeError if array.dtype.kind in "USO" else IndexError
        raise error(f"index: {entry!r} is no integer, slice, None, Ellipsis, mask or array of integers; index with those")
    if array.dtype in (np.bool_, np.uint8) and not isinstance(entry, np.ndarray):
        return array.astype(bool)
    return array.item() if not array.ndim and array.dtype != bool else array


def _downloaded(entry: Any) -> Any:
    """An entry as a numpy array. What lies on meta picks the first element: it has a shape, but no values."""
    if is_tensor(entry):
        if device_of(entry.array) == "meta" and entry.array.dtype in (shapes.INT64, shapes.INT32):
            return np.zeros(entry.array.shape, np.int64)
        return kernels(entry.array).download(entry.array)
    array = np.asarray(entry)
    return array.astype(np.int64) if isinstance(entry, Sequence) and not array.size else array
