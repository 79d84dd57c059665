"""Convolution, its transpose and its weight gradient: each other's derivatives, to any order."""

from __future__ import annotations

from typing import Any

from .. import layer_shapes, shapes
from ..autograd import Function
from ..devices import kernels, same_device
from . import layout
from .elementwise import apply
from .fused import Fused
from .reduce import Sum, rectified
from .shape import per_channel


class Window:
    """Stride, padding, dilation (one number per spatial axis) and groups of a convolution."""

    def __init__(self, stride: shapes.Shape, padding: shapes.Shape, dilation: shapes.Shape, groups: int) -> None:
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def arguments(self) -> tuple[Any, ...]:
        """What the kernels take: three numbers each."""
        fill = 3 - len(self.stride)
        return (1,) * fill + self.stride, (0,) * fill + self.padding, (1,) * fill + self.dilation, self.groups


def _taps(w: Any) -> Any:
    """A weight (o, c, window...) with a window of three axes."""
    return layout.reshape(layout.contiguous(w), (*w.shape[:2], *(1,) * (5 - w.ndim), *w.shape[2:]))


class _Convolution(Function):
    def __init__(self, window: Window) -> None:
        self.window = window


class Conv(_Convolution):
    """out[n, o, p] = sum over c, i of x[n, c, p stride + i dilation - padding] w[o, c, i], in groups of channels.

    `size` of the result: None for all windows that fit. As the adjoint of ConvTranspose it has fewer, where output_padding
    made room for another one."""

    saves = ("x", "w")

    def __init__(self, window: Window, size: tuple[int, ...] | None = None) -> None:
        super().__init__(window)
        self.size = size

    def forward(self, x: Any, w: Any) -> Any:
        return _forward(self.window, x, w, None, False, self.size)

    def backward(self, g: Any) -> Any:
        x, w = self.x, self.w  # type: ignore[attr-defined]
        return (ConvTranspose(self.window, x.array.shape[2:])(g, w) if self.needed[0] else None,
                ConvWeight(self.window, w.array.shape[2:])(x, g) if self.needed[1] else None)


class ConvTranspose(_Convolution):
    """The adjoint of Conv in its input, whose spatial size is `size`: every element of g spreads its window of w."""

    saves = ("g", "w")

    def __init__(self, window: Window, size: tuple[int, ...]) -> None:
        super().__init__(window)
        self.size = size

    def forward(self, g: Any, w: Any) -> Any:
        return _transpose(self.window, self.size, g, w, None)

    def backward(self, x: Any) -> Any:
        g, w = self.g, self.w  # type: ignore[attr-defined]
        return (Conv(self.window, g.array.shape[2:])(x, w) if self.needed[0] else None,
                ConvWeight(self.window, w.array.shape[2:])(x, g) if self.needed[1] else None)


