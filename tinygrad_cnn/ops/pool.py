"""Max and average pooling over one, two or three spatial axes, each with its adjoint: differentiable to any order."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..autograd import Function
from ..devices import kernels
from ..shapes import Shape
from . import layout


class Window:
    """Kernel, stride, padding and dilation of a pooling, one number per spatial axis, and the sizes it maps."""

    def __init__(self, operation: str, x: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
                 ceil: bool) -> None:
        layer_shapes.pooling(operation, x, kernel, padding)
        self.kernel, self.stride, self.padding, self.dilation = kernel, stride, padding, dilation
        self.size = x[2:]
        self.pooled = layer_shapes.window(operation, self.size, kernel, stride, padding, dilation, ceil)

    def arguments(self) -> list[Shape]:
        """Kernel, stride, padding and dilation as the kernels take them: three numbers each."""
        fill = 3 - len(self.kernel)
        parts = (self.kernel, 1), (self.stride, 1), (self.padding, 0), (self.dilation, 1)
        return [(neutral,) * fill + part for part, neutral in parts]


class MaxPool(Function):
    """The greatest element of each window; with `places` also the number of its cell, by default the cell's place in the
    flattened spatial axes."""

    def __init__(self, window: Window, places: bool = False, numbers: Any = None) -> None:
        self.window, self.places, self.numbers = window, places, numbers

    def forward(self, x: Any) -> Any:
        window, dtype = self.window, shapes.UINT8 if prod(self.window.kernel) <= 255 else shapes.INT32
        out = layout.empty_volume(x, window.pooled, x.shape[1])
        self.index = layout.empty_volume(x, window.pooled, x.shape[1], dtype)
        kernels(x).pool.max_forward(out, self.index, layout.volume(x), *window.arguments())
        found = layout.plane(out, len(window.size))
        return (found, _gather(window, self.index, _numbered(x, self.numbers))) if self.places else found

    def backward(self, g: Any, _: None = None) -> Any:
        return MaxUnpool(self.window, self.index)(g)


class MaxUnpool(Function):
    """The adjoint of MaxGather: every element of g goes to the cell its window chose, where elements add up."""

    def __init__(self, window: Window, index: Any) -> None:
        self.window, self.index = window, index

    def forward(self, g: Any) -> Any:
        out = layout.empty_volume(g, self.window.size, g.shape[1])
        kernels(g).pool.max_backward(out, layout.volume(g), self.index, *self.window.arguments())
        return layout.plane(out, len(self.window.size))

    def backward(self, x: Any) -> Any:
        return MaxGather(self.window, self.index)(x)


class MaxGather(Function):
    """The element of x at the cell that each window chose before: MaxPool while the choice stays, hence linear."""

    def __init__(self, window: Window, index: Any) -> None:
        self.window, self.index = window, index

    def forward(self, x: Any) -> Any:
        return _gather(self.window, self.index, x)

    def backward(self, g: Any) -> Any:
        return MaxUnpool(self.window, self.index)(g)


class AveragePool(Function):
    """The sum of each window divided by `divisor`, or if that is 0 by its cells, those of the padding or not."""

    def __init__(self, window: Window, count_include_pad: bool, divisor: int) -> None:
        self.window, self.count = window, (count_include_pad, divisor)

    def forward(self, x: Any) -> Any:
        out = layout.empty_volume(x, self.window.pooled, x.shape[1])
        kernels(x).pool.average_forward(out, layout.volume(x), *self.window.arguments()[:3], *self.count)
        return layout.plane(out, len(self.window.size))

    def backward(self, g: Any) -> Any:
        return AverageUnpool(self.window, *self.count)(g)


class AverageUnpool(Function):
    """The adjoint of AveragePool: every element of g is spread over its window."""

    def __init__(self, window: Window, count_include_pad: bool, divisor: int) -> None:
        self.window, self.count = window, (count_include_pad, divisor)

    def forward(self, g: Any) -> Any:
        out = layout.empty_volume(g, self.window.size, g.shape[1])
        kernels(g).pool.average_backward(out, layout.volume(g), *self.window.arguments()[:3], *self.count)
        return layout.plane(out, len(self.window.size))

    def backward(self, x: Any) -> Any:
        return AveragePool(self.window, *self.count)(x)


def _gather(window: Window, index: Any, x: Any) -> Any:
    out = layout.empty_volume(x, window.pooled, x.shape[1])
    kernels(x).pool.max_gather(out, layout.volume(x), index, *window.arguments())
    return layout.plane(out, len(window.size))


def _numbered(x: Any, numbers: Any) -> Any:
    """The numbers of the cells, by default 0, 1, ..., for each image and channel of x."""
    size = x.shape[2:]
    numbers = np.arange(prod(size)) if numbers is None else numbers
    cells = np.broadcast_to(numbers.reshape(1, *size, 1), (x.shape[0], *size, x.shape[1]))
    return layout.first(kernels(x).upload(np.ascontiguousarray(cells)))


def max_pool(x: Any, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil: bool = False,
             places: bool = False) -> Any:
    """The greatest element of each window of x (n, c, ...): the first of equal ones, NaN before all, the padding never.

    With `places` also, as int64, where it lies in the flattened spatial axes.
    """
    return MaxPool(Window(f"max_pool{len(kernel)}d", x.array.shape, kernel, stride, padding, dilation, ceil), places)(x)


def windows_max(x: Any, kernel: Shape, places: bool, numbers: Any) -> Any:
    """max_pool of windows side by side, whose places are told by the `numbers` (spatial...) of the cells."""
    fill, none = (1,) * len(kernel), (0,) * len(kernel)
    return MaxPool(Window(f"max_pool{len(kernel)}d", x.array.shape, kernel, kernel, none, fill, False), places, numbers)(x)


def average_pool(x: Any, kernel: Shape, stride: Shape, padding: Shape, ceil: bool = False,
                 count_include_pad: bool = True, divisor: int | None = None) -> Any:
    """The mean of each window of x (n, c, ...). Zeros of the padding count unless `count_include_pad` is False.

    A `divisor` divides the sum instead.
    """
    name = f"avg_pool{len(kernel)}d"
    layer_shapes.divisor(name, divisor)
    window = Window(name, x.array.shape, kernel, stride, padding, (1,) * len(kernel), ceil)
    return AveragePool(window, count_include_pad, divisor or 0)(x)
