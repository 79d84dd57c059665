"""Losses of pairs and triples, of margins, and of distributions: compositions of other operations.

`reduction` is "mean", "sum" or "none"; the older `size_average` and `reduce` say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

from ...creation import arange
from ...defaults import get_default_dtype
from ...devices import device_of
from ...functions import where
from ...layer_shapes import reductions
from ...shapes import ShapeError, broadcast, same
from ...tensor import Tensor
from .activation import logsigmoid
from .distance import pairwise_distance
from .loss import reduced, reduction_of


def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
                        eps: float = 1e-6, swap: bool = False, size_average: bool | None = None, reduce: bool | None = None,
                        reduction: str = "mean") -> Tensor:
    """max(|a - p| - |a - n| + margin, 0) of vectors along the last axis (arXiv 1503.03832); with `swap` the nearer of
    |a - n| and |p - n| counts."""
    reduction = reduction_of(reduction, size_average, reduce)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return triplet_margin_with_distance_loss(anchor, positive, negative, distance_function=distance, margin=margin, swap=swap,
                                             reduction=reduction)


def triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *,
                                      distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
                                      margin: float = 1.0, swap: bool = False, reduction: str = "mean") -> Tensor:
    """`triplet_margin_loss` by any distance, `pairwise_distance` by default."""
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin is {margin} but must be above 0; use a positive number")
    ranks = {anchor.ndim, positive.ndim, negative.ndim}
    if len(ranks) > 1:
        raise ShapeError(f"triplet_margin_loss: anchor, positive and negative have {anchor.ndim}, {positive.ndim} and "
                         f"{negative.ndim} axes; give each as many")
    between = distance_function or pairwise_distance
    far = between(anchor, negative)
    far = far.minimum(between(positive, negative)) if swap else far
    return reduced("triplet_margin_loss", (between(anchor, positive) - far + margin).clamp_min(0), reduction)


def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0,
                          size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """1 - cos(x1, x2) where `target` is 1, max(cos(x1, x2) - margin, 0) where it is -1."""
    if input1.ndim not in (1, 2) or input1.ndim != input2.ndim or target.ndim != input1.ndim - 1:
        raise ShapeError(f"cosine_embedding_loss: inputs have shapes {input1.shape} and {input2.shape} and the target "
                         f"{target.shape}; give vectors and one number, or (n, features) and (n,)")
    input1, input2 = (x if x.is_floating_point() else x.to(get_default_dtype()) for x in (input1, input2))
    square1, square2 = ((x * x).sum(-1) + 1e-12 for x in (input1, input2))
    cosine = (input1 * input2).sum(-1) / (square1 * square2).sqrt()
    losses = where(target == 1, 1 - cosine, where(target == -1, (cosine - margin).clamp_min(0), 0 * cosine))
    return reduced("cosine_embedding_loss", losses, reduction_of(reduction, size_average, reduce))


def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: bool | None = None,
                        reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """max(-target (x1 - x2) + margin, 0): `target` is 1 where x1 is to be the larger, else -1."""
    if not input1.ndim == input2.ndim == target.ndim:
        raise ShapeError(f"margin_ranking_loss: shapes are {input1.shape}, {input2.shape} and {target.shape}; give each "
                         "as many axes")
    losses = (-target * (input1 - input2) + margin).clamp_min(0)
    return reduced("margin_ranking_loss", losses, reduction_of(reduction, size_average, reduce))


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None,
                         reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """x where `target` is 1, max(margin - x, 0) where it is -1; elsewhere both."""
    near = where(target != -1, input, 0.0)
    apart = where(target != 1, (margin - input).clamp_min(0), 0.0)
    return reduced("hinge_embedding_loss", near + apart, reduction_of(reduction, size_average, reduce))


def soft_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
                     reduction: str = "mean") -> Tensor:
    """log(1 + exp(-target x)), `target` 1 or -1."""
    broadcast("soft_margin_loss", input.shape, target.shape)
    return reduced("soft_margin_loss", (-target * input).exp().log1p(), reduction_of(reduction, size_average, reduce))


def multilabel_soft_margin_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                                reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """The mean over classes, the last axis, of -(target log sigmoid(x) + (1 - target) log sigmoid(-x)), times `weight`."""
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    losses = (losses if weight is None else losses * weight).mean(-1)
    return reduced("multilabel_soft_margin_loss", losses, reduction_of(reduction, size_average, reduce))


def multi_margin_loss(input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
                      size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> Tensor:
    """The mean over classes but the target's of max(margin - x[target] + x, 0)**p, times the target's `weight`."""
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is {p} but must be 1 or 2")
    reduction = reduction_of(reduction, size_average, reduce)
    reductions("multi_margin_loss", reduction)
    x, y = (input.reshape(1, -1), target.reshape(-1)) if input.ndim < 2 else (input, target)
    if x.ndim != 2 or y.shape != x.shape[:1] or not x.shape[1]:
        raise ShapeError(f"multi_margin_loss: input has shape {input.shape} and target {target.shape}; give (n, classes) "
                         "and (n,)")
    if weight is not None:
        same("multi_margin_loss", "the shape of weight", weight.shape, (x.shape[1],), "give one for each class")
    picked = y.unsqueeze(1)
    losses = (margin - x.gather(1, picked) + x).clamp_min(0) ** p
    losses = losses if weight is None else losses * weight[y].unsqueeze(1)
    own = arange(x.shape[1], device=x.device) == picked
    losses = where(own, 0 * losses, losses).sum(1) / x.shape[1]
    return reduced("multi_margin_loss", losses.reshape(target.shape), reduction)


def multilabel_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
                           reduction: str = "mean") -> Tensor:
    """The mean over pairs of a target class and another of max(1 - (x[target] - x[other]), 0); the row of target classes
    ends at the first -1."""
    reduction = reduction_of(reduction, size_average, reduce)
    reductions("multilabel_margin_loss", reduction)
    same("multilabel_margin_loss", "the shape of target", target.shape, input.shape, "give a row of classes for each sample")
    x, y = (input.reshape(1, -1), target.reshape(1, -1)) if input.ndim < 2 else (input, target)
    if x.ndim != 2 or not x.shape[1]:
        raise ShapeError(f"multilabel_margin_loss: input has shape {input.shape}; give (n, classes) or (classes,)")
    named = (y < 0).long().cumsum(1) == 0
    classes = arange(x.shape[1], device=x.device)
    hits = (y.unsqueeze(2) == classes) & named.unsqueeze(2)
    other = ~hits.any(1)
    values = x.gather(1, y.clamp_min(0))
    terms = (1 - (values.unsqueeze(2) - x.unsqueeze(1))).clamp_min(0)
    counted = named.unsqueeze(2) & other.unsqueeze(1)
    losses = where(counted, terms, 0 * terms).sum((1, 2)) / x.shape[1]
    return reduced("multilabel_margin_loss", losses[0] if input.ndim < 2 else losses, reduction)


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
                     size_average: bool | None = None, eps: float = 1e-8, reduce: bool | None = None,
                     reduction: str = "mean") -> Tensor:
    """exp(x) - target x, or without `log_input` x - target log(x + eps): the negative log-likelihood of counts; with `full`
    plus Stirling's formula for log(target!)."""
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        large = where(target > 1, target, 1)
        losses = losses + where(target > 1, large * large.log() - large + 0.5 * (2 * pi * large).log(), 0 * losses)
    return reduced("poisson_nll_loss", losses, reduction_of(reduction, size_average, reduce))


def gaussian_nll_loss(input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6,
                      reduction: str = "mean") -> Tensor:
    """(log(var) + (x - target)^2 / var) / 2, `var` at least `eps`; with `full` plus log(2 pi) / 2."""
    var = input.new_full(input.shape, var) if isinstance(var, (int, float)) else var
    if var.shape != input.shape and var.shape == input.shape[:-1]:
        var = var.unsqueeze(-1)
    if var.ndim != input.ndim or any(v not in (1, n) for v, n in zip(var.shape, input.shape)):
        raise ValueError(f"gaussian_nll_loss: var has shape {var.shape} but input {input.shape}; give one for each element, or "
                         "for each row")
    if device_of(var.array) != "meta" and bool((var < 0).any()):
        raise ValueError("gaussian_nll_loss: var has a value below 0 but variances are needed; give others")
    floor = var.detach().clamp_min(eps) - var.detach()
    var = var + floor
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    return reduced("gaussian_nll_loss", losses + 0.5 * log(2 * pi) if full else losses, reduction)
