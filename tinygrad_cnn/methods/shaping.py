"""A tensor in other shapes and in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import shapes
from ..ops import composite, concat, index, reduce, shape


def several(values: tuple[Any, ...]) -> Sequence[int]:
    """`f(2, 3)` and `f((2, 3))` alike: the extents."""
    return tuple(values[0]) if len(values) == 1 and not isinstance(values[0], (int, np.integer)) else values


class Shaping:
    """`x.reshape(2, 3)` and its like."""

    __slots__ = ()
    data: Any
    ndim: Any
    shape: Any

    def reshape(self, *target: Any) -> Any:
        """Another shape of the same size; one extent may be -1."""
        return shape.reshape(self, shapes.reshape("reshape", self.data.size, several(target), self.shape))

    def view(self, *target: Any) -> Any:
        """`reshape` that refuses to copy."""
        wanted = shapes.reshape("view", self.data.size, several(target), self.shape)
        if shapes.view_strides(self.shape, self.data.strides, wanted, self.data.itemsize) is None:
            raise shapes.ShapeError(f"view: shape {self.shape} cannot be seen as {wanted} without a copy; use reshape")
        return shape.reshape(self, wanted)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Any:
        """Axes `start_dim` to `end_dim` as one."""
        return composite.flatten(self, start_dim, end_dim)

    def permute(self, *order: Any) -> Any:
        """The axes in another order; a view."""
        return shape.Permute(shapes.permutation("permute", several(order), self.ndim))(self)

    def transpose(self, dim0: int, dim1: int) -> Any:
        """Two axes swapped; a view."""
        return composite.transpose(self, dim0, dim1)

    def t(self) -> Any:
        """The transpose of a matrix."""
        if self.ndim > 2:
            raise shapes.ShapeError(f"t: shape {self.shape} has {self.ndim} axes but 2 is the most; use transpose")
        return self.transpose(0, 1) if self.ndim == 2 else self

    T = property(t)

    def expand(self, *target: Any) -> Any:
        """Extents of 1 stretched to `target`, in which -1 keeps an extent; a view."""
        wanted = tuple(several(target))
        own = (-1,) * (len(wanted) - self.ndim) + self.shape
        return reduce.expand(self, tuple(old if n == -1 else n for n, old in zip(wanted, own)))

    def unsqueeze(self, dim: int) -> Any:
        """A new axis of extent 1 at `dim`."""
        at = shapes.axis("unsqueeze", dim, self.ndim + 1)
        return self.reshape(*self.shape[:at], 1, *self.shape[at:])

    def squeeze(self, dim: int | None = None) -> Any:
        """Without axis `dim` if its extent is 1, or without all such axes."""
        drop = range(self.ndim) if dim is None else (shapes.axis("squeeze", dim, self.ndim),)
        return shape.reshape(self, tuple(n for k, n in enumerate(self.shape) if n != 1 or k not in drop))

    def split(self, size: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
        """Views of `size` elements (the last may have fewer), or of the given sizes, along `dim`."""
        at = shapes.axis("split", dim, self.ndim)
        n = self.shape[at]
        sizes = tuple(min(size, n - k) for k in range(0, n, size)) if isinstance(size, int) else tuple(size)
        return concat.split(self, sizes, at)

    def __getitem__(self, key: Any) -> Any:
        return index.Index(key)(self)
