"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import log_softmax


def reduced(losses: Any, reduction: str) -> Any:
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()


def cross_entropy(x: Any, target: Any, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
                  weight: Any = None) -> Any:
    scores = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    classes = x.shape[1]
    if target.shape == x.shape:
        shares = np.moveaxis(target, 1, -1).reshape(-1, classes) * (1 - label_smoothing)
        target, divisor = target[:, 0], max(len(scores), 0)
        counted = np.ones(len(scores))
    else:
        shares = (1 - label_smoothing) * (target.reshape(-1, 1) == np.arange(classes))
        counted = (target.reshape(-1) != ignore_index) * 1.0
        divisor = (counted * (np.ones(classes) if weight is None else weight)[target.reshape(-1) % classes]).sum()
    shares = shares + label_smoothing / classes
    shares = shares if weight is None else shares * weight
    losses = -np.where(shares == 0, 0, shares * log_softmax(scores, 1)).sum(1) * counted
    return losses.sum() / divisor if reduction == "mean" else reduced(losses.reshape(target.shape), reduction)


def nll_loss(x: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> Any:
    flat = target.reshape(-1)
    weights = (np.ones(x.shape[1]) if weight is None else weight)[flat % x.shape[1]] * (flat != ignore_index)
    picked = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])[np.arange(flat.size), flat % x.shape[1]]
    losses = -picked * weights
    return losses.sum() / weights.sum() if reduction == "mean" else reduced(losses.reshape(target.shape), reduction)


def mse_loss(x: Any, target: Any, reduction: str = "mean") -> Any:
    return reduced((x - target) ** 2, reduction)


def l1_loss(x: Any, target: Any, reduction: str = "mean") -> Any:
    return reduced(np.abs(x - target), reduction)


def smooth_l1_loss(x: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    d = np.abs(x - target)
    return reduced(np.where(d < beta, d * d / 2 / beta, d - beta / 2), reduction)


def huber_loss(x: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    d = np.abs(x - target)
    return reduced(np.where(d < delta, d * d / 2, delta * (d - delta / 2)), reduction)


def binary_cross_entropy(x: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    losses = -(target * np.log(x) + (1 - target) * np.log(1 - x))
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(x: Any, target: Any, weight: Any = None, reduction: str = "mean",
                                     pos_weight: Any = 1.0) -> Any:
    losses = target * pos_weight * np.log1p(np.exp(-x)) + (1 - target) * np.log1p(np.exp(x))
    return reduced(losses if weight is None else losses * weight, reduction)


def kl_div(x: Any, target: Any, reduction: str = "sum", log_target: bool = False) -> Any:
    losses = np.exp(target) * (target - x) if log_target else target * (np.log(target) - x)
    return losses.sum() / len(x) if reduction == "batchmean" else reduced(losses, reduction)
