"""Normalization of each sample by itself: of groups of channels (arXiv 1803.08494), of single channels (arXiv 1607.08022),
of the last axes (arXiv 1607.06450)."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import layer_shapes
from ..arrays import view
from ..devices import kernels, same_device
from ..shapes import Shape
from . import layout
from .composite import mean
from .fused import Fused
from .norm import with_affine
from .shape import reshape


class GroupNorm(Fused):
    """out = (x - mean) / sqrt(var + eps) * gamma + beta, mean and var over a group of the channels of x (n, c, ...)."""

    def __init__(self, groups: int, eps: float) -> None:
        self.groups, self.eps = groups, eps

    def forward(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        k, rows = kernels(x), self._rows(x)
        out = k.empty(rows.shape, x.dtype)
        self.center, self.rstd = (k.empty((rows.shape[0], self.groups), x.dtype) for _ in range(2))
        k.group_norm.forward(out, self.center, self.rstd, rows, _flat(gamma), _flat(beta), self.eps)
        return self._logical(out, x.shape)

    def fused_backward(self, g: Any) -> Any:
        x, gamma = self.x.array, getattr(self, "gamma", None)  # type: ignore[attr-defined]
        k, rows = kernels(x), self._rows(x)
        dx, dgamma, dbeta = (k.empty(shape, x.dtype) for shape in (rows.shape, rows.shape[2:], rows.shape[2:]))
        k.group_norm.backward(dx, dgamma, dbeta, self._rows(g.array), rows, self.center, self.rstd,
                              _flat(None if gamma is None else gamma.array))
        shape = rows.shape[2:] if gamma is None else gamma.array.shape
        found = self._logical(dx, x.shape), view(dgamma, shape), view(dbeta, shape)
        return tuple(g.result(a, None) if e else None for a, e in zip(found, self.needed))

    def definition(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        n, c, *size = x.array.shape
        y = _standard(reshape(x, (n, self.groups, c // self.groups * prod(size))), (2,), self.eps)
        channels = (c, *(1,) * len(size))
        return _affine(reshape(y, x.array.shape), *(None if t is None else reshape(t, channels) for t in (gamma, beta)))

    def _rows(self, x: Any) -> Any:
        """x as (image, place, channel)."""
        rows = layout.last(x)
        return view(rows, (x.shape[0], prod(x.shape[2:]), x.shape[1]))

    def _logical(self, rows: Any, shape: Shape) -> Any:
        return layout.first(view(rows, (shape[0], *shape[2:], shape[1])))


class LayerNorm(GroupNorm):
    """out = (x - mean) / sqrt(var + eps) * gamma + beta, mean and var over the last `rank` axes, which gamma has."""

    def __init__(self, rank: int, eps: float) -> None:
        super().__init__(1, eps)
        self.rank = rank

    def definition(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        return _affine(_standard(x, tuple(range(-self.rank, 0)), self.eps), gamma, beta)

    def _rows(self, x: Any) -> Any:
        split = x.ndim - self.rank
        return view(layout.contiguous(x), (prod(x.shape[:split]), 1, prod(x.shape[split:])))

    def _logical(self, rows: Any, shape: Shape) -> Any:
        return view(rows, shape)


def _flat(a: Any) -> Any:
    return None if a is None else view(layout.contiguous(a), (a.size,))


def _standard(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    d = x - mean(x, axes, keepdim=True)
    return d * (mean(d * d, axes, keepdim=True) + eps) ** -0.5


def _affine(y: Any, gamma: Any, beta: Any) -> Any:
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


def group_norm(x: Any, groups: int, gamma: Any, beta: Any, eps: float, operation: str = "group_norm") -> Any:
    """x (n, c, ...) with each of `groups` groups of channels of each sample normalized; gamma and beta (c,) or None."""
    given = [t.array for t in (gamma, beta) if t is not None]
    same_device(operation, x.array, *given)
    layer_shapes.batch_norm(operation, x.array.shape, x.array.dtype, [(a.shape, a.dtype) for a in given])
    return with_affine(GroupNorm(groups, eps), x, gamma, beta)


def layer_norm(x: Any, shape: Shape, gamma: Any, beta: Any, eps: float) -> Any:
    """x with its last axes, whose extents are `shape`, normalized; gamma and beta of that shape or None."""
    _check("layer_norm", x, shape, gamma, beta)
    return with_affine(LayerNorm(len(shape), eps), x, gamma, beta)


def rms_norm(x: Any, shape: Shape, gamma: Any, eps: float) -> Any:
    """x / sqrt(mean of x^2 + eps) * gamma, the mean over the last axes, whose extents are `shape` (arXiv 1910.07467)."""
    _check("rms_norm", x, shape, gamma)
    return _affine(x * (mean(x * x, tuple(range(-len(shape), 0)), keepdim=True) + eps) ** -0.5, gamma, None)


def _check(operation: str, x: Any, shape: Shape, *affine: Any) -> None:
    given = [t.array for t in affine if t is not None]
    same_device(operation, x.array, *given)
    layer_shapes.layer_norm(operation, x.array.shape, x.array.dtype, shape, [(a.shape, a.dtype) for a in given])
