"""Normalization to mean 0 and variance 1: of each channel over the batch (arXiv 1502.03167), and by local response."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..arrays import view
from ..devices import kernels, same_device
from . import layout
from .composite import mean
from .elementwise import apply
from .fused import Fused
from .resample import Resample, Table
from .shape import per_channel


class Normalize(Fused):
    """out = (x - mean) / sqrt(var + eps) * gamma + beta along axis 1, mean and var given, then max(., 0) if `relu`."""

    fixed = True  # mean and var do not depend on x

    def __init__(self, center: Any, var: Any, eps: float, relu: bool) -> None:
        self.center, self.eps, self.relu = center, eps, relu
        self.rstd = _rstd(var, eps)
        self.saves = (*type(self).saves, "out") if relu else type(self).saves

    def forward(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        rows = layout.last(x)
        out = kernels(x).empty(rows.shape, x.dtype)
        gamma = None if gamma is None else layout.contiguous(gamma)
        beta = None if beta is None else layout.contiguous(beta)
        kernels(x).norm.normalize(_matrix(out), _matrix(rows), self.center, self.rstd, gamma, beta, self.relu)
        return layout.first(out)

    def fused_backward(self, g: Any) -> Any:
        x, gamma = self.x.array, getattr(self, "gamma", None)  # type: ignore[attr-defined]
        rows = layout.last(x)
        k = kernels(x)
        dx, dgamma, dbeta = (k.empty(shape, x.dtype) for shape in (rows.shape, (x.shape[1],), (x.shape[1],)))
        out = _matrix(layout.last(self.out.array)) if self.relu else None  # type: ignore[attr-defined]
        k.norm.backward(_matrix(dx), dgamma, dbeta, _matrix(layout.last(g.array)), out, _matrix(rows), self.center,
                        self.rstd, None if gamma is None else layout.contiguous(gamma.array), self.fixed)
        found = layout.first(dx), dgamma, dbeta
        return tuple(g.result(a, None) if e else None for a, e in zip(found, self.needed))

    def definition(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        xhat = (x - per_channel(x, x.result(self.center, None))) * per_channel(x, x.result(self.rstd, None))
        return self._affine(xhat, gamma, beta)

    def _affine(self, xhat: Any, gamma: Any, beta: Any) -> Any:
        y = xhat if gamma is None else xhat * per_channel(xhat, gamma)
        y = y if beta is None else y + per_channel(xhat, beta)
        return apply("relu", y) if self.relu else y


class BatchNorm(Normalize):
    """Normalize with the mean and the biased variance of x itself, which gradients flow through."""

    fixed = False

    def definition(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        axes = (0, *range(2, x.array.ndim))
        d = x - mean(x, axes, keepdim=True)
        return self._affine(d * (mean(d * d, axes, keepdim=True) + self.eps) ** -0.5, gamma, beta)


def _matrix(rows: Any) -> Any:
    """(n, ..., c) as (m, c)."""
    return view(rows, (rows.size // max(rows.shape[-1], 1), rows.shape[-1]))


def _rstd(var: Any, eps: float) -> Any:
    """1 / sqrt(var + eps)."""
    k = kernels(var)
    out = k.empty(var.shape, var.dtype)
    k.elementwise.apply("add", out, var, eps)
    k.elementwise.apply("pow", out, out, -0.5)
    return out


def statistics(x: Any) -> tuple[Any, Any]:
    """Arrays (mean, biased variance) of each channel of the array x (n, c, ...)."""
    k = kernels(x)
    center, var = k.empty((x.shape[1],), x.dtype), k.empty((x.shape[1],), x.dtype)
    k.norm.statistics(center, var, _matrix(layout.last(x)))
    return center, var


def batch_norm(x: Any, gamma: Any, beta: Any, eps: float, relu: bool = False) -> tuple[Any, Any, Any]:
    """(out, mean, biased variance) of x (n, c, ...) normalized with its own statistics; these two without a graph."""
    _check(x, gamma, beta)
    layer_shapes.batch_statistics("batch_norm", x.array.shape)
    center, var = statistics(x.array)
    out = with_affine(BatchNorm(center, var, eps, relu), x, gamma, beta)
    return out, x.result(center, None), x.result(var, None)


def normalize(x: Any, center: Any, var: Any, gamma: Any, beta: Any, eps: float, relu: bool = False) -> Any:
    """x (n, c, ...) normalized with given statistics (c,), which are constants."""
    _check(x, center, var, gamma, beta)
    return with_affine(Normalize(layout.contiguous(center.array), layout.contiguous(var.array), eps, relu), x, gamma, beta)


def _check(x: Any, *channels: Any) -> None:
    given = [t.array for t in channels if t is not None]
    same_device("batch_norm", x.array, *given)
    layer_shapes.batch_norm("batch_norm", x.array.shape, x.array.dtype, [(a.shape, a.dtype) for a in given])


def with_affine(node: Fused, x: Any, gamma: Any, beta: Any) -> Any:
    """The node called with gamma and beta, either of which may be None."""
    if gamma is None and beta is not None:  # the node takes them in this order
        gamma = apply("add", apply("mul", beta.detach(), 0.0), 1.0)
    return node(*[t for t in (x, gamma, beta) if t is not None])


@shapes.remembered
def _neighbors(channels: int, size: int) -> Table:
    """For each channel itself, size // 2 before it and (size - 1) // 2 behind."""
    rows, offsets = np.meshgrid(np.arange(channels), np.arange(size) - size // 2, indexing="ij")
    inside = (rows + offsets >= 0) & (rows + offsets < channels)
    return Table(channels, channels, rows[inside], (rows + offsets)[inside])


def local_response_norm(x: Any, size: int, alpha: float, beta: float, k: float, average: bool) -> Any:
    """x / (k + alpha s)^beta, s the sum, or the average, of the squares in `size` channels around each (Krizhevsky et al.
    2012, section 3.3)."""
    squares = Resample(_neighbors(x.array.shape[1], size), 1)(x * x)
    return x * (squares * (alpha / size if average else alpha) + k) ** -beta
