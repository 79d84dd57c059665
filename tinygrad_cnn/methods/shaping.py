"""A tensor in other shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import shapes
from ..arrays import reread
from ..ops import arrange, composite, layout, reduce, shape
from .names import by_name, each_by_numpy_names


def several(values: tuple[Any, ...]) -> Sequence[int]:
    """`f(2, 3)` and `f((2, 3))` alike: the extents."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], Sequence) else values


@each_by_numpy_names
class Shaping:
    """`x.reshape(2, 3)` and its like."""

    __slots__ = ()
    array: Any
    detach: Any
    ndim: Any
    shape: Any

    @by_name("shape")
    def reshape(self, *target: Any) -> Any:
        """Another shape of the same size; one extent may be -1."""
        return shape.reshape(self, shapes.reshape("reshape", self.array.size, several(target), self.shape))

    @by_name("size")
    def view(self, *target: Any, dtype: Any = None) -> Any:
        """`reshape` that refuses to copy, but for a tensor in channels-last order, which users see as any other. With a
        `dtype`, alone, the memory read as of that dtype, outside the graph."""
        if len(target) == 1 and not isinstance(target[0], (int, np.integer, Sequence)):
            dtype = target[0]
        if dtype is not None:
            made = self.detach()
            made.array = reread(self.array, shapes.dtype_of("view", dtype))
            return made
        wanted = shapes.reshape("view", self.array.size, several(target), self.shape)
        strides = shapes.view_strides(self.shape, self.array.strides, wanted, self.array.itemsize)
        if strides is None and not layout.is_channels_last(self.array):
            raise shapes.ShapeError(f"view: shape {self.shape} cannot be seen as {wanted} without a copy; use reshape")
        return shape.reshape(self, wanted)

    def view_as(self, other: Any) -> Any:
        """`view` under the shape of `other`."""
        return self.view(other.shape)

    def reshape_as(self, other: Any) -> Any:
        """`reshape` to the shape of `other`."""
        return self.reshape(other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Any:
        """Axes `start_dim` to `end_dim` as one."""
        return composite.flatten(self, start_dim, end_dim)

    def ravel(self) -> Any:
        """All elements as a vector."""
        return self.reshape(-1)

    def unflatten(self, dim: int, sizes: Sequence[int]) -> Any:
        """Axis `dim` as several of these extents, one of which may be -1."""
        return arrange.unflatten(self, dim, sizes)

    @by_name("dims")
    def permute(self, *dims: Any) -> Any:
        """The axes in another order; a view."""
        return shape.Permute(shapes.permutation("permute", several(dims), self.ndim))(self)

    def transpose(self, dim0: int, dim1: int) -> Any:
        """Two axes swapped; a view."""
        return composite.transpose(self, dim0, dim1)

    swapaxes = swapdims = transpose

    def movedim(self, source: Any, destination: Any) -> Any:
        """One axis, or several, at other places; a view."""
        return arrange.movedim(self, source, destination)

    moveaxis = movedim

    def t(self) -> Any:
        """The transpose of a matrix."""
        if self.ndim > 2:
            raise shapes.ShapeError(f"t: shape {self.shape} has {self.ndim} axes but 2 is the most; use transpose")
        return self.transpose(0, 1) if self.ndim == 2 else self

    T = property(t)

    @property
    def mT(self) -> Any:
        """Matrices, the last two axes, transposed."""
        return composite.transpose(arrange.at_least("mT", self, 2), -2, -1)

    @by_name("size")
    def expand(self, *size: Any) -> Any:
        """Extents of 1 stretched to `size`, in which -1 keeps an extent; a view."""
        wanted = tuple(several(size))
        own = (-1,) * (len(wanted) - self.ndim) + self.shape
        if len(wanted) < self.ndim or any(n < -1 or n == old == -1 for n, old in zip(wanted, own)):
            raise shapes.ShapeError(f"expand: size {wanted} for shape {self.shape}; give each axis an extent, where -1 "
                                    "keeps one that is there")
        return reduce.expand(self, tuple(old if n == -1 else n for n, old in zip(wanted, own)))

    def expand_as(self, other: Any) -> Any:
        """`expand` to the shape of `other`."""
        return self.expand(other.shape)

    def broadcast_to(self, *size: Any) -> Any:
        """`expand`, PyTorch's other name."""
        return self.expand(*size)

    def unsqueeze(self, dim: int) -> Any:
        """A new axis of extent 1 at `dim`."""
        at = shapes.axis("unsqueeze", dim, self.ndim + 1)
        return self.reshape(*self.shape[:at], 1, *self.shape[at:])

    def squeeze(self, dim: Any = None) -> Any:
        """Without axis `dim`, or several, where their extent is 1; or without all such axes."""
        drop = shapes.axes("squeeze", dim, self.ndim) if dim is None or not isinstance(dim, Sequence) or dim else ()
        return shape.reshape(self, tuple(n for k, n in enumerate(self.shape) if n != 1 or k not in drop))

    def flip(self, *axes: Any, dims: Any = None) -> Any:
        """A copy with these axes turned around."""
        return arrange.flip(self, several(axes if dims is None else (dims,)))

    def fliplr(self) -> Any:
        """A copy with axis 1 turned around."""
        return arrange.flip(arrange.at_least("fliplr", self, 2), (1,))

    def flipud(self) -> Any:
        """A copy with axis 0 turned around."""
        return arrange.flip(arrange.at_least("flipud", self, 1), (0,))

    def rot90(self, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
        """Turned `k` times by 90 degrees, from the first of `dims` towards the second."""
        return arrange.rot90(self, k, dims)

    def roll(self, shifts: Any, dims: Any = None) -> Any:
        """Elements moved along axes, those that leave at one end come in at the other; without `dims` of the flattened
        tensor."""
        return arrange.roll(self, shifts, dims)

    @by_name("repeats")
    def repeat(self, *repeats: Any) -> Any:
        """Copies side by side: so many along each axis; more numbers than axes add axes in front."""
        return arrange.repeat("repeat", self, several(repeats))

    @by_name("dims")
    def tile(self, *dims: Any) -> Any:
        """`repeat` in which fewer numbers than axes are those of the last axes."""
        counts = tuple(several(dims))
        return arrange.repeat("tile", self, (1,) * (self.ndim - len(counts)) + counts)

    def repeat_interleave(self, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Any:
        """Each element along `dim` (of the flattened tensor without) so many times in a row: a number, or one each."""
        return arrange.repeat_interleave(self, repeats, dim)

    def tril(self, diagonal: int = 0) -> Any:
        """Zeros above a diagonal of each matrix."""
        return arrange.triangle("tril", self, diagonal)

    def triu(self, diagonal: int = 0) -> Any:
        """Zeros below a diagonal of each matrix."""
        return arrange.triangle("triu", self, diagonal)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        """A diagonal of two axes as the last axis; a view."""
        return arrange.diagonal(self, offset, dim1, dim2)

    def diag(self, diagonal: int = 0) -> Any:
        """A diagonal of a matrix, or the matrix that has a vector as its diagonal."""
        return arrange.diag(self, diagonal)

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
        """Matrices of zeros that have the last axis as a diagonal."""
        return arrange.diag_embed(self, offset, dim1, dim2)

    def unfold(self, dimension: int, size: int, step: int) -> Any:
        """All windows of `size` along an axis, `step` apart, as a new last axis."""
        return arrange.unfold(self, dimension, size, step)
