"""Operations that are compositions of others and need no kernel."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import shapes
from ..devices import kernels
from .elementwise import apply, cast, converted, floating
from .reduce import Sum
from .shape import Permute, reshape


def sum(x: Any, axis: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum over `axis` (all axes for None), of `x` converted to `dtype` if one is given."""
    axes = shapes.axes("sum", axis, x.array.ndim)
    out = converted("sum", Sum(axes)(converted("sum", x, dtype)), dtype)  # bools and int32 sum to int64
    return reshape(out, shapes.without(x.array.shape, axes)) if keepdim else out


def mean(x: Any, axis: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The mean over `axis` (all axes for None) of a floating tensor, or of one converted to `dtype`."""
    x = converted("mean", x, dtype)
    floating("mean", x)
    count = prod(x.array.shape[k] for k in shapes.axes("mean", axis, x.array.ndim))
    return apply("div", sum(x, axis, keepdim), float(count))


def flatten(x: Any, start: int = 0, end: int = -1) -> Any:
    """Axes `start` to `end` as one."""
    shape = x.array.shape
    first, last = shapes.axis("flatten", start, len(shape)), shapes.axis("flatten", end, len(shape))
    if first > last:
        raise shapes.ShapeError(f"flatten: start {start} lies behind end {end} in shape {shape}; swap them")
    return reshape(x, (*shape[:first], prod(shape[first:last + 1]), *shape[last + 1:]))


def transpose(x: Any, a: int, b: int) -> Any:
    """Axes `a` and `b` swapped."""
    order = list(range(x.array.ndim))
    i, j = shapes.axis("transpose", a, x.array.ndim), shapes.axis("transpose", b, x.array.ndim)
    if order:
        order[i], order[j] = j, i
    return Permute(tuple(order))(x)


def one_hot(index: Any, classes: int, dtype: Any) -> Any:
    """1 at the class each index names, else 0: shape (..., classes)."""
    shape = (*index.array.shape, classes)
    places = index.result(kernels(index.array).upload(np.arange(classes)), None)
    return cast(apply("eq", reshape(index, (*shape[:-1], 1)), places), dtype)
