"""Pooling in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...ops import adaptive as _adaptive
from ...ops import pool as _pool
from ...shapes import Shape, ShapeError, spatial
from ...tensor import Tensor
from .checks import Size, batched

Wanted = int | None | Sequence[int | None]


def max_pool1d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest element of each window of input (n, c, w); `stride` None means `kernel_size`.

    With `return_indices` also, as int64, where it lies in the flattened spatial axes.
    """
    return max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest element of each window of input (n, c, h, w); `stride` None means `kernel_size`.

    With `return_indices` also, as int64, where it lies in the flattened spatial axes.
    """
    return max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest element of each window of input (n, c, d, h, w); `stride` None means `kernel_size`.

    With `return_indices` also, as int64, where it lies in the flattened spatial axes.
    """
    return max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool(rank: int, input: Tensor, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size,
             ceil_mode: bool, return_indices: bool) -> Any:
    """`max_pool1d`, `max_pool2d` or `max_pool3d`, by `rank`."""
    name = f"max_pool{rank}d"
    input, single = batched(name, input, rank)
    kernel, step = _window(name, kernel_size, stride, rank)
    found = _pool.max_pool(input, kernel, step, spatial(name, "padding", padding, rank),
                           spatial(name, "dilation", dilation, rank, 1), ceil_mode, return_indices)
    return _sample(found) if single else found


def avg_pool1d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:
    """The mean of each window of input (n, c, w); `stride` None means `kernel_size`."""
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of input (n, c, h, w); `stride` None means `kernel_size`."""
    return avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of input (n, c, d, h, w); `stride` None means `kernel_size`."""
    return avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool(rank: int, input: Tensor, kernel_size: Size, stride: Size | None, padding: Size, ceil_mode: bool,
             count_include_pad: bool, divisor_override: int | None) -> Tensor:
    """`avg_pool1d`, `avg_pool2d` or `avg_pool3d`, by `rank`."""
    name = f"avg_pool{rank}d"
    input, single = batched(name, input, rank)
    kernel, step = _window(name, kernel_size, stride, rank)
    if rank == 3 and any(n < k for n, k in zip(input.shape[2:], kernel)):
        raise ShapeError(f"{name}: the window {kernel} is larger than the input {input.shape}; use a smaller kernel")
    out = _pool.average_pool(input, kernel, step, spatial(name, "padding", padding, rank), ceil_mode,
                             count_include_pad, divisor_override)
    return out[0] if single else out


def _window(name: str, kernel_size: Size, stride: Size | None, rank: int) -> tuple[Shape, Shape]:
    """(kernel, stride), one number for each axis; a stride of None is the kernel."""
    kernel = spatial(name, "kernel_size", kernel_size, rank, 1)
    given = stride is not None and not (isinstance(stride, Sequence) and not stride)
    return kernel, spatial(name, "stride", stride, rank, 1) if given and stride is not None else kernel


def _sample(found: Any) -> Any:
    """A result, or several, without the batch of 1."""
    return tuple(t[0] for t in found) if isinstance(found, tuple) else found[0]


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None = None,
              ceil_mode: bool = False) -> Tensor:
    """The `norm_type`-norm of each window of input (n, c, w): (sum of x ** p) ** (1 / p)."""
    return lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None = None,
              ceil_mode: bool = False) -> Tensor:
    """The `norm_type`-norm of each window of input (n, c, h, w): (sum of x ** p) ** (1 / p)."""
    return lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None = None,
              ceil_mode: bool = False) -> Tensor:
    """The `norm_type`-norm of each window of input (n, c, d, h, w): (sum of x ** p) ** (1 / p)."""
    return lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool(rank: int, input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None,
            ceil_mode: bool) -> Tensor:
    """`lp_pool1d`, `lp_pool2d` or `lp_pool3d`, by `rank`. A window that hangs over the end counts as a whole one, and a
    negative sum gives 0, as in PyTorch."""
    kernel, step = _window(f"lp_pool{rank}d", kernel_size, stride, rank)
    means = avg_pool(rank, input ** norm_type, kernel, step, 0, ceil_mode, True, None)
    return (means.relu() * prod(kernel)) ** (1 / norm_type)


def adaptive_avg_pool1d(input: Tensor, output_size: Wanted) -> Tensor:
    """The means of `output_size` windows, evenly laid over input (n, c, w) or (c, w); None keeps an extent."""
    return adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Wanted) -> Tensor:
    """The means of `output_size` windows, evenly laid over input (n, c, h, w) or (c, h, w); None keeps an extent."""
    return adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Wanted) -> Tensor:
    """The means of `output_size` windows, evenly laid over input (n, c, d, h, w) or (c, d, h, w); None keeps an extent."""
    return adaptive_avg_pool(3, input, output_size)


def adaptive_avg_pool(rank: int, input: Tensor, output_size: Wanted) -> Tensor:
    """`adaptive_avg_pool1d`, `adaptive_avg_pool2d` or `adaptive_avg_pool3d`, by `rank`."""
    name = f"adaptive_avg_pool{rank}d"
    input, single = batched(name, input, rank)
    out = _adaptive.average_pool(input, _wanted(name, output_size, input.shape[2:]))
    return out[0] if single else out


def adaptive_max_pool1d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows over input (n, c, w) or (c, w); None keeps an extent.

    With `return_indices` also, as int64, where they lie in the flattened spatial axes.
    """
    return adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows over input (n, c, h, w) or (c, h, w); None keeps an extent.

    With `return_indices` also, as int64, where they lie in the flattened spatial axes.
    """
    return adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows over input (n, c, d, h, w) or (c, d, h, w); None keeps an extent.

    With `return_indices` also, as int64, where they lie in the flattened spatial axes.
    """
    return adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool(rank: int, input: Tensor, output_size: Wanted, return_indices: bool) -> Any:
    """`adaptive_max_pool1d`, `adaptive_max_pool2d` or `adaptive_max_pool3d`, by `rank`."""
    name = f"adaptive_max_pool{rank}d"
    input, single = batched(name, input, rank)
    found = _adaptive.max_pool(input, _wanted(name, output_size, input.shape[2:]), return_indices)
    return _sample(found) if single else found


def _wanted(name: str, output_size: Wanted, size: Shape) -> Shape:
    """One extent for each axis of `size`, which None keeps."""
    found = (output_size,) * len(size) if output_size is None or isinstance(output_size, int) else tuple(output_size)
    if len(found) == len(size):
        return spatial(name, "output_size", [n if m is None else m for m, n in zip(found, size)], len(size))
    raise ShapeError(f"{name}: output_size is {output_size!r} for {len(size)} spatial axes; give one int or {len(size)}")
