"""Losses. Each has PyTorch's arguments, the older `size_average` and `reduce`, which `reduction` replaced, too.

`reduction` is "mean", "sum" or "none": the losses' mean, their sum, or each by itself.
"""

from __future__ import annotations

import warnings
from typing import Any

from ... import layer_shapes
from ...devices import device_of
from ...functions import where
from ...ops import loss as _loss
from ...ops.elementwise import apply
from ...shapes import ShapeError, broadcast
from ...tensor import Tensor
from .activation import log_softmax


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                  ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Tensor:
    """-log softmax(input)[target] along axis 1: input (n, classes, ...), target int64 (n, ...) or probabilities.

    A single sample is (classes,) with a target of no axes. `weight` (classes,) multiplies each class's losses. "mean"
    divides by the weights of the targets that are not `ignore_index`. `label_smoothing` takes that share of probability
    from the target and spreads it evenly over all classes (arXiv 1512.00567, section 7). A floating target of the
    input's shape holds the probabilities of all classes; "mean" then divides by the number of samples.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise ShapeError(f"cross_entropy: label_smoothing is {label_smoothing} but must be a probability; use 0 to 1")
    if target.shape == input.shape and target.is_floating_point():
        return _soft_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    if input.ndim == 1 and target.ndim == 0:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
        single = cross_entropy(input, target, weight, None, ignore_index, None, reduction, label_smoothing)
        return single.reshape(())
    return _loss.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def _soft_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str,
                        label_smoothing: float) -> Tensor:
    """Cross-entropy with the probabilities of all classes."""
    layer_shapes.reductions("cross_entropy", reduction)
    if ignore_index >= 0:
        raise ShapeError(f"cross_entropy: ignore_index is {ignore_index} but probabilities name no class; leave it out")
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    terms = log_softmax(input, axis) * (target * (1 - label_smoothing) + label_smoothing / classes)
    if weight is not None:
        layer_shapes.class_weights("cross_entropy", weight.shape, weight.dtype, classes, input.dtype)
        terms = terms * weight.reshape(-1, *(1,) * (input.ndim - axis - 1))
    losses = -terms.sum(axis)
    return losses.sum() / (input.numel() / classes) if reduction == "mean" else reduced("cross_entropy", losses, reduction)


def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
             ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """-weight[target] * input[target] along axis 1 of log-probabilities (n, classes, ...), target int64 (n, ...).

    "mean" divides by the weights of the targets that are not `ignore_index`.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if input.ndim == 1 and target.ndim == 0:
        found = nll_loss(input.unsqueeze(0), target.unsqueeze(0), weight, None, ignore_index, None, reduction)
        return found.reshape(())
    return _loss.nll_loss(input, target, weight, ignore_index, reduction)


def mse_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
             reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """(input - target)^2, times `weight` of the input's shape; "mean" divides by the sum of the weights."""
    reduction = reduction_of(reduction, size_average, reduce)
    return _weighted("mse_loss", "squared_error", input, target, reduction, weight)


def l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
            reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """|input - target|, times `weight` of the input's shape; "mean" divides by the sum of the weights."""
    reduction = reduction_of(reduction, size_average, reduce)
    return _weighted("l1_loss", "absolute_error", input, target, reduction, weight)


def smooth_l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
                   reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """With d = |input - target|: d^2 / (2 beta) where d < beta, else d - beta / 2 (arXiv 1504.08083)."""
    reduction = reduction_of(reduction, size_average, reduce)
    if beta < 0:
        raise ShapeError(f"smooth_l1_loss: beta is {beta} but must be at least 0; use a positive number")
    name = ("smooth_l1", beta) if beta else ("absolute_error",)
    return reduced("smooth_l1_loss", _errors("smooth_l1_loss", name[0], input, target, reduction, None, *name[1:]), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
               weight: Tensor | None = None) -> Tensor:
    """With d = |input - target|: d^2 / 2 where d <= delta, else delta (d - delta / 2); times `weight`."""
    if delta <= 0:
        raise ShapeError(f"huber_loss: delta is {delta} but must be above 0; use a positive number")
    losses = _errors("huber_loss", "huber", input, target, reduction, weight, delta)
    return reduced("huber_loss", losses if weight is None else losses * weight, reduction)


