"""Operations as functions: `tg.exp(x)` beside `x.exp()`, and those that have several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import shapes
from .ops import concat as _concat
from .ops.elementwise import apply
from .tensor import Tensor


def where(condition: Tensor, a: Any, b: Any) -> Tensor:
    """`a` where the condition holds, else `b`; tensors or numbers, broadcast."""
    return apply("where", condition, a, b)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors laid side by side along `dim`; all other extents are equal."""
    if not len(tensors):
        raise shapes.ShapeError("cat: 0 tensors were given but at least 1 is needed; give a list of tensors")
    return _concat.Concat(shapes.axis("cat", dim, tensors[0].ndim))(*tensors)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis `dim`."""
    return cat([t.unsqueeze(dim) for t in tensors], dim)


def split(x: Tensor, size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of `size` elements, or of the given sizes, along `dim`."""
    return x.split(size, dim)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product, over broadcast leading axes."""
    return a @ b


def broadcast_to(x: Tensor, size: Sequence[int]) -> Tensor:
    """`x` with extents of 1 stretched to `size`; a view."""
    return x.expand(*size)


def _method(name: str) -> Any:
    def function(x: Tensor, *arguments: Any, **options: Any) -> Any:
        return getattr(x, name)(*arguments, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(Tensor, name).__doc__
    return function


exp, log, sqrt, relu, sigmoid, tanh = map(_method, ("exp", "log", "sqrt", "relu", "sigmoid", "tanh"))
softmax, log_softmax = map(_method, ("softmax", "log_softmax"))
sum, mean, max, argmax = map(_method, ("sum", "mean", "max", "argmax"))
flatten, permute, transpose = map(_method, ("flatten", "permute", "transpose"))
squeeze, unsqueeze = map(_method, ("squeeze", "unsqueeze"))
add, sub, mul, div, pow, neg = map(_method, ("add", "sub", "mul", "div", "pow", "neg"))
eq, ne, lt, le, gt, ge = map(_method, ("eq", "ne", "lt", "le", "gt", "ge"))
reshape = _method("reshape")
