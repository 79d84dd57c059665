"""Elements in another order, repeated, or part of them as zeros: compositions of views and of what copies them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from .. import shapes
from ..arrays import is_tensor, shares_memory, strided
from ..autograd import Function
from ..devices import kernels
from .concat import Concat
from .elementwise import apply, cast
from .gather import Spread, Take, checked
from .index import Index, uploaded
from .reduce import expand
from .shape import Clone, Permute, reshape


class Diagonal(Function):
    """out[..., i] = x[..., i - min(offset, 0), i + max(offset, 0)] of the last two axes; a view."""

    view = True

    def __init__(self, offset: int) -> None:
        self.offset = offset

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return along_diagonal(x, self.offset)

    def backward(self, g: Any) -> Any:
        return DiagonalMatrix(self.offset, self.shape[-2:])(g)


class DiagonalMatrix(Function):
    """Matrices of zeros, of the shape `size`, with the last axis of x on a diagonal: the adjoint of Diagonal."""

    def __init__(self, offset: int, size: tuple[int, ...]) -> None:
        self.offset, self.size = offset, size

    def forward(self, x: Any) -> Any:
        k = kernels(x)
        out = k.empty((*x.shape[:-1], *self.size), x.dtype)
        k.copy.fill(out, 0)
        k.copy.copy(along_diagonal(out, self.offset), x)
        return out

    def backward(self, g: Any) -> Any:
        return Diagonal(self.offset)(g)


def along_diagonal(x: Any, offset: int) -> Any:
    """The view of an array along a diagonal of its last two axes."""
    part = x[(..., slice(max(-offset, 0), None), slice(max(offset, 0), None))]
    (rows, columns), (down, right) = part.shape[-2:], part.strides[-2:]
    return strided(part, (*part.shape[:-2], min(rows, columns)), (*part.strides[:-2], down + right))


def at_least(operation: str, x: Any, rank: int) -> Any:
    """`x`, refused if it has fewer axes."""
    if x.array.ndim < rank:
        raise shapes.ShapeError(f"{operation}: shape {x.array.shape} has {x.array.ndim} axes but {rank} is the least; use "
                                "unsqueeze")
    return x


def unflatten(x: Any, dim: int, sizes: Sequence[int]) -> Any:
    """Axis `dim` as several."""
    axis, shape = shapes.axis("unflatten", dim, x.array.ndim), x.array.shape
    if not len(sizes):
        raise shapes.ShapeError(f"unflatten: sizes {sizes} for axis {axis} of shape {shape}; give at least one")
    wanted = shapes.reshape("unflatten", shape[axis], sizes, (shape[axis],))
    return reshape(x, (*shape[:axis], *wanted, *shape[axis + 1:]))


def movedim(x: Any, source: Any, destination: Any) -> Any:
    """Axes at other places, the others in their order."""
    whole = isinstance(source, int) and isinstance(destination, int)
    given, wanted = ((source,), (destination,)) if whole else (tuple(source), tuple(destination))
    rank = x.array.ndim
    given = tuple(shapes.axis("movedim", k, rank) for k in given)
    wanted = tuple(shapes.axis("movedim", k, rank) for k in wanted)
    if len(given) != len(wanted) or len(set(given)) != len(given) or len(set(wanted)) != len(wanted):
        raise shapes.ShapeError(f"movedim: source {source} and destination {destination}; name as many axes, each once")
    rest = iter(k for k in range(rank) if k not in given)
    places = dict(zip(wanted, given))
    return Permute(tuple(places[k] if k in places else next(rest) for k in range(rank)))(x)


def flip(x: Any, dims: Sequence[int]) -> Any:
    """A copy with some axes turned around."""
    turned = shapes.axes("flip", dims, x.array.ndim) if len(dims) else ()
    return Clone()(Index(tuple(slice(None, None, -1 if k in turned else 1) for k in range(x.array.ndim)))(x))


def rot90(x: Any, k: int, dims: Sequence[int]) -> Any:
    """Turned by right angles in the plane of two axes."""
    if len(dims) != 2 or x.array.ndim < 2:
        raise shapes.ShapeError(f"rot90: dims {tuple(dims)} of shape {x.array.shape}; name two different axes")
    a, b = (shapes.axis("rot90", d, x.array.ndim) for d in dims)
    if a == b:
        raise shapes.ShapeError(f"rot90: dims {tuple(dims)} of shape {x.array.shape}; name two different axes")
    if k % 4 == 2:
        return flip(x, (a, b))
    if k % 4 == 0:
        return Clone()(x)
    order = list(range(x.array.ndim))
    order[a], order[b] = b, a
    return flip(Permute(tuple(order))(x), (a,) if k % 4 == 1 else (b,))


def roll(x: Any, shifts: Any, dims: Any) -> Any:
    """Elements moved around along axes."""
    steps = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or (not isinstance(dims, int) and not len(dims)):
        if len(steps) != 1:
            raise shapes.ShapeError(f"roll: {len(steps)} shifts but no dims; name an axis for each shift")
        return reshape(roll(reshape(x, (x.array.size,)), steps, 0), x.array.shape)
    axes = [shapes.axis("roll", d, x.array.ndim) for d in ((dims,) if isinstance(dims, int) else dims)]
    if len(axes) != len(steps):
        raise shapes.ShapeError(f"roll: {len(steps)} shifts but {len(axes)} dims; name an axis for each shift")
    for step, axis in zip(steps, axes):
        full = (slice(None),) * axis
        cut = -step % max(x.array.shape[axis], 1)
        x = Concat(axis)(Index((*full, slice(cut, None)))(x), Index((*full, slice(0, cut)))(x))
    return x


def repeat(operation: str, x: Any, counts: Sequence[int]) -> Any:
    """Copies side by side along each axis."""
    if len(counts) < x.array.ndim or any(n < 0 for n in counts):
        raise shapes.ShapeError(f"{operation}: repeats {tuple(counts)} for shape {x.array.shape}; give a number of at least "
                                "0 for each axis")
    shape = (1,) * (len(counts) - x.array.ndim) + x.array.shape
    apart = reshape(x, tuple(n for extent in shape for n in (1, extent)))
    stretched = expand(apart, tuple(n for pair in zip(counts, shape) for n in pair))
    side_by_side = reshape(stretched, tuple(n * extent for n, extent in zip(counts, shape)))
    return Clone()(side_by_side) if shares_memory(side_by_side.array, x.array) else side_by_side


def repeat_interleave(x: Any, repeats: Any, dim: int | None) -> Any:
    """Each element along an axis several times in a row."""
    if dim is None:
        x, dim = reshape(x, (x.array.size,)), 0
    axis, shape = shapes.axis("repeat_interleave", dim, x.array.ndim), x.array.shape
    counts = np.atleast_1d(kernels(repeats.array).download(repeats.array) if is_tensor(repeats) else np.asarray(repeats))
    if counts.ndim != 1 or len(counts) not in (1, shape[axis]) or counts.min(initial=0) < 0 or counts.dtype.kind not in "iu":
        raise shapes.ShapeError(f"repeat_interleave: repeats has shape {counts.shape} for {shape[axis]} elements along axis "
                                f"{axis}; give one integer of at least 0, or one for each")
    places = uploaded(x, np.repeat(np.arange(shape[axis]), counts))
    rows = Take()(reshape(x, shapes.around(shape, axis)), checked("repeat_interleave", places, max(shape[axis], 1), axis))
    return reshape(rows, (*shape[:axis], places.array.size, *shape[axis + 1:]))


def triangle(operation: str, x: Any, diagonal: int) -> Any:
    """Zeros on the other side of a diagonal."""
    shape = at_least(operation, x, 2).array.shape
    rows, columns = uploaded(x, np.arange(shape[-2]).reshape(-1, 1) + diagonal), uploaded(x, np.arange(shape[-1]))
    return apply("where", apply("ge" if operation == "tril" else "le", rows, columns), x, False)


def diagonal(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """A diagonal of two axes as the last axis."""
    rank = x.array.ndim
    a, b = shapes.axis("diagonal", dim1, rank), shapes.axis("diagonal", dim2, rank)
    if a == b:
        raise shapes.ShapeError(f"diagonal: dim1 {dim1} and dim2 {dim2} of shape {x.array.shape} are the same axis; name two")
    order = (*(k for k in range(rank) if k not in (a, b)), a, b)
    return Diagonal(offset)(Permute(order)(x))


def diag_embed(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """Matrices of zeros with the last axis on a diagonal of two new axes."""
    rank, n = x.array.ndim + 1, x.array.shape[-1] + abs(offset)
    a, b = shapes.axis("diag_embed", dim1, rank), shapes.axis("diag_embed", dim2, rank)
    if a == b:
        raise shapes.ShapeError(f"diag_embed: dim1 {dim1} and dim2 {dim2} are the same axis; name two")
    return movedim(DiagonalMatrix(offset, (n, n))(x), (rank - 2, rank - 1), (a, b))


def diag(x: Any, offset: int) -> Any:
    """A copy of a matrix's diagonal, or the matrix of a vector."""
    if x.array.ndim not in (1, 2):
        raise shapes.ShapeError(f"diag: shape {x.array.shape} has {x.array.ndim} axes but 1 or 2 are needed; use diagonal")
    return Clone()(Diagonal(offset)(x)) if x.array.ndim == 2 else diag_embed(x, offset, 0, 1)


