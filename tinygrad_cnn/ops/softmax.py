"""Softmax and its logarithm along an axis."""

from __future__ import annotations

from typing import Any

from .. import layer_shapes, shapes
from ..arrays import view
from ..autograd import Function, recording
from ..devices import kernels
from . import layout
from .composite import sum
from .elementwise import apply


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
        return g.result(_rows("softmax_backward", self.axis, g.data, y.data), None)


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
        return g.result(_rows("log_softmax_backward", self.axis, g.data, y.data), None)


def _rows(name: str, axis: int, *arrays: Any) -> Any:
    """The kernel on arrays whose `axis` is brought to the end, where channels-last arrays have their channels."""
    ready = [layout.contiguous(layout.moved(a, axis, -1)) for a in arrays]
    out = kernels(arrays[0]).empty(ready[0].shape, arrays[0].dtype)
    length = out.shape[-1]
    pair = out.size // max(length, 1), length
    getattr(kernels(out).softmax, name)(*[view(a, pair) for a in (out, *ready)])
    return layout.moved(out, -1, axis)


def softmax(x: Any, axis: int) -> Any:
    """exp(x) divided by its sum along `axis`."""
    layer_shapes.softmax("softmax", x.data.shape, x.data.dtype)
    return Softmax(shapes.axis("softmax", axis, x.data.ndim))(x)


def log_softmax(x: Any, axis: int) -> Any:
    """The logarithm of `softmax`, computed without overflow."""
    layer_shapes.softmax("log_softmax", x.data.shape, x.data.dtype)
    return LogSoftmax(shapes.axis("log_softmax", axis, x.data.ndim))(x)
