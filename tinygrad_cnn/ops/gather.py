"""Elements picked by their places, and their adjoint: what goes to one place is found by sorting, and added in order.

Here x is (outer, picked, inner) and `index` names places along the middle axis. Kernels: gather.py, segments.py.
"""

from __future__ import annotations

from typing import Any

from .. import indices, shapes
from ..arrays import view
from ..autograd import Function
from ..devices import device_of, kernels, same_device
from . import layout
from .elementwise import cast
from .making import filled
from .shape import reshape


class BoundsKindError(shapes.KindError, indices.BoundsError):
    """An index of a dtype that names no elements."""


class Take(Function):
    """out[a, m, c] = x[a, index[m], c]"""

    saves = ("index",)

    def forward(self, x: Any, index: Any) -> Any:
        self.extent = x.shape[1]
        k = kernels(x)
        out = k.empty((x.shape[0], index.size, x.shape[2]), x.dtype)
        k.gather.rows(out, layout.contiguous(x), layout.contiguous(index))
        return out

    def backward(self, g: Any) -> Any:
        return Spread(self.extent)(g, self.index), None  # type: ignore[attr-defined]


class Spread(Function):
    """out[a, j, c] = the sum of g[a, m, c] over all m with index[m] == j, for j below `extent`: the adjoint of Take."""

    saves = ("index",)

    def __init__(self, extent: int) -> None:
        self.extent = extent

    def forward(self, g: Any, index: Any) -> Any:
        k = kernels(g)
        out = k.empty((g.shape[0], self.extent, g.shape[2]), g.dtype)
        k.segments.add(out, layout.contiguous(g), *segments(index, self.extent))
        return out

    def backward(self, g: Any) -> Any:
        return Take()(g, self.index), None  # type: ignore[attr-defined]


class Write(Function):
    """A copy of `x` in which out[a, index[m], c] = part[a, m, c]; of several for one place the last counts. Each of them
    receives the gradient of the place, as in PyTorch."""

    saves = ("index",)

    def forward(self, x: Any, part: Any, index: Any) -> Any:
        k = kernels(x)
        out = k.empty(x.shape, x.dtype)
        k.copy.copy(out, x)
        overwrite(out, part, index)
        self.part = part.shape
        return out

    def backward(self, g: Any) -> Any:
        index = self.index  # type: ignore[attr-defined]
        return Write()(g, filled(g, self.part, 0), index), Take()(g, index), None


def overwrite(out: Any, part: Any, index: Any) -> None:
    """out[a, index[m], c] = part[a, m, c] in the memory of a C-contiguous array."""
    kernels(out).segments.write(out, layout.contiguous(part), *segments(index, out.shape[1]))


def segments(index: Any, extent: int) -> tuple[Any, Any]:
    """(order, starts): the places m sorted by index[m]; where those of each of `extent` numbers begin and end."""
    k = kernels(index)
    order, starts = k.empty(index.shape, shapes.INT64), k.empty((extent + 1,), shapes.INT64)
    k.segments.sort(order, starts, layout.contiguous(index))
    return order, starts


def checked(operation: str, index: Any, extent: int, axis: int, negative: bool = False, wide: bool = False) -> Any:
    """`index` as int64, counted from the front; refuses what names no element, and int32 if `wide`. It is looked at on
    the host."""
    if index.array.dtype != shapes.INT64 and (wide or index.array.dtype != shapes.INT32):
        raise BoundsKindError(f"{operation}: index has dtype {index.array.dtype.name} but int64{'' if wide else ' or int32'} "
                              "is needed; use index.long()")
    if device_of(index.array) == "meta":
        return cast(index, shapes.INT64)
    k = kernels(index.array)
    values = k.download(index.array)
    found = indices.within(operation, values, extent, axis, negative)
    return cast(index if found is values else index.result(k.upload(found), None), shapes.INT64)


def aligned(operation: str, x: Any, axis: int, index: Any) -> tuple[tuple[slice, ...], Any]:
    """(the part of x that index can reach, as a key; the flat places in it of x[..., index[..., m, ...], ...])."""
    shape, wanted = x.array.shape, index.array.shape
    if len(wanted) != len(shape):
        raise shapes.ShapeError(f"{operation}: index has {len(wanted)} axes but the tensor of shape {shape} has "
                                f"{len(shape)}; give an index of as many axes")
    if any(m > n for k, (m, n) in enumerate(zip(wanted, shape)) if k != axis):
        raise shapes.ShapeError(f"{operation}: index has shape {wanted} but the tensor {shape}; make its extents at most "
                                f"those of the tensor, except along axis {axis}")
    same_device(operation, x.array, index.array)
    index = checked(operation, index, shape[axis], axis)
    k = kernels(index.array)
    places = k.empty(wanted, shapes.INT64)
    rows = shapes.around(wanted, axis)
    k.gather.places(view(places, rows), view(layout.contiguous(index.array), rows), shape[axis])
    key = tuple(slice(None) if i == axis else slice(0, n) for i, n in enumerate(wanted))
    return key, index.result(view(places, (places.size,)), None)


def as_row(x: Any) -> Any:
    """All elements as the middle axis of three."""
    return reshape(x, (1, x.array.size, 1))
