"""Max and average pooling in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..shapes import spatial
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

    def forward(self, input: Tensor) -> Any:
        return F.max_pool(self.rank, input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
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

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool(self.rank, input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                          self.count_include_pad, self.divisor_override)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool1d(MaxPool):
    """Max pooling over sequences, x (n, c, w) or (c, w), with PyTorch's arguments."""

    rank = 1


class MaxPool2d(MaxPool):
    """Max pooling over images, x (n, c, h, w) or (c, h, w), with PyTorch's arguments."""

    rank = 2


class MaxPool3d(MaxPool):
    """Max pooling over volumes, x (n, c, d, h, w) or (c, d, h, w), with PyTorch's arguments."""

    rank = 3


class AvgPool1d(AvgPool):
    """Average pooling over sequences, x (n, c, w) or (c, w), with PyTorch's arguments."""

    rank = 1

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True) -> None:
        one = [spatial("AvgPool1d", "kernel_size", kernel_size, 1, 1), spatial("AvgPool1d", "padding", padding, 1)]
        step = one[0] if stride is None else spatial("AvgPool1d", "stride", stride, 1, 1)
        super().__init__(one[0], step, one[1], ceil_mode, count_include_pad)


class AvgPool2d(AvgPool):
    """Average pooling over images, x (n, c, h, w) or (c, h, w), with PyTorch's arguments."""

    rank = 2


class AvgPool3d(AvgPool):
    """Average pooling over volumes, x (n, c, d, h, w) or (c, d, h, w), with PyTorch's arguments."""

    rank = 3


class _Adaptive(Module):
    """`output_size` windows evenly laid over the image; None keeps an extent."""

    rank: ClassVar[int]

    def __init__(self, output_size: F.Wanted) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool(_Adaptive):
    """The means of `output_size` windows."""

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool(self.rank, input, self.output_size)


class AdaptiveMaxPool(_Adaptive):
    """The largest elements of `output_size` windows; with `return_indices` also their places, as those of MaxPool."""

    def __init__(self, output_size: F.Wanted, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool(self.rank, input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """Adaptive average pooling over sequences, x (n, c, w) or (c, w)."""

    rank = 1


class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """Adaptive average pooling over images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """Adaptive average pooling over volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3


class AdaptiveMaxPool1d(AdaptiveMaxPool):
    """Adaptive max pooling over sequences, x (n, c, w) or (c, w)."""

    rank = 1


class AdaptiveMaxPool2d(AdaptiveMaxPool):
    """Adaptive max pooling over images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class AdaptiveMaxPool3d(AdaptiveMaxPool):
    """Adaptive max pooling over volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3


class LPPool(Module):
    """The `norm_type`-norm of each window. `stride` None means the kernel's size."""

    rank: ClassVar[int]

    def __init__(self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return F.lp_pool(self.rank, input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
                f"ceil_mode={self.ceil_mode}")


class LPPool1d(LPPool):
    """Power-average pooling over sequences, x (n, c, w) or (c, w)."""

    rank = 1


class LPPool2d(LPPool):
    """Power-average pooling over images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class LPPool3d(LPPool):
    """Power-average pooling over volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3


class MaxUnpool(Module):
    """The reverse of max pooling: zeros, with each element at the place that MaxPool's `return_indices` told.

    `output_size` of a call chooses among the sizes that pool to that of x.
    """

    rank: ClassVar[int]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = spatial(name, "kernel_size", kernel_size, self.rank, 1)
        self.stride = self.kernel_size if stride is None else spatial(name, "stride", stride, self.rank, 1)
        self.padding = spatial(name, "padding", padding, self.rank)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        return F.max_unpool(self.rank, input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(MaxUnpool):
    """The reverse of MaxPool1d, x (n, c, w) or (c, w)."""

    rank = 1


class MaxUnpool2d(MaxUnpool):
    """The reverse of MaxPool2d, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class MaxUnpool3d(MaxUnpool):
    """The reverse of MaxPool3d, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3
