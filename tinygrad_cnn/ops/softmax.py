"""Softmax and its logarithm along an axis."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from .. import layer_shapes, shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from ..grad_mode import recording
from . import layout
from .composite import sum
from .elementwise import apply
from .shape import reshape


class Softmax(Function):
    """y = exp(x) / sum of exp(x) along `axis`."""

    saves = ("out",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return _rows("softmax", self.axis, x)

    def backward(self, g: Any) -> Any:
        y = self.out  # type: ignore[attr-defined]
        if recording():
            return y * (g - sum(g * y, self.axis, keepdim=True))
        return g.result(_rows("softmax_backward", self.axis, g.array, y.array), None)


class LogSoftmax(Function):
    """y = x - log(sum of exp(x)) along `axis`."""

    saves = ("out",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return _rows("log_softmax", self.axis, x)

    def backward(self, g: Any) -> Any:
        y = self.out  # type: ignore[attr-defined]
        if recording():
            return g - apply("exp", y) * sum(g, self.axis, keepdim=True)
        return g.result(_rows("log_softmax_backward", self.axis, g.array, y.array), None)


def _rows(name: str, axis: int, *arrays: Any) -> Any:
    """The kernel on arrays (before, along `axis`, behind) in the memory order of the last one."""
    order = shapes.memory_order(arrays[-1].strides)
    out = layout.empty_like(arrays[-1])
    ready = [out.transpose(order), *[layout.contiguous(a.transpose(order)) for a in arrays]]
    at, shape = order.index(axis), ready[0].shape
    extents = prod(shape[:at]), shape[at], prod(shape[at + 1:])
    getattr(kernels(out).softmax, name)(*[view(a, extents) for a in ready])
    return out


def softmax(x: Any, axis: int) -> Any:
    """exp(x) divided by its sum along `axis`."""
    return _along("softmax", Softmax, x, axis)


def log_softmax(x: Any, axis: int) -> Any:
    """The logarithm of `softmax`, computed without overflow."""
    return _along("log_softmax", LogSoftmax, x, axis)


def _along(name: str, operation: Callable[[int], Function], x: Any, axis: int) -> Any:
    """The operation along an axis; a tensor without axes is one of one element."""
    layer_shapes.softmax(name, x.array.dtype)
    place = shapes.axis(name, axis, x.array.ndim)
    return operation(place)(x) if x.array.ndim else reshape(operation(0)(reshape(x, (1,))), ())
