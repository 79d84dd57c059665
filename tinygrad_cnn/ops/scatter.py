"""Scattering that combines what comes to one place with what lies there. Kernels: segments.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shapes
from ..autograd import Function
from ..devices import kernels
from . import layout
from .elementwise import apply, cast
from .gather import Spread, Take, as_row, segments
from .index import Index, Overwrite
from .making import filled
from .select import scatter, scatter_add, scattered
from .shape import reshape

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


class Combine(Function):
    """out[a, j, c] = x[a, j, c] and all part[a, m, c] with index[m] == j, combined by the kernel's `kind`."""

    kind: str
    saves = ("x", "part", "index", "out")

    def forward(self, x: Any, part: Any, index: Any) -> Any:
        k = kernels(x)
        out = k.empty(x.shape, x.dtype)
        k.copy.copy(out, x)
        k.segments.combine(out, layout.contiguous(part), *segments(index, x.shape[1]), self.kind)
        return out


class Multiply(Combine):
    """Their product. A factor of 0 is left out where its own gradient is computed, as the others' product would be 0 / 0."""

    kind = "prod"

    def backward(self, g: Any) -> Any:
        x, part, index, out = (getattr(self, name) for name in self.saves)
        zero = part == 0
        zeros = Spread(x.array.shape[1])(cast(zero, part.array.dtype), index)
        alone = zero & (Take()(zeros, index) == 1)
        factor, others = apply("where", x == 0, 1.0, x), apply("where", alone, 1.0, part)
        rest = Take()(g * Multiply()(x, others, index), index)
        shared = Take()(g * out, index) / apply("where", zero, 1.0, part)
        return g * Multiply()(factor, part, index) / factor, apply("where", alone, rest, shared), None


class Extreme(Combine):
    """The greatest or the least of them, a NaN if there is one; equal ones share the gradient."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def backward(self, g: Any) -> Any:
        x, part, index, out = (getattr(self, name) for name in self.saves)
        mine = cast(x == out, x.array.dtype)
        theirs = cast(part == Take()(out, index), x.array.dtype)
        share = g / (mine + Spread(x.array.shape[1])(theirs, index))
        return share * mine, Take()(share, index) * theirs, None


def scatter_reduce(x: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool,
                   operation: str = "scatter_reduce") -> Any:
    """x with what `source` brings to one place combined, by one of REDUCTIONS; with what lies there if `include_self`."""
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"{operation}: reduce is {reduce!r} but one of {', '.join(REDUCTIONS)} is needed; use one of them")
    if reduce == "mean" and x.array.dtype == shapes.BOOL:
        raise NotImplementedError(f"{operation}: dtype bool has no mean but numbers have; use x.int()")
    rest = x if include_self else scatter(x, dim, index, _neutral(reduce, x.array.dtype))
    if reduce in ("sum", "mean"):
        total = scatter_add(rest, dim, index, source, operation)
        return total if reduce == "sum" else _mean(total, dim, index, include_self)

    def combine(x: Any, key: Any, row: Any, places: Any) -> Any:
        region = Index(key)(x)
        node = Multiply() if reduce == "prod" else Extreme(reduce)
        made = reshape(node(as_row(region), row, places), region.array.shape)
        return made if made.array.shape == x.array.shape else Overwrite(key)(x, made)

    return scattered(operation, rest, dim, index, source, combine)


def _neutral(reduce: str, dtype: Any) -> Any:
    """The number that changes nothing it is combined with."""
    if reduce not in ("amax", "amin"):
        return int(reduce == "prod")
    if dtype in shapes.FLOATS:
        return -float("inf") if reduce == "amax" else float("inf")
    if dtype == shapes.BOOL:
        return reduce == "amin"
    return int(np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max)


def _mean(total: Any, dim: int, index: Any, include_self: bool) -> Any:
    """Sums divided by how many numbers made each; integers are rounded down."""
    ones = filled(total, total.array.shape, 1)
    ones = ones if include_self else scatter(ones, dim, index, 0)
    counts = apply("clamp_min", scatter_add(ones, dim, index, filled(total, index.array.shape, 1)), 1)
    return apply("div" if total.array.dtype in shapes.FLOATS else "floor_divide", total, counts)
