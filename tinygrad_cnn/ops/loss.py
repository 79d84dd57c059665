"""Cross-entropy of scores and classes: log-softmax and negative log-likelihood in one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import layer_shapes, shapes
from ..autograd import Fused
from ..devices import device_of, kernels, together
from . import layout
from .composite import one_hot, sum
from .elementwise import apply, cast
from .shape import Permute, reshape
from .softmax import log_softmax


class CrossEntropy(Fused):
    """losses[i] = log(sum over j of exp(x[i,j])) - x[i,target[i]], and 0 where target[i] is `ignore_index`."""

    def __init__(self, ignore_index: int) -> None:
        self.ignore_index = ignore_index

    def forward(self, x: Any, target: Any) -> Any:
        k = kernels(x)
        losses, self.log_p = k.empty(target.shape, x.dtype), k.empty(x.shape, x.dtype)
        k.loss.cross_entropy(losses, self.log_p, layout.contiguous(x), layout.contiguous(target), self.ignore_index)
        return losses

    def fused_backward(self, g: Any) -> Any:
        k = kernels(self.log_p)
        target = self.target.data  # type: ignore[attr-defined]
        out = k.empty(self.log_p.shape, self.log_p.dtype)
        k.loss.cross_entropy_backward(out, layout.contiguous(g.data), self.log_p, layout.contiguous(target),
                                      self.ignore_index)
        return g.result(out, None), None

    def definition(self, x: Any, target: Any) -> Any:
        here = one_hot(target, x.data.shape[1], shapes.BOOL)
        losses = -sum(apply("where", here, log_softmax(x, 1), 0.0), 1)
        return apply("where", target == self.ignore_index, 0.0, losses)


def cross_entropy(x: Any, target: Any, ignore_index: int, reduction: str) -> Any:
    """-log softmax(x)[target] of x (n, classes, ...) and integer target (n, ...).

    `reduction`: "none" gives one loss per target, "sum" their sum, "mean" the mean without those of `ignore_index`.
    """
    together("cross_entropy", x.data, target.data)
    layer_shapes.cross_entropy("cross_entropy", x.data.shape, x.data.dtype, target.data.shape, target.data.dtype, reduction)
    rank, classes = x.data.ndim, x.data.shape[1]
    _in_range(target.data, classes, ignore_index)
    rows = reshape(Permute((0, *range(2, rank), 1))(x), (target.data.size, classes))
    target = cast(target, shapes.INT64)
    losses = CrossEntropy(ignore_index)(rows, reshape(target, (target.data.size,)))
    if reduction == "none":
        return reshape(losses, target.data.shape)
    if reduction == "sum":
        return sum(losses)
    return sum(losses) / sum(cast(target != ignore_index, x.data.dtype))


def _in_range(target: Any, classes: int, ignore_index: int) -> None:
    """Refuse a target that is no class. Looking would stop a GPU: there the loss is NaN instead."""
    if device_of(target) == "cpu" and target.size and (target.min() < 0 or target.max() >= classes):
        wrong = target[((target < 0) | (target >= classes)) & (target != ignore_index)]
        if wrong.size:
            raise IndexError(f"cross_entropy: target {int(np.ravel(wrong)[0])} but the input has {classes} classes; "
                             f"use 0 to {classes - 1}, or ignore_index {ignore_index} for what is not to count")
