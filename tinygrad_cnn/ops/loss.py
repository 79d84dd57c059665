"""Losses with kernels of their own: cross-entropy of scores, and negative log-likelihood of log-probabilities.

Kernels see x as (n, classes, s) with a class for each (n, s): s are the pixels where channels come first in memory;
elsewhere, every pixel is a sample with s = 1.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..arrays import is_contiguous
from ..autograd import Function
from ..devices import device_of, kernels, same_device
from . import layout
from .composite import one_hot, sum
from .elementwise import apply, cast
from .fused import Fused
from .shape import Permute, reshape
from .softmax import log_softmax

PIXELS = 64  # from which on vector loops along them are worth it


class CrossEntropy(Fused):
    """losses[i] = -w[t] log softmax(x)[i,t], t = target[i], smoothed over all classes; beside them w[t] itself.

    Both are 0 where the target is `ignore_index`. Without `weight` w is 1.
    """

    def __init__(self, ignore_index: int, smoothing: float) -> None:
        self.ignore_index, self.smoothing = ignore_index, smoothing

    def forward(self, x: Any, target: Any, weight: Any = None) -> Any:
        k, x, target = kernels(x), layout.contiguous(x), layout.contiguous(target)
        losses, counted = k.empty(target.shape, x.dtype), k.empty(target.shape, x.dtype)
        self.shift = k.empty((2, *target.shape), x.dtype)
        k.loss.cross_entropy(losses, counted, self.shift, x, target, layout.contiguous(weight), self.ignore_index,
                             self.smoothing)
        return losses, counted

    def fused_backward(self, g: Any, *_: Any) -> Any:
        x, target, weight = self._operands()
        out = kernels(x).empty(x.shape, x.dtype)
        kernels(x).loss.cross_entropy_backward(out, layout.contiguous(g.array), self.shift, x, target, weight,
                                               self.ignore_index, self.smoothing)
        return g.result(out, None), *(None,) * (len(self.needed) - 1)

    def _operands(self) -> list[Any]:
        found = [getattr(self, name, None) for name in self._parameters]
        return [None if t is None else layout.contiguous(t.array) for t in found]

    def definition(self, x: Any, target: Any, weight: Any = None) -> Any:
        log_p, here = log_softmax(x, 1), _here(target, x.array.shape[1])
        losses = apply("where", here, log_p, 0.0)
        if self.smoothing:
            losses = (1 - self.smoothing) * losses + self.smoothing / x.array.shape[1] * log_p
        if weight is not None:
            losses = losses * reshape(weight, (*weight.array.shape, 1))
        return apply("where", target == self.ignore_index, 0.0, -sum(losses, 1))


class NLL(Function):
    """losses[i] = -w[t] x[i,t], t = target[i]; beside them w[t]. Both are 0 where the target is `ignore_index`."""

    saves = ("target", "weight")

    def __init__(self, ignore_index: int) -> None:
        self.ignore_index = ignore_index

    def forward(self, x: Any, target: Any, weight: Any = None) -> Any:
        self.classes = x.shape[1]
        k, x, target = kernels(x), layout.contiguous(x), layout.contiguous(target)
        losses, counted = k.empty(target.shape, x.dtype), k.empty(target.shape, x.dtype)
        k.loss.nll(losses, counted, x, target, layout.contiguous(weight), self.ignore_index)
        return losses, counted

    def backward(self, g: Any, *_: Any) -> Any:
        known = [getattr(self, name) for name in ("target", "weight")[:len(self.needed) - 1]]
        return NLLBackward(self.ignore_index, self.classes)(g, *known), *(None,) * len(known)


class NLLBackward(Function):
    """out[i,t] = -w[t] g[i], t = target[i], else 0: the adjoint of NLL."""

    saves = ("target", "weight")

    def __init__(self, ignore_index: int, classes: int) -> None:
        self.ignore_index, self.classes = ignore_index, classes

    def forward(self, g: Any, target: Any, weight: Any = None) -> Any:
        k, (n, s) = kernels(g), target.shape
        out = k.empty((n, self.classes, s), g.dtype)
        k.loss.nll_backward(out, layout.contiguous(g), layout.contiguous(target), layout.contiguous(weight),
                            self.ignore_index)
        return out

    def backward(self, h: Any) -> Any:
        known = [getattr(self, name) for name in ("target", "weight")[:len(self.needed) - 1]]
        return NLL(self.ignore_index)(h, *known)[0], *(None,) * len(known)


def cross_entropy(x: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float) -> Any:
    """-w[target] log softmax(x)[target] of x (n, classes, ...) and integer target (n, ...), weight (classes,) or None.

    `reduction`: "none" gives one loss per target, "sum" their sum, "mean" their sum divided by that of w[target]; those
    of `ignore_index` count nowhere. `smoothing` is the share of the probability that is spread over all classes.
    """
    x, rows, *known = _prepared("cross_entropy", x, target, weight, ignore_index, reduction)
    return _reduced(CrossEntropy(ignore_index, smoothing)(x, rows, *known), target, reduction)


def nll_loss(x: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    """-w[target] x[target] of log-probabilities x (n, classes, ...) and integer target (n, ...), as `cross_entropy`."""
    x, rows, *known = _prepared("nll_loss", x, target, weight, ignore_index, reduction)
    return _reduced(NLL(ignore_index)(x, rows, *known), target, reduction)


def _prepared(name: str, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> list[Any]:
    """What the kernels take, checked."""
    given = [] if weight is None else [weight]
    same_device(name, x.array, target.array, *[w.array for w in given])
    layer_shapes.cross_entropy(name, x.array.shape, x.array.dtype, target.array.shape, target.array.dtype, reduction)
    for w in given:
        layer_shapes.class_weights(name, w.array.shape, w.array.dtype, x.array.shape[1], x.array.dtype)
    n, classes, *size = x.array.shape
    _in_range(name, target.array, classes, ignore_index)
    if is_contiguous(x.array) and prod(size) >= PIXELS:
        shape: tuple[int, ...] = n, classes, prod(size)
    else:
        x, shape = Permute((0, *range(2, x.array.ndim), 1))(x), (n * prod(size), classes, 1)
    return [reshape(x, shape), reshape(cast(target, shapes.INT64), (shape[0], shape[2])), *[w.detach() for w in given]]


def _reduced(results: tuple[Any, Any], target: Any, reduction: str) -> Any:
    losses, counted = results
    if reduction == "none":
        return reshape(losses, target.array.shape)
    return sum(losses) if reduction == "sum" else sum(losses) / sum(counted.detach())


def _here(target: Any, classes: int) -> Any:
    """Whether class c is the target: (n, classes, s)."""
    return Permute((0, 2, 1))(one_hot(target, classes, shapes.BOOL))


def _in_range(name: str, target: Any, classes: int, ignore_index: int) -> None:
    """Refuse a target that is no class. Looking would stop a GPU: there the loss is NaN instead."""
    if device_of(target) == "cpu" and target.size and (target.min() < 0 or target.max() >= classes):
        wrong = target[((target < 0) | (target >= classes)) & (target != ignore_index)]
        if wrong.size:
            raise IndexError(f"{name}: target {int(np.ravel(wrong)[0])} but the input has {classes} classes; "
                             f"use 0 to {classes - 1}, or ignore_index {ignore_index} for what is not to count")
