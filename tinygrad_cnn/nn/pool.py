"""Max and average pooling in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .module import Module

Size = int | Sequence[int]


class MaxPool(Module):
    """The largest element of each window; padding never wins. `stride` None means the kernel's size.

    With `return_indices` the result is (values, int64 places in the flattened spatial axes).
    """

    rank: ClassVar[int]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
                 return_indices: bool = False, ceil_mode: bool = False) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, x: Tensor) -> Any:
        return F.max_pool(self.rank, x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
                          self.return_indices)

    def extra_repr(self) -> str:
        return (f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
                f"dilation={self.dilation}, ceil_mode={self.ceil_mode}")


class AvgPool(Module):
    """The mean of each window. `stride` None means the kernel's size.

    Zeros of the padding count as elements unless `count_include_pad` is False; `divisor_override` divides instead.
    """

    rank: ClassVar[int]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True, divisor_override: int | None = None) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool(self.rank, x, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                          self.count_include_pad, self.divisor_override)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool1d(MaxPool):
    """Max pooling over sequences, x (n, c, w), with PyTorch's arguments."""

    rank = 1


class MaxPool2d(MaxPool):
    """Max pooling over images, x (n, c, h, w), with PyTorch's arguments."""

    rank = 2


class MaxPool3d(MaxPool):
    """Max pooling over volumes, x (n, c, d, h, w), with PyTorch's arguments."""

    rank = 3


class AvgPool1d(AvgPool):
    """Average pooling over sequences, x (n, c, w), with PyTorch's arguments."""

    rank = 1


class AvgPool2d(AvgPool):
    """Average pooling over images, x (n, c, h, w), with PyTorch's arguments."""

    rank = 2


class AvgPool3d(AvgPool):
    """Average pooling over volumes, x (n, c, d, h, w), with PyTorch's arguments."""

    rank = 3
