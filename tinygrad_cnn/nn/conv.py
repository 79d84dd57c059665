"""Convolution and transposed convolution in one, two and three dimensions: one class each, the rank is an attribute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..shapes import Shape, spatial
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter, uninitialized

Size = int | Sequence[int]


class ConvBase(Module):
    """What convolution and its transpose share: arguments, parameters, initialization, printing."""

    rank: ClassVar[int]
    padding_modes: ClassVar[tuple[str, ...]] = ("zeros",)
    padding: Shape | str
    output_padding: Shape
    transposed: ClassVar[bool] = False
    bias: Parameter | None

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size, dilation: Size,
                 groups: int, padding_mode: str) -> None:
        super().__init__()
        name = type(self).__name__
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"{name}: groups is {groups}, which does not divide in_channels {in_channels} and "
                             f"out_channels {out_channels}; use a common divisor")
        if padding_mode not in self.padding_modes:
            raise ValueError(f"{name}: padding_mode is {padding_mode!r} but must be one of "
                             f"{', '.join(map(repr, self.padding_modes))}; use one of them")
        self.padding_mode = padding_mode
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = spatial(name, "kernel_size", kernel_size, self.rank, 1)
        self.stride = spatial(name, "stride", stride, self.rank, 1)
        self.dilation = spatial(name, "dilation", dilation, self.rank, 1)
        self.output_padding = (0,) * self.rank

    def _allocate(self, rows: int, columns: int, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = uninitialized((rows, columns // self.groups, *self.kernel_size), device, dtype)
        self.bias = uninitialized((self.out_channels,), device, dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew: uniform between -1 / sqrt(fan_in) and 1 / sqrt(fan_in), as PyTorch does."""
        init.default_(self.weight, self.bias)

    def extra_repr(self) -> str:
        ones, zeros = (1,) * self.rank, (0,) * self.rank
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += f", padding={self.padding}" if self.padding != zeros else ""
        text += f", dilation={self.dilation}" if self.dilation != ones else ""
        text += f", output_padding={self.output_padding}" if self.output_padding != zeros else ""
        text += f", groups={self.groups}" if self.groups != 1 else ""
        text += ", bias=False" if self.bias is None else ""
        return text + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class Conv(ConvBase):
    """x (n, in_channels, ...) -> (n, out_channels, ...); weight (out_channels, in_channels / groups, *kernel_size).

    `padding_mode`: what lies around x, "zeros", "reflect", "replicate" or "circular" (see `F.pad`). A single sample
    (in_channels, ...) is taken too.
    """

    padding_modes = ("zeros", "reflect", "replicate", "circular")

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
                 padding: Size | str = 0, dilation: Size = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: Any = None, dtype: Any = None) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups, padding_mode)
        name = type(self).__name__
        self.padding = padding if isinstance(padding, str) else spatial(name, "padding", padding, self.rank)
        F.check_padding(name, self.padding, self.stride)
        self._allocate(out_channels, in_channels, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return self.convolve(input, self.weight, self.bias, relu=False)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, relu: bool) -> Tensor:
        """`forward` with another weight and bias, and a ReLU in the same pass where `relu` says so."""
        padding: Shape | str = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self._reversed_padding_repeated_twice, self.padding_mode), (0,) * self.rank
        return F.conv(self.rank, x, weight, bias, self.stride, padding, self.dilation, self.groups, relu)

    @property
    def _reversed_padding_repeated_twice(self) -> Shape:
        """`padding` as `F.pad` takes it: (before, after) of the last axis first; what is odd of "same" goes behind."""
        if not isinstance(self.padding, str):
            return tuple(p for p in reversed(self.padding) for _ in range(2))
        total = (d * (k - 1) if self.padding == "same" else 0 for d, k in zip(self.dilation, self.kernel_size))
        return tuple(n for t in reversed(list(total)) for n in (t // 2, t - t // 2))


class ConvTranspose(ConvBase):
    """The adjoint of a convolution in its input: x (n, in_channels, ...) -> (n, out_channels, ...), larger by the
    stride; weight (in_channels, out_channels / groups, *kernel_size)."""

    transposed = True
    padding: Shape

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0,
                 output_padding: Size = 0, groups: int = 1, bias: bool = True, dilation: Size = 1,
                 padding_mode: str = "zeros", device: Any = None, dtype: Any = None) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups, padding_mode)
        name = type(self).__name__
        self.padding = spatial(name, "padding", padding, self.rank)
        self.output_padding = spatial(name, "output_padding", output_padding, self.rank)
        self._allocate(in_channels, out_channels, bias, device, dtype)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """`output_size`, if given, replaces `output_padding`: the spatial extents (or the whole shape) wanted."""
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        return F.conv_transpose(self.rank, input, self.weight, self.bias, self.stride, self.padding, extra, self.groups,
                                self.dilation)

    def _extra(self, x: Tensor, output_size: Sequence[int]) -> Shape:
        """The output_padding that gives `output_size`."""
        name, wanted = type(self).__name__, tuple(output_size)[-self.rank:]
        least = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in
                      zip(x.shape[-self.rank:], self.stride, self.padding, self.dilation, self.kernel_size))
        most = tuple(n + s - 1 for n, s in zip(least, self.stride))
        fits = len(wanted) == self.rank and all(a <= n <= b for a, n, b in zip(least, wanted, most))
        if not fits or len(output_size) not in (self.rank, x.ndim):
            raise ValueError(f"{name}: output_size is {tuple(output_size)} but input {tuple(x.shape)} can give {least} "
                             f"to {most}; choose a size between them")
        return tuple(n - a for n, a in zip(wanted, least))


class Conv1d(Conv):
    """Cross-correlation over sequences (n, c, w), with PyTorch's arguments; `padding` may be "valid" or "same"."""

    rank = 1


class Conv2d(Conv):
    """Cross-correlation over images (n, c, h, w), with PyTorch's arguments; `padding` may be "valid" or "same"."""

    rank = 2


class Conv3d(Conv):
    """Cross-correlation over volumes (n, c, d, h, w), with PyTorch's arguments; `padding` may be "valid" or "same"."""

    rank = 3


class ConvTranspose1d(ConvTranspose):
    """Transposed convolution over sequences (n, c, w), with PyTorch's arguments."""

    rank = 1


class ConvTranspose2d(ConvTranspose):
    """Transposed convolution over images (n, c, h, w), with PyTorch's arguments."""

    rank = 2


class ConvTranspose3d(ConvTranspose):
    """Transposed convolution over volumes (n, c, d, h, w), with PyTorch's arguments."""

    rank = 3