class Windows(Function):
    """out[..., i, ..., k] = x[..., i * step + k, ...] along `axis` for k below `size`; a view."""

    view = True

    def __init__(self, axis: int, size: int, step: int) -> None:
        self.axis, self.size, self.step = axis, size, step

    def forward(self, x: Any) -> Any:
        axis, self.shape = self.axis, x.shape
        count = (x.shape[axis] - self.size) // self.step + 1
        strides = (*x.strides[:axis], x.strides[axis] * self.step, *x.strides[axis + 1:], x.strides[axis])
        return strided(x, (*x.shape[:axis], count, *x.shape[axis + 1:], self.size), strides)

    def backward(self, g: Any) -> Any:
        outer, extent, inner = shapes.around(self.shape, self.axis)
        starts = np.arange(g.array.shape[self.axis]) * self.step
        places = uploaded(g, (starts[:, None] + np.arange(self.size)).reshape(-1))
        rows = reshape(movedim(g, g.array.ndim - 1, self.axis + 1), (outer, places.array.size, inner))
        return reshape(Spread(extent)(rows, places), self.shape)


def unfold(x: Any, dim: int, size: int, step: int) -> Any:
    """Windows along an axis, as a new last axis."""
    axis, shape = shapes.axis("unfold", dim, x.array.ndim), x.array.shape or (1,)
    if not 0 <= size <= shape[axis] or step < 1:
        raise shapes.ShapeError(f"unfold: size {size} and step {step} for axis {axis} of shape {shape}; use a size of 0 to "
                                f"{shape[axis]} and a step of at least 1")
    if not x.array.ndim:
        return reshape(Windows(0, size, step)(reshape(x, (1,))), (size,))
    return Windows(axis, size, step)(x)


