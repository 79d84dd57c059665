"""Functions of shapes, and of several tensors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import shapes
from ..creation import arange, written
from ..methods.names import numpy_names
from ..ops.arrange import joined, only_tensors
from ..tensor import Tensor
from .method import method, of_tensors


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors laid side by side along `dim`, in their common dtype; all other extents are equal. A vector without
    elements may stand beside any shape."""
    found = joined("cat", tensors, dim)
    return found if out is None else written("cat", found, out)


concat = concatenate = cat


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors of one shape side by side along a new axis `dim`."""
    only_tensors("stack", tensors)
    for t in tensors:
        shapes.same("stack", "the shape of a tensor", t.shape, tensors[0].shape, "give tensors of one shape")
    found = joined("stack", [t.unsqueeze(dim) for t in tensors], dim)
    return found if out is None else written("stack", found, out)


def atleast_1d(*tensors: Any) -> Any:
    """The tensors, or the one, with at least one axis."""
    return _each(lambda t: t.reshape(1) if t.ndim == 0 else t, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """The tensors, or the one, with at least two axes: a vector becomes a row."""
    return _each(lambda t: t.reshape(1, -1) if t.ndim < 2 else t, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """The tensors, or the one, with at least three axes: a matrix becomes (rows, columns, 1)."""
    return _each(lambda t: t.reshape(1, -1, 1) if t.ndim < 2 else t.unsqueeze(-1) if t.ndim == 2 else t, tensors)


def _each(change: Any, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return change(tensors[0])
    several = tensors[0] if len(tensors) == 1 else tensors
    return tuple(change(t) for t in several)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side along axis 1, vectors along axis 0."""
    whole = atleast_1d(tensors)
    return joined("hstack", whole, 0 if not len(whole) or whole[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other along axis 0; vectors are rows."""
    return joined("vstack", atleast_2d(tensors), 0)


row_stack = vstack


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other along axis 2."""
    return joined("dstack", atleast_3d(tensors), 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side along axis 1; vectors are columns."""
    return joined("column_stack", [t.reshape(-1, 1) if t.ndim < 2 else t for t in tensors], 1)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors stretched to their common shape; views."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    shape = shapes.broadcast("broadcast_tensors", *[t.shape for t in given])
    return tuple(t.expand(shape) for t in given)


def broadcast_shapes(*sizes: Any) -> tuple[int, ...]:
    """The common shape of several."""
    return shapes.broadcast("broadcast_shapes", *[(n,) if isinstance(n, int) else tuple(n) for n in sizes])


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """For vectors x, y, ... the coordinates of all points (x[i], y[j], ...), an array for each: [i, j, ...], or with
    indexing="xy" [j, i, ...]."""
    given = list(tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors)
    if indexing not in ("ij", "xy"):
        raise shapes.ShapeError(f"meshgrid: indexing is {indexing!r} but 'ij' or 'xy' is needed; use 'ij'")
    if not given or any(t.ndim > 1 for t in given):
        raise shapes.ShapeError(f"meshgrid: shapes {[t.shape for t in given]} are given but vectors are needed; flatten them")
    if any(t.dtype != given[0].dtype for t in given):
        raise shapes.KindError(f"meshgrid: dtypes {[t.dtype.name for t in given]} differ but one is needed; convert them")
    turned = indexing == "xy" and len(given) > 1
    if turned:
        given[:2] = given[1::-1]
    size = tuple(t.numel() for t in given)
    grids = [t.reshape((1,) * k + (-1,) + (1,) * (len(size) - 1 - k)).expand(size) for k, t in enumerate(given)]
    if turned:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Tensor)


broadcast_to, flatten, ravel, unflatten, reshape = map(method, ("broadcast_to", "flatten", "ravel", "unflatten", "reshape"))
permute, transpose, swapaxes, swapdims = map(method, ("permute", "transpose", "swapaxes", "swapdims"))
movedim, moveaxis, t = map(method, ("movedim", "moveaxis", "t"))
squeeze, unsqueeze, clone = map(method, ("squeeze", "unsqueeze", "clone"))
flip, fliplr, flipud, rot90, roll = map(method, ("flip", "fliplr", "flipud", "rot90", "roll"))
tile = method("tile")


@of_tensors
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element along `dim` (of the flattened tensor without) so many times in a row: a number, or one each. Of a vector
    of counts alone: the place of each count so many times."""
    if repeats is None:
        return arange(input.numel(), device=input.device).repeat_interleave(input, 0)
    return input.repeat_interleave(repeats, dim, output_size=output_size)


tril, triu, diagonal, diag, diag_embed = map(method, ("tril", "triu", "diagonal", "diag", "diag_embed"))
