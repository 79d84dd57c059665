"""The rules of x[key] on plain integers and numpy arrays: what a key selects, where its axes go, what is out of bounds."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .shapes import Shape

Places = np.ndarray[Any, np.dtype[np.int64]]


class BoundsError(IndexError, RuntimeError):
    """An index that names no element. One sentence: the operation, the index, the extent, the remedy."""


def basic(shape: Shape, strides: Shape, key: Any) -> tuple[int, Shape, Shape, tuple[slice | int | None, ...]]:
    """Basic indexing (integers, slices, None, Ellipsis): (offset in bytes, shape, strides, the key, an entry per axis)."""
    key = key if isinstance(key, tuple) else (key,)
    full = spread(key, sum(1 for k in key if k is not None and k is not Ellipsis), shape)
    offset, sizes, steps, k = 0, [], [], 0
    written: list[slice | int | None] = []
    for entry in full:
        if entry is None:
            sizes.append(1)
            steps.append(0)
            written.append(None)
            continue
        n, s = shape[k], strides[k]
        if isinstance(entry, slice):
            start, stop, step = entry.indices(n)
            length = len(range(start, stop, step))
            offset += start * s if length else 0
            sizes.append(length)
            steps.append(s * step)
            written.append(slice(start, stop if stop >= 0 else None, step))
        elif isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
            if not -n <= entry < n:
                raise IndexError(f"index: {entry} at axis {k} of shape {shape}; use {-n} to {n - 1}")
            offset += int(entry) % n * s
            written.append(int(entry) % n)
        else:
            raise TypeError(f"index: {entry!r} at axis {k} of shape {shape} is no integer, slice, None or Ellipsis; "
                            "index with those")
        k += 1
    return offset, tuple(sizes), tuple(steps), tuple(written)


class Picks(NamedTuple):
    """What arrays of integers pick from an array: its axes in the order `order`, then as (outer, picked, inner) extents
    `rows`; `places` along the middle one; the result is seen under `shape`."""

    order: Shape
    rows: Shape
    places: Places
    shape: Shape


def picks(shape: Shape, arrays: dict[int, Places]) -> Picks:
    """The selection by `arrays`, one for each of some axes, broadcast together. Their common axes stand where the picked
    axes were if those are neighbors, else in front."""
    axes = tuple(arrays)
    try:
        common = np.broadcast_shapes(*[a.shape for a in arrays.values()])
    except ValueError:
        text = " and ".join(str(a.shape) for a in arrays.values())
        raise IndexError(f"index: arrays of shapes {text} do not broadcast; give arrays of one shape") from None
    some = prod(common) and 0 not in [n for k, n in enumerate(shape) if k not in axes]
    places = np.zeros(common, np.int64)
    for k, array in arrays.items():
        if some or (prod(common) and not shape[k]):  # where nothing is picked, places are out of bounds of no elements only
            places = places * shape[k] + within("index", array, shape[k], k)
    first = axes[0] if axes == tuple(range(axes[0], axes[0] + len(axes))) else 0
    rest = [k for k in range(len(shape)) if k not in axes]
    before, behind = tuple(shape[k] for k in rest[:first]), tuple(shape[k] for k in rest[first:])
    rows = prod(before), prod(shape[k] for k in axes), prod(behind)
    return Picks((*rest[:first], *axes, *rest[first:]), rows, places.reshape(-1), (*before, *common, *behind))


def within(operation: str, index: Any, extent: int, axis: int, negative: bool = True) -> Any:
    """`index` counted from the front; refuses what names no element of an axis of this extent."""
    least = -extent if negative else 0
    if index.size:
        low, high = int(index.min()), int(index.max())
        if low < least or high >= extent:
            raise BoundsError(f"{operation}: index {low if low < least else high} is out of bounds for axis {axis} of "
                              f"extent {extent}; use {least} to {extent - 1}")
        if low < 0:
            return np.where(index < 0, index + extent, index)
    return index


def mask_axes(mask: Any, shape: Shape, axis: int) -> Sequence[Places]:
    """The coordinates of the elements where a mask holds, an array for each of its axes, which lie from `axis` on."""
    if mask.shape != shape[axis:axis + mask.ndim]:
        raise IndexError(f"index: the mask has shape {mask.shape} but {shape[axis:axis + mask.ndim]} is needed at axis "
                         f"{axis} of shape {shape}; give a mask of the shape of what it masks")
    return np.nonzero(mask)


def spread(key: tuple[Any, ...], rank: int, shape: Shape) -> tuple[Any, ...]:
    """`key` with its Ellipsis, or its end, replaced by full slices, so that it names all axes; `rank` of them it names
    itself."""
    dots = [k for k, entry in enumerate(key) if entry is Ellipsis]
    if rank > len(shape) or len(dots) > 1:
        raise IndexError(f"index: {rank} indices for shape {shape}; use at most {len(shape)} and one Ellipsis")
    at = dots[0] if dots else len(key)
    return key[:at] + (slice(None),) * (len(shape) - rank) + key[at + 1:]