def pixel_shuffle(x: Any, factor: int) -> Any:
    """(..., c * factor^2, h, w) as (..., c, h * factor, w * factor)."""
    shape = x.array.shape
    if len(shape) < 3 or factor < 1 or shape[-3] % factor**2:
        raise shapes.ShapeError(f"pixel_shuffle: upscale_factor {factor} for shape {shape}; give (..., channels, h, w) whose "
                                "channels the square of the factor divides")
    *lead, c, h, w = shape
    apart = reshape(x, (prod(lead), c // factor**2, factor, factor, h, w))
    return reshape(Permute((0, 1, 4, 2, 5, 3))(apart), (*lead, c // factor**2, h * factor, w * factor))


def pixel_unshuffle(x: Any, factor: int) -> Any:
    """(..., c, h * factor, w * factor) as (..., c * factor^2, h, w)."""
    shape = x.array.shape
    if len(shape) < 3 or factor < 1 or shape[-2] % factor or shape[-1] % factor:
        raise shapes.ShapeError(f"pixel_unshuffle: downscale_factor {factor} for shape {shape}; give (..., channels, h, w) "
                                "whose h and w the factor divides")
    *lead, c, h, w = shape
    apart = reshape(x, (prod(lead), c, h // factor, factor, w // factor, factor))
    return reshape(Permute((0, 1, 3, 5, 2, 4))(apart), (*lead, c * factor**2, h // factor, w // factor))


def joined(operation: str, tensors: Sequence[Any], dim: int) -> Any:
    """Side by side along an axis, in the common dtype. Empty vectors are passed over, whatever the others' shape."""
    only_tensors(operation, tensors)
    for k, t in enumerate(tensors):
        if not t.array.ndim:
            raise shapes.ShapeError(f"{operation}: tensor {k} has no axes but at least one is needed; use stack, or "
                                    "unsqueeze(0)")
    dtype = shapes.promote(*[(t.array.dtype, 1) for t in tensors])
    whole = [t for t in tensors if t.array.shape != (0,)] or list(tensors[:1])
    axis = shapes.axis(operation, dim, whole[0].array.ndim)
    return Concat(axis)(*[cast(t, dtype) for t in whole])


def only_tensors(operation: str, tensors: Sequence[Any]) -> None:
    """Refuse what is no sequence of tensors."""
    if is_tensor(tensors):
        raise TypeError(f"{operation}: tensors is one tensor but a list of them is needed; use {operation}([a, b])")
    if not len(tensors):
        raise shapes.ShapeError(f"{operation}: 0 tensors were given but at least 1 is needed; give a list of tensors")
    for k, t in enumerate(tensors):
        if not is_tensor(t):
            raise TypeError(f"{operation}: tensor {k} is {type(t).__name__} but a tensor is needed; use tg.tensor(...)")
