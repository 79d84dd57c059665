"""PyTorch's ways to pick elements and to put them back, as compositions of Take, Spread and Write."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .. import indices, shapes
from ..arrays import is_tensor
from ..devices import kernels, same_device
from .elementwise import apply, cast
from .gather import Spread, Take, Write, aligned, as_row, checked
from .index import Index, Overwrite, Place, selection, uploaded
from .making import filled
from .reduce import expand
from .shape import Clone, Permute, reshape


def index_select(x: Any, dim: int, index: Any, operation: str = "index_select") -> Any:
    """x[..., index[m], ...] along an axis."""
    if not x.array.ndim:
        shapes.axis("index_select", dim, 0)
        shapes.same("index_select", "the number of indices into a tensor without axes", index.array.size, 1, "give one")
        return reshape(index_select(reshape(x, (1,)), dim, reshape(index, (1,))), ())
    axis, index = _vector(operation, x, dim, index)
    shape = x.array.shape
    out = Take()(reshape(x, shapes.around(shape, axis)), index)
    return reshape(out, (*shape[:axis], index.array.size, *shape[axis + 1:]))


def _vector(operation: str, x: Any, dim: int, index: Any, negative: bool = False, wide: bool = False) -> tuple[int, Any]:
    """(axis, checked places along it) of an index with at most one axis."""
    axis = shapes.axis(operation, dim, x.array.ndim)
    if index.array.ndim > 1:
        raise indices.BoundsError(f"{operation}: index has shape {index.array.shape} but one axis is needed; use "
                                  "index.flatten()")
    same_device(operation, x.array, index.array)
    extent = x.array.shape[axis] if x.array.ndim else 1
    return axis, reshape(checked(operation, index, extent, axis, negative, wide), (index.array.size,))


def _with_rows(operation: str, x: Any, dim: int, index: Any, source: Any, negative: bool,
               combine: Callable[[Any, Any, Any], Any]) -> Any:
    """combine(x, source, index) of what is (outer, along the axis, inner), where source[..., m, ...] belongs to index[m]."""
    axis, index = _vector(operation, x, dim, index, negative, operation != "index_add") if x.array.size else (
        shapes.axis(operation, dim, x.array.ndim), index)
    shape = x.array.shape or (1,)
    wanted = (*shape[:axis], index.array.size, *shape[axis + 1:])
    if source.array.dtype != x.array.dtype:
        raise shapes.KindError(f"{operation}: the source has dtype {source.array.dtype.name} but the tensor "
                               f"{x.array.dtype.name}; convert one of them")
    if (source.array.shape or (1,)) != wanted:
        raise indices.BoundsError(f"{operation}: the source has shape {source.array.shape} but {wanted} is needed, the "
                                  "tensor's with the length of index; give one such")
    same_device(operation, x.array, source.array)
    if not x.array.size:
        return Clone()(x)
    rows = combine(reshape(x, shapes.around(shape, axis)), reshape(source, shapes.around(wanted, axis)), index)
    return reshape(rows, x.array.shape)


def index_add(x: Any, dim: int, index: Any, source: Any, alpha: Any) -> Any:
    """x with alpha * source[..., m, ...] added at index[m]."""
    def combine(rows: Any, part: Any, index: Any) -> Any:
        return apply("add", rows, Spread(rows.array.shape[1])(part if alpha == 1 else apply("mul", part, alpha), index))

    return _with_rows("index_add", x, dim, index, source, False, combine)


def index_copy(x: Any, dim: int, index: Any, source: Any) -> Any:
    """x with source[..., m, ...] at index[m]."""
    return _with_rows("index_copy", x, dim, index, source, False, lambda *given: Write()(*given))


def index_fill(x: Any, dim: int, index: Any, value: Any) -> Any:
    """x with a number, or a tensor without axes, at each index[m]."""
    _scalar("index_fill", value)
    if not x.array.size:
        shapes.axis("index_fill", dim, x.array.ndim)
        return Clone()(x)
    axis, places = _vector("index_fill", x, dim, index, negative=True, wide=True)
    extent, inner = (x.array.shape or (1,))[axis], x.array.ndim - axis - 1
    marks = Write()(filled(places, (1, extent, 1), 0), filled(places, (1, places.array.size, 1), 1), places)
    return masked_fill(x, cast(reshape(marks, (extent, *(1,) * inner) if x.array.ndim else ()), shapes.BOOL), value)


def _scalar(operation: str, value: Any) -> Any:
    """Refuse a value with axes."""
    if is_tensor(value) and value.array.ndim:
        raise shapes.ShapeError(f"{operation}: the value has shape {value.array.shape} but a tensor without axes, or a "
                                "number, is needed; use value.squeeze()")
    return value


def gather(x: Any, dim: int, index: Any, operation: str = "gather") -> Any:
    """x at index along an axis, at the own place of each element of index along the others."""
    axis = shapes.axis(operation, dim, x.array.ndim)
    shape = index.array.shape
    if not x.array.ndim or not index.array.ndim:
        x, index = (t if t.array.ndim else reshape(t, (1,)) for t in (x, index))
    if not index.array.size:
        return reshape(Take()(as_row(x), reshape(index, (0,))), shape)
    key, places = aligned(operation, x, axis, index)
    return reshape(Take()(as_row(Index(key)(x)), places), shape)


def scattered(operation: str, x: Any, dim: int, index: Any, source: Any,
               combine: Callable[[Any, Any, Any, Any], Any]) -> Any:
    """combine(x, key, source, places): the part of x at [key] is what index reaches, `places` lie in it."""
    axis, shape = shapes.axis(operation, dim, x.array.ndim), x.array.shape
    if is_tensor(source):
        if source.array.dtype != x.array.dtype:
            raise shapes.KindError(f"{operation}: the source has dtype {source.array.dtype.name} but the tensor "
                                   f"{x.array.dtype.name}; convert one of them")
        same_device(operation, x.array, source.array)
    if not shape or not index.array.ndim:
        x, index = (t if t.array.ndim else reshape(t, (1,)) for t in (x, index))
        source = reshape(source, (1,)) if is_tensor(source) and not source.array.ndim else source
    if not index.array.size:
        return reshape(x, shape)
    wanted = index.array.shape
    if not is_tensor(source):
        source = filled(x, wanted, source)
    elif source.array.ndim != len(wanted) or any(m > n for m, n in zip(wanted, source.array.shape)):
        raise shapes.ShapeError(f"{operation}: index has shape {wanted} but the source {source.array.shape}; make the "
                                "extents of index at most those of the source")
    key, places = aligned(operation, x, axis, index)
    part = Index(tuple(slice(0, n) for n in wanted))(source)
    return reshape(combine(x, key, as_row(part), places), shape)


def scatter(x: Any, dim: int, index: Any, source: Any) -> Any:
    """x with source written at index along an axis; of several for one place the last counts."""
    def combine(x: Any, key: Any, row: Any, places: Any) -> Any:
        region = Index(key)(x)
        written = reshape(Write()(as_row(region), row, places), region.array.shape)
        return written if written.array.shape == x.array.shape else Overwrite(key)(x, written)

    return scattered("scatter", x, dim, index, source, combine)


def scatter_add(x: Any, dim: int, index: Any, source: Any, operation: str = "scatter_add") -> Any:
    """x with source added at index along an axis."""
    def combine(x: Any, key: Any, row: Any, places: Any) -> Any:
        region = tuple(range(*entry.indices(n))[-1] + 1 if n else 0 for entry, n in zip(key, x.array.shape))
        found = reshape(Spread(prod(region))(row, places), region)
        return apply("add", x, found if region == x.array.shape else Place(key, x.array.shape)(found))

    return scattered(operation, x, dim, index, source, combine)


def take(x: Any, index: Any) -> Any:
    """The elements of the flattened tensor at index, in its shape."""
    places = checked("take", index, x.array.size, 0, negative=True, wide=True)
    return reshape(Take()(as_row(x), reshape(places, (places.array.size,))), index.array.shape)


def take_along(x: Any, index: Any, dim: int | None) -> Any:
    """`gather` whose other axes are broadcast, or of the flattened tensors."""
    if dim is None:
        return take(x, reshape(index, (index.array.size,)))
    operation = "take_along_dim"
    if x.array.ndim != index.array.ndim:
        raise shapes.ShapeError(f"{operation}: the tensor has shape {x.array.shape} and index {index.array.shape}; give both "
                                "as many axes")
    axis = shapes.axis(operation, dim, x.array.ndim)
    rest = shapes.broadcast(operation, shapes.without(x.array.shape, (axis,)), shapes.without(index.array.shape, (axis,)))
    index = checked(operation, index, x.array.shape[axis] if x.array.ndim else 1, axis, negative=True, wide=True)

    def broadcast(t: Any) -> Any:
        return expand(t, tuple(t.array.shape[k] if k == axis else n for k, n in enumerate(rest)))

    return gather(broadcast(x), axis, broadcast(index), operation)


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """x with a number, or a tensor without axes, where the mask holds; broadcast."""
    _boolean("masked_fill", mask)
    if is_tensor(_scalar("masked_fill", value)):
        value = cast(value, x.array.dtype)
    elif x.array.dtype not in shapes.FLOATS:
        value = bool(value) if x.array.dtype == shapes.BOOL else int(value)
    return cast(apply("where", mask, value, x), x.array.dtype)


def _boolean(operation: str, mask: Any) -> None:
    if mask.array.dtype != shapes.BOOL:
        raise shapes.KindError(f"{operation}: the mask has dtype {mask.array.dtype.name} but bool is needed; use "
                               "mask.bool()")


def masked_select(x: Any, mask: Any) -> Any:
    """The elements where the mask holds, broadcast, as a vector."""
    _boolean("masked_select", mask)
    same_device("masked_select", x.array, mask.array)
    shape = shapes.broadcast("masked_select", x.array.shape, mask.array.shape)
    places = np.flatnonzero(np.broadcast_to(kernels(mask.array).download(mask.array), shape))
    return reshape(Take()(as_row(expand(x, shape)), uploaded(x, places)), (len(places),))


def masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    """x with the first elements of source, one after the other, where the mask holds."""
    _boolean("masked_scatter", mask)
    same_device("masked_scatter", x.array, mask.array, source.array)
    shape = shapes.broadcast("masked_scatter", x.array.shape, mask.array.shape)
    places = np.flatnonzero(np.broadcast_to(kernels(mask.array).download(mask.array), shape))
    if source.array.dtype != x.array.dtype:
        raise shapes.KindError(f"masked_scatter: the source has dtype {source.array.dtype.name} but the tensor "
                               f"{x.array.dtype.name}; convert one of them")
    if len(places) > source.array.size:
        raise shapes.ShapeError(f"masked_scatter: the mask holds {len(places)} times but the source has "
                                f"{source.array.size} elements; give at least as many")
    part = Index((slice(None), slice(0, len(places))))(as_row(source))
    return reshape(Write()(as_row(expand(x, shape)), part, uploaded(x, places)), shape)


def nonzero(x: Any) -> Any:
    """The coordinates of the elements that are not 0, one row for each; found on the host, as the shape depends on it."""
    found = np.nonzero(np.atleast_1d(kernels(x.array).download(x.array)))
    return uploaded(x, np.stack(found, 1)[:, :x.array.ndim])


def index_put(x: Any, key: Any, value: Any, accumulate: bool) -> Any:
    """x with value, broadcast, written or added at x[key], whose key has at least one array or mask."""
    basic, arrays = selection(x.array.shape, key)
    part = Index(basic)(x)
    found = indices.picks(part.array.shape, arrays)
    if value.array.dtype != x.array.dtype:
        raise shapes.KindError(f"index_put: the values have dtype {value.array.dtype.name} but the tensor "
                               f"{x.array.dtype.name}; convert one of them")
    shapes.same("index_put", "the shape of values and selection together", shapes.broadcast(
        "index_put", found.shape, value.array.shape), found.shape, "give values that fit")
    source = reshape(expand(value, found.shape), (found.rows[0], len(found.places), found.rows[2]))
    rows, index = reshape(Permute(found.order)(part), found.rows), uploaded(x, found.places)
    made = apply("add", rows, Spread(found.rows[1])(source, index)) if accumulate else Write()(rows, source, index)
    back = tuple(sorted(range(len(found.order)), key=found.order.__getitem__))
    ordered = reshape(made, tuple(part.array.shape[k] for k in found.order))
    return Overwrite(basic)(x, Permute(back)(ordered))


def unique(x: Any, dim: int | None) -> tuple[Any, Any, Any]:
    """(the different elements, or parts along an axis, in rising order, the place of each in them, how often each occurs);
    found on the host, as the shapes depend on it."""
    k, shape = kernels(x.array), x.array.shape
    axis = None if dim is None else shapes.axis("unique", dim, len(shape))
    if axis is not None and shape and not x.array.size:
        if shape[axis]:
            raise shapes.ShapeError(f"unique: shape {shape} has no elements but parts along axis {axis} are compared; use dim "
                                    f"{shape.index(0)}")
        return (x.detach(), uploaded(x, np.arange(0)), uploaded(x, np.arange(0)))
    found = np.unique(k.download(x.array), return_inverse=True, return_counts=True, axis=axis if shape else None,
                      equal_nan=False)
    places = found[1].reshape(shape if axis is None or not shape else -1)
    return (x.result(k.upload(found[0]), None), uploaded(x, places), uploaded(x, found[2]))


def overwritten(operation: str, x: Any, part: Any, key: tuple[Any, ...]) -> Any:
    """x with `part`, of just the right shape, at a basic key."""
    shapes.same(operation, "the shape of src", part.array.shape, Index(key)(x).array.shape, "give a src of the part's shape")
    if part.array.dtype != x.array.dtype:
        part = cast(part, x.array.dtype)
    return Overwrite(key)(x, part)


def bincount(x: Any, weights: Any, least: int) -> Any:
    """The number of times, or the sum of weights, of each integer from 0 on."""
    if x.array.ndim != 1 or x.array.dtype.kind not in "iu" or least < 0:
        raise shapes.KindError(f"bincount: the tensor has shape {x.array.shape} and dtype {x.array.dtype.name}, minlength is "
                               f"{least}, but a vector of integers and at least 0 are needed; use x.flatten().long()")
    values = kernels(x.array).download(x.array)
    extent = max(int(values.max()) + 1 if values.size else 0, least)
    index = checked("bincount", cast(x, shapes.INT64), extent, 0)
    if weights is None:
        weights = filled(index, x.array.shape, 1)
    elif weights.array.dtype != shapes.FLOAT32:
        weights = cast(weights, shapes.FLOAT64)
    shapes.same("bincount", "the shape of weights", weights.array.shape, x.array.shape, "give one for each")
    return reshape(Spread(extent)(as_row(weights.detach()), index), (extent,))
