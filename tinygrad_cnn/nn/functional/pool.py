"""Pooling in one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from ...ops import pool as _pool
from ...shapes import spatial
from ...tensor import Tensor
from .checks import Size, axes


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
    axes(name, "input", input, rank + 2)
    kernel = spatial(name, "kernel_size", kernel_size, rank, 1)
    step = kernel if stride is None else spatial(name, "stride", stride, rank, 1)
    return _pool.max_pool(input, kernel, step, spatial(name, "padding", padding, rank),
                          spatial(name, "dilation", dilation, rank, 1), ceil_mode, return_indices)


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
    axes(name, "input", input, rank + 2)
    kernel = spatial(name, "kernel_size", kernel_size, rank, 1)
    step = kernel if stride is None else spatial(name, "stride", stride, rank, 1)
    return _pool.average_pool(input, kernel, step, spatial(name, "padding", padding, rank), ceil_mode,
                              count_include_pad, divisor_override)
