"""Losses."""

from __future__ import annotations

from ...functions import where
from ...ops import loss as _loss
from ...tensor import Tensor
from .activation import log_softmax
from .checks import check_probability


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100,
                  reduction: str = "mean", label_smoothing: float = 0.0) -> Tensor:
    """-log softmax(input)[target] along axis 1: input (n, classes, ...), target int64 (n, ...).

    `reduction` is "mean" (over the targets that are not `ignore_index`), "sum" or "none". `label_smoothing` takes that
    share of probability from the target and spreads it evenly over all classes (arXiv 1512.00567, section 7).
    """
    check_cross_entropy("cross_entropy", weight, reduction, label_smoothing)
    if not label_smoothing:
        return _loss.cross_entropy(input, target, ignore_index, reduction)
    certain = _loss.cross_entropy(input, target, ignore_index, "none")
    even = where(target == ignore_index, 0.0, -log_softmax(input, 1).mean(1))
    losses = (1 - label_smoothing) * certain + label_smoothing * even
    if reduction == "none":
        return losses
    return losses.sum() / ((target != ignore_index).sum() if reduction == "mean" else 1)


def check_cross_entropy(name: str, weight: Tensor | None, reduction: str, label_smoothing: float) -> None:
    """Refuse what the loss cannot do."""
    if weight is not None:
        raise NotImplementedError(f"{name}: weight has shape {weight.shape} but class weights are not supported; "
                                  "use reduction='none' and weigh the losses")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction is {reduction!r}; use 'mean', 'sum' or 'none'")
    check_probability(f"{name}: label_smoothing", label_smoothing)
