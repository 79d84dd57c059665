"""Arrays that are not numpy's: a memory, an offset, a shape and strides. And the questions asked of both kinds."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import indices, shapes


class Array:
    """Elements of `dtype` in a memory, `strides` bytes apart: what CUDA and meta tensors hold.

    Views (transpose, index) share the memory. Its `memory.device` names the device; the rest only that device knows.
    """

    __slots__ = ("__weakref__", "dtype", "memory", "offset", "shape", "strides")

    def __init__(self, memory: Any, shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...] | None = None,
                 offset: int = 0) -> None:
        self.memory, self.offset, self.shape, self.dtype = memory, offset, tuple(shape), np.dtype(dtype)
        self.strides = shapes.contiguous_strides(shape, self.dtype.itemsize) if strides is None else tuple(strides)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def transpose(self, axes: tuple[int, ...]) -> Array:
        """The same elements with the axes in another order."""
        return Array(self.memory, tuple(self.shape[k] for k in axes), self.dtype,
                     tuple(self.strides[k] for k in axes), self.offset)

    def __getitem__(self, key: Any) -> Array:
        """Basic indexing; the result is a view."""
        offset, shape, strides, _ = indices.basic(self.shape, self.strides, key)
        return Array(self.memory, shape, self.dtype, strides, self.offset + offset)

    def __repr__(self) -> str:
        return f"Array(shape={self.shape}, dtype={self.dtype.name}, strides={self.strides})"


def is_tensor(value: Any) -> bool:
    """Whether it is a Tensor, known by its place in the graph, and no number or array."""
    return hasattr(value, "node")


def is_contiguous(a: Any) -> bool:
    """Whether the elements lie in row-major order without gaps."""
    if isinstance(a, np.ndarray):
        return a.flags.c_contiguous
    return shapes.is_contiguous(a.shape, a.strides, a.itemsize)


def strided(a: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """The elements of `a` read with another shape and other strides (bytes); nothing is checked."""
    if isinstance(a, np.ndarray):
        if a.flags.c_contiguous:  # several times faster than as_strided
            return np.ndarray(shape, a.dtype, a, 0, strides)
        return as_strided(a, shape, strides)
    return Array(a.memory, shape, a.dtype, strides, a.offset)


def view(a: Any, shape: tuple[int, ...]) -> Any | None:
    """`a` under another shape of the same size, or None if only a copy can have it."""
    if isinstance(a, np.ndarray) and a.flags.c_contiguous:
        return a.reshape(shape)
    strides = shapes.view_strides(a.shape, a.strides, shape, a.itemsize)
    return None if strides is None else strided(a, shape, strides)


def reread(a: Any, dtype: Any) -> Any:
    """The memory of `a` read as elements of another dtype: more or fewer of them along the last axis."""
    size, new = a.itemsize, dtype.itemsize
    fits = size == new or (a.ndim and a.strides[-1] == size and a.shape[-1] * size % new == 0
                           and (new < size or all(s % new == 0 for s in a.strides[:-1])))
    if not fits:
        raise shapes.ShapeError(f"view: shape {a.shape} of {a.dtype.name} cannot be read as {dtype.name}; make the last axis "
                                "contiguous, and of an even length")
    if isinstance(a, np.ndarray):
        return a.view(dtype)
    shape = a.shape if size == new else (*a.shape[:-1], a.shape[-1] * size // new)
    return Array(a.memory, shape, dtype, a.strides if size == new else (*a.strides[:-1], new), a.offset)


def shares_memory(a: Any, b: Any) -> bool:
    """Whether writing to one can change the other; may answer yes where only the memory's block is shared."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.may_share_memory(a, b)
    return not isinstance(b, np.ndarray) and a.memory is not None and a.memory is b.memory
