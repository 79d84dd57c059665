"""Matrix products, and the linear layer with its epilogue."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import shapes
from ..arrays import view
from ..autograd import Function
from ..devices import kernels, same_device
from . import layout
from .arithmetic import same_dtype
from .elementwise import apply
from .fused import Fused
from .reduce import Sum, rectified, sum_to
from .shape import Permute, reshape


def _batched(x: Any, batch: tuple[int, ...]) -> Any:
    """(..., m, n) as (batch, m, n), broadcast; strides as they are where a view can have them."""
    return layout.reshape(layout.stretch(x, (*batch, *x.shape[-2:])), (prod(batch), *x.shape[-2:]))


class MatMul(Function):
    """a (..., m, k) @ b (..., k, n) with broadcast leading axes."""

    saves = ("a", "b")

    def forward(self, a: Any, b: Any) -> Any:
        same_device("matmul", a, b)
        if a.shape[-1] != b.shape[-2]:
            raise shapes.ShapeError(f"matmul: {a.shape} @ {b.shape} has inner extents {a.shape[-1]} and {b.shape[-2]}; "
                                    "make them equal")
        batch = shapes.broadcast("matmul", a.shape[:-2], b.shape[:-2])
        k = kernels(a)
        out = k.empty((prod(batch), a.shape[-2], b.shape[-1]), a.dtype)
        k.matmul.matmul(out, _batched(a, batch), _batched(b, batch), None, False)
        return view(out, (*batch, *out.shape[1:]))

    def backward(self, g: Any) -> Any:
        a, b = self.a, self.b  # type: ignore[attr-defined]
        return (sum_to(MatMul()(g, turned(b)), a.array.shape) if self.needed[0] else None,
                sum_to(MatMul()(turned(a), g), b.array.shape) if self.needed[1] else None)


class Linear(Fused):
    """x (m, k) @ w (n, k) transposed + bias (n,), then max(., 0) if `relu`: one kernel."""

    saves = ("out",)

    def __init__(self, relu: bool) -> None:
        self.relu = relu

    def forward(self, x: Any, w: Any, bias: Any = None) -> Any:
        k = kernels(x)
        out = k.empty((1, x.shape[0], w.shape[0]), x.dtype)
        k.matmul.matmul(out, x[None], w.transpose((1, 0))[None], layout.contiguous(bias), self.relu)
        return view(out, out.shape[1:])

    def fused_backward(self, g: Any) -> Any:
        x, w = self.x, self.w  # type: ignore[attr-defined]
        if self.relu:
            g, bias = rectified(g, self.out)  # type: ignore[attr-defined]
        else:
            bias = Sum((0,))(g) if any(self.needed[2:]) else None
        return (MatMul()(g, w) if self.needed[0] else None,
                MatMul()(turned(g), x) if self.needed[1] else None, bias)[:len(self.needed)]

    def definition(self, x: Any, w: Any, bias: Any = None) -> Any:
        y = MatMul()(x, turned(w))
        y = y if bias is None else y + bias
        return apply("relu", y) if self.relu else y


def turned(x: Any) -> Any:
    """The last two axes swapped; a view."""
    rank = x.array.ndim
    return Permute((*range(rank - 2), rank - 1, rank - 2))(x)


def matmul(a: Any, b: Any) -> Any:
    """PyTorch's matmul: a vector in front is a row, a vector behind a column, and what they added disappears."""
    if not a.array.ndim or not b.array.ndim:
        raise shapes.ShapeError(f"matmul: {a.array.shape} @ {b.array.shape} has an operand without axes but each needs one; "
                                "multiply with * instead")
    same_dtype("matmul", a, b)
    row, column = a.array.ndim == 1, b.array.ndim == 1
    if row:
        a = reshape(a, (1, *a.array.shape))
    if column:
        b = reshape(b, (*b.array.shape, 1))
    out = MatMul()(a, b)
    shape = out.array.shape
    return reshape(out, (*shape[:-2], *(() if row else shape[-2:-1]), *(() if column else shape[-1:])))


def linear(x: Any, w: Any, bias: Any = None, relu: bool = False) -> Any:
    """x (..., k), w (n, k), bias (n,) or None -> (..., n)."""
    same_device("linear", x.array, w.array, *([] if bias is None else [bias.array]))
    if w.array.ndim != 2:
        raise shapes.ShapeError(f"linear: weight has shape {w.array.shape} but (outputs, inputs) is needed; reshape it")
    if not x.array.ndim or x.array.shape[-1] != w.array.shape[1]:
        remedy = f"use Linear({x.array.shape[-1]}, {w.array.shape[0]})" if x.array.ndim else "reshape the input"
        raise shapes.ShapeError(f"linear: input {x.array.shape} does not end with the {w.array.shape[1]} features that weight "
                                f"{w.array.shape} takes; {remedy}")
    if bias is not None and bias.array.shape != w.array.shape[:1]:
        raise shapes.ShapeError(f"linear: bias has shape {bias.array.shape} but weight {w.array.shape} needs "
                                f"({w.array.shape[0]},); give one bias per output feature")
    lead = x.array.shape[:-1]
    rows = reshape(x, (prod(lead), x.array.shape[-1]))
    out = Linear(relu)(rows, w) if bias is None else Linear(relu)(rows, w, bias)
    return reshape(out, (*lead, w.array.shape[0]))
