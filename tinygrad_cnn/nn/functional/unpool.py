"""The reverse of max pooling with places, in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...creation import zeros
from ...ops.select import scatter
from ...shapes import INT64, Shape, ShapeError, spatial
from ...tensor import Tensor
from .checks import Size, batched


def max_unpool1d(input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
                 output_size: Sequence[int] | None = None) -> Tensor:
    """Zeros, with the elements of input (n, c, w) or (c, w) at the int64 places that `max_pool1d` told."""
    return max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
                 output_size: Sequence[int] | None = None) -> Tensor:
    """Zeros, with the elements of input (n, c, h, w) or (c, h, w) at the int64 places that `max_pool2d` told."""
    return max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
                 output_size: Sequence[int] | None = None) -> Tensor:
    """Zeros, with the elements of input (n, c, d, h, w) or (c, d, h, w) at the int64 places that `max_pool3d` told."""
    return max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def max_unpool(rank: int, input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None, padding: Size,
               output_size: Sequence[int] | None) -> Tensor:
    """`max_unpool1d`, `max_unpool2d` or `max_unpool3d`, by `rank`. Of several elements for one place the last counts.

    `output_size` (the spatial extents, or the whole shape) may differ from (extent - 1) * stride - 2 * padding + kernel by
    less than the stride. Raises where it does not, and where a place lies outside.
    """
    name = f"max_unpool{rank}d"
    if indices.dtype != INT64 or indices.shape != input.shape:
        raise ShapeError(f"{name}: indices are {indices.dtype.name} of shape {indices.shape} but int64 of shape "
                         f"{input.shape} are needed; take those of max_pool{rank}d")
    x, single = batched(name, input, rank)
    size = _size(name, x.shape[2:], spatial(name, "kernel_size", kernel_size, rank, 1),
                 None if stride is None else spatial(name, "stride", stride, rank, 1),
                 spatial(name, "padding", padding, rank), None if output_size is None else tuple(output_size))
    n, c = x.shape[:2]
    flat = n, c, prod(x.shape[2:])
    out = scatter(zeros((n, c, prod(size)), device=x.device, dtype=x.dtype), 2, indices.reshape(flat), x.reshape(flat))
    out = out.reshape(n, c, *size)
    return out[0] if single else out


def _size(name: str, extents: Shape, kernel: Shape, stride: Shape | None, padding: Shape, wanted: Shape | None) -> Shape:
    """The extents of the result."""
    step = kernel if stride is None else stride
    usual = tuple((n - 1) * s - 2 * p + k for n, s, p, k in zip(extents, step, padding, kernel))
    if wanted is None:
        return usual
    found = wanted[-len(extents):]
    fits = all(u - s < n < u + s for n, u, s in zip(found, usual, step))
    if len(wanted) not in (len(extents), len(extents) + 2) or not fits:
        raise ShapeError(f"{name}: output_size is {wanted} but must differ from {usual} by less than the stride {step}; choose "
                         "such a size")
    return found
