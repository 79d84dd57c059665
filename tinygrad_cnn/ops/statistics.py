"""Reductions that are compositions: variance, norms, the logarithm of a sum of exponentials, counts."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from .. import shapes
from .composite import mean, sum
from .elementwise import apply, cast, converted, floating
from .maximum import extreme_over
from .nuclear import Nuclear
from .shape import Permute, reshape

Axes = int | tuple[int, ...] | None


def corrected(dim: Any, unbiased: Any, correction: float | None) -> tuple[Any, float]:
    """(dim, correction) of the arguments of `var`."""
    if type(dim) is bool:
        dim, unbiased = None, dim
    return dim, float(correction if correction is not None else bool(unbiased))


def var_mean(operation: str, x: Any, axis: Axes, correction: float, keepdim: bool) -> tuple[Any, Any]:
    """(the sum of squared distances from the mean by n - correction, the mean): in two passes."""
    floating(operation, x)
    axes = shapes.axes(operation, axis, x.array.ndim)
    middle = mean(x, axes, keepdim=True)
    squares = sum(apply("square", x - middle), axes, keepdim)
    count = prod(x.array.shape[k] for k in axes) - correction
    average = middle if keepdim else middle.reshape([n for k, n in enumerate(x.array.shape) if k not in axes])
    return squares / float(max(count, 0)), average


def root(x: Any) -> Any:
    """The square root, with a gradient of 0 at 0."""
    zero = x == 0
    return apply("where", zero, x, apply("sqrt", apply("where", zero, 1.0, x)))


def norm(x: Any, p: Any, axis: Axes, keepdim: bool, dtype: Any = None) -> Any:
    """(sum over `axis` of |x|**p)**(1 / p); the greatest |x| for inf, the least for -inf, how many differ from 0 for 0."""
    x = converted("norm", x, dtype)
    floating("norm", x)
    if p == "nuc":
        return _nuclear_norm(x, axis, keepdim)
    if isinstance(p, str) and p not in ("fro", "inf", "-inf"):
        raise RuntimeError(f"norm: p is {p!r} but a number, 'fro' or 'nuc' is needed; use one of them")
    p = 2.0 if p in (None, "fro") else float(p)
    axes = shapes.axes("norm", axis, x.array.ndim)
    if p == 2:
        return root(sum(apply("square", x), axes, keepdim))
    size = apply("abs", x)
    if p in (float("inf"), -float("inf")):
        if p > 0 and not x.array.size:
            return sum(size, axes, keepdim)
        return extreme_over("amax" if p > 0 else "amin", size, axes, keepdim)
    if p == 0:
        return sum(apply("where", x != 0, 1.0, x * 0.0), axes, keepdim)
    if p == 1:
        return sum(size, axes, keepdim)
    return _power_norm(size, p, axes, keepdim)


def _nuclear_norm(x: Any, axis: Axes, keepdim: bool) -> Any:
    """The sum of the singular values of matrices, which lie along two axes."""
    pair = (tuple(range(x.array.ndim)) if axis is None else
            tuple(shapes.axis("norm", k, x.array.ndim) for k in (axis if isinstance(axis, Iterable) else (axis,))))
    if len(pair) != 2 or pair[0] == pair[1]:
        raise shapes.ShapeError(f"norm: p is 'nuc' over the axes {pair} of shape {x.array.shape} but two are needed; name two")
    rest = tuple(k for k in range(x.array.ndim) if k not in pair)
    found = Nuclear()(Permute((*rest, *pair))(x))
    return reshape(found, shapes.without(x.array.shape, pair)) if keepdim else found


def _power_norm(size: Any, p: float, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The norm of an unusual `p`; elements of 0 have a gradient of 0."""
    zero = size == 0
    powers = apply("where", zero, 0.0 if p > 0 else float("inf"), apply("pow", apply("where", zero, 1.0, size), p))
    total = sum(powers, axes, keepdim)
    none = total == 0
    return apply("where", none, total, apply("pow", apply("where", none, 1.0, total), 1 / p))


def logsumexp(x: Any, axis: Axes, keepdim: bool) -> Any:
    """log(sum of exp(x)) over `axis`, without overflow: exp(x - the greatest) is at most 1."""
    x = x if x.array.dtype in shapes.FLOATS else cast(x, shapes.FLOAT32)
    axes = shapes.axes("logsumexp", axis, x.array.ndim)
    if not x.array.size:
        return apply("log", sum(apply("exp", x), axes, keepdim))
    top = extreme_over("amax", x.detach(), axes, keepdim=True)
    top = apply("where", apply("isfinite", top), top, 0.0)
    found = apply("log", sum(apply("exp", x - top), axes, keepdim))
    return found + (top if keepdim else top.reshape(found.shape))


def count_nonzero(x: Any, axis: Axes) -> Any:
    """How many elements differ from 0."""
    axes = shapes.axes("count_nonzero", axis, x.array.ndim)
    return sum(x.detach() != 0, axes)


def any(x: Any, axis: Axes, keepdim: bool) -> Any:
    """Whether an element differs from 0; as uint8 of uint8. Over no axes, (), each element for itself."""
    axes = shapes.axes("any", axis, x.array.ndim)
    found = x.detach() != 0 if axis == () else sum(x.detach() != 0, axes, keepdim) != 0
    return cast(found, shapes.UINT8) if x.array.dtype == shapes.UINT8 else found


def all(x: Any, axis: Axes, keepdim: bool) -> Any:
    """Whether no element is 0; as uint8 of uint8. Over no axes, (), each element for itself."""
    axes = shapes.axes("all", axis, x.array.ndim)
    found = x.detach() != 0 if axis == () else sum(x.detach() == 0, axes, keepdim) == 0
    return cast(found, shapes.UINT8) if x.array.dtype == shapes.UINT8 else found