def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                         reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """-(target log(input) + (1 - target) log(1 - input)) of probabilities; logarithms below -100 count as -100.

    `weight` multiplies the losses. Raises where an input on the CPU is no probability.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    _same_shapes("binary_cross_entropy", input, target, reduction)
    if device_of(input.array) == "cpu" and input.numel() and not (input.array.min() >= 0 and input.array.max() <= 1):
        raise RuntimeError(f"binary_cross_entropy: the input lies between {input.array.min()} and {input.array.max()} but "
                           "probabilities are needed; use binary_cross_entropy_with_logits or sigmoid")
    losses = apply("binary_cross_entropy", input, target)
    return reduced("binary_cross_entropy", losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None,
                                     size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
                                     pos_weight: Tensor | None = None) -> Tensor:
    """`binary_cross_entropy` of sigmoid(input), without overflow. `pos_weight` multiplies the losses of target 1."""
    reduction = reduction_of(reduction, size_average, reduce)
    _same_shapes("binary_cross_entropy_with_logits", input, target, reduction)
    losses = apply("logistic_loss", input, target, 1.0 if pos_weight is None else pos_weight.detach())
    return reduced("binary_cross_entropy_with_logits", losses if weight is None else losses * weight, reduction)


def kl_div(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
           log_target: bool = False) -> Tensor:
    """target (log(target) - input), element by element: the divergence of exp(input) from `target`.

    With `log_target` the target, too, is a logarithm. `reduction` "batchmean" divides the sum by the first extent, which
    is the divergence as it is defined; "mean" by all elements.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn("kl_div: reduction 'mean' divides by all elements; 'batchmean' is the divergence as it is defined",
                      stacklevel=3)
    if log_target:
        losses = target.exp() * (target - input)
    else:
        zero = target == 0
        losses = where(zero, 0.0, target) * where(zero, 1.0, target).log() - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses.sum()
    return reduced("kl_div", losses, reduction)


def _weighted(name: str, formula: str, input: Tensor, target: Tensor, reduction: str, weight: Tensor | None) -> Tensor:
    """The formula, times the weights, by whose sum "mean" divides."""
    losses = _errors(name, formula, input, target, reduction, weight, caller=5)
    if weight is None:
        return reduced(name, losses, reduction)
    return (losses * weight).sum() / weight.sum() if reduction == "mean" else reduced(name, losses * weight, reduction)


def _errors(name: str, formula: str, input: Tensor, target: Tensor, reduction: str, weight: Tensor | None,
            *numbers: float, caller: int = 4) -> Any:
    """The formula of input and target, broadcast with a warning at the user's line, `caller` calls above."""
    layer_shapes.reductions(name, reduction)
    if input.shape != target.shape:
        broadcast(name, input.shape, target.shape)
        warnings.warn(f"{name}: input has shape {input.shape} but target {target.shape}; they are broadcast, which is "
                      "seldom meant", stacklevel=caller)
    if weight is not None and weight.shape != input.shape:
        raise ShapeError(f"{name}: weight has shape {weight.shape} but input {input.shape}; give one weight per element")
    return apply(formula, input, target, *numbers)


def _same_shapes(name: str, input: Tensor, target: Tensor, reduction: str) -> None:
    layer_shapes.reductions(name, reduction)
    if input.shape != target.shape:
        raise ShapeError(f"{name}: input has shape {input.shape} but target {target.shape}; make them equal")


def reduced(name: str, losses: Any, reduction: str) -> Tensor:
    """The losses as `reduction` says."""
    layer_shapes.reductions(name, reduction)
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """`reduction`, unless PyTorch's older pair of flags is given: `reduce` (True) and `size_average` (True)."""
    if size_average is None and reduce is None:
        return reduction
    found = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(f"size_average and reduce are deprecated; use reduction={found!r}", stacklevel=4)
    return found