class ConvWeight(_Convolution):
    """The adjoint of Conv in its weight, whose window is `kernel`."""

    saves = ("x", "g")

    def __init__(self, window: Window, kernel: tuple[int, ...]) -> None:
        super().__init__(window)
        self.kernel = kernel

    def forward(self, x: Any, g: Any) -> Any:
        k = kernels(x)
        groups = self.window.groups
        out = k.empty((g.shape[1], x.shape[1] // groups, *(1,) * (3 - len(self.kernel)), *self.kernel), x.dtype)
        k.conv.weight(out, layout.volume(x), layout.volume(g), *self.window.arguments())
        return layout.reshape(out, (*out.shape[:2], *self.kernel))

    def backward(self, w: Any) -> Any:
        x, g = self.x, self.g  # type: ignore[attr-defined]
        return (ConvTranspose(self.window, x.array.shape[2:])(g, w) if self.needed[0] else None,
                Conv(self.window, g.array.shape[2:])(x, w) if self.needed[1] else None)


class ConvBias(Fused):
    """Conv + bias, then max(., 0) if `relu`: one kernel."""

    saves = ("out",)

    def __init__(self, window: Window, relu: bool) -> None:
        self.window, self.relu = window, relu

    def forward(self, x: Any, w: Any, bias: Any = None) -> Any:
        return _forward(self.window, x, w, bias, self.relu)

    def fused_backward(self, g: Any) -> Any:
        x, w = self.x, self.w  # type: ignore[attr-defined]
        if self.relu:
            g, bias = rectified(g, self.out)  # type: ignore[attr-defined]
        else:
            bias = _bias_gradient(g) if any(self.needed[2:]) else None
        return (ConvTranspose(self.window, x.array.shape[2:])(g, w) if self.needed[0] else None,
                ConvWeight(self.window, w.array.shape[2:])(x, g) if self.needed[1] else None, bias)[:len(self.needed)]

    def definition(self, x: Any, w: Any, bias: Any = None) -> Any:
        y = _biased(Conv(self.window)(x, w), bias)
        return apply("relu", y) if self.relu else y


class ConvTransposeBias(Fused):
    """ConvTranspose + bias: one kernel."""

    def __init__(self, window: Window, size: tuple[int, ...]) -> None:
        self.window, self.size = window, size

    def forward(self, g: Any, w: Any, bias: Any) -> Any:
        return _transpose(self.window, self.size, g, w, bias)

    def fused_backward(self, x: Any) -> Any:
        g, w = self.g, self.w  # type: ignore[attr-defined]
        return (Conv(self.window, g.array.shape[2:])(x, w) if self.needed[0] else None,
                ConvWeight(self.window, w.array.shape[2:])(x, g) if self.needed[1] else None,
                _bias_gradient(x) if self.needed[2] else None)

    def definition(self, g: Any, w: Any, bias: Any) -> Any:
        return _biased(ConvTranspose(self.window, self.size)(g, w), bias)


def _forward(window: Window, x: Any, w: Any, bias: Any, relu: bool, size: tuple[int, ...] | None = None) -> Any:
    if size is None:
        size = layer_shapes.window(f"conv{len(window.stride)}d", x.shape[2:], w.shape[2:], window.stride, window.padding,
                                   window.dilation)
    out = layout.empty_volume(x, size, w.shape[0])
    kernels(x).conv.forward(out, layout.volume(x), _taps(w), layout.contiguous(bias), *window.arguments(), relu)
    return layout.plane(out, len(size))


def _transpose(window: Window, size: tuple[int, ...], g: Any, w: Any, bias: Any) -> Any:
    out = layout.empty_volume(g, size, w.shape[1] * window.groups)
    kernels(g).conv.transpose(out, layout.volume(g), _taps(w), layout.contiguous(bias), *window.arguments())
    return layout.plane(out, len(size))


def _bias_gradient(g: Any) -> Any:
    return Sum((0, *range(2, g.array.ndim)))(g)


def _biased(y: Any, bias: Any) -> Any:
    return y if bias is None else y + per_channel(y, bias)


def conv(x: Any, w: Any, bias: Any, window: Window, relu: bool = False) -> Any:
    """x (n, c, ...), w (o, c / groups, ...), bias (o,) or None -> (n, o, ...)."""
    name = f"conv{len(window.stride)}d"
    same_device(name, x.array, w.array, *([] if bias is None else [bias.array]))
    layer_shapes.convolution(name, x.array.shape, w.array.shape, None if bias is None else bias.array.shape, window.groups)
    if bias is None and not relu:
        return Conv(window)(x, w)
    return ConvBias(window, relu)(x, w) if bias is None else ConvBias(window, relu)(x, w, bias)


def conv_transpose(x: Any, w: Any, bias: Any, window: Window, output_padding: tuple[int, ...]) -> Any:
    """x (n, c, ...), w (c, o / groups, ...), bias (o,) or None -> (n, o, ...)."""
    name = f"conv_transpose{len(window.stride)}d"
    same_device(name, x.array, w.array, *([] if bias is None else [bias.array]))
    layer_shapes.transposed_convolution(name, x.array.shape, w.array.shape, None if bias is None else bias.array.shape,
                                        window.groups)
    size = layer_shapes.transposed(name, x.array.shape[2:], w.array.shape[2:], window.stride, window.padding, window.dilation,
                                   output_padding)
    return ConvTranspose(window, size)(x, w) if bias is None else ConvTransposeBias(window, size)(x, w, bias)
