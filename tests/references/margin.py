"""Losses of pairs and triples, of margins, and of distributions, a sample at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .loss import reduced
from .norm import pairwise_distance


def triplet_margin_loss(a: Any, p: Any, n: Any, margin: float, swap: bool, reduction: str) -> Any:
    far = pairwise_distance(a, n)
    far = np.minimum(far, pairwise_distance(p, n)) if swap else far
    return reduced(np.maximum(pairwise_distance(a, p) - far + margin, 0), reduction)


def cosine_embedding_loss(x: Any, y: Any, target: Any, margin: float, reduction: str) -> Any:
    cosine = (x * y).sum(-1) / np.sqrt(((x**2).sum(-1) + 1e-12) * ((y**2).sum(-1) + 1e-12))
    return reduced(np.where(target > 0, 1 - cosine, np.maximum(cosine - margin, 0)), reduction)


def margin_ranking_loss(x: Any, y: Any, target: Any, margin: float, reduction: str) -> Any:
    return reduced(np.maximum(margin - target * (x - y), 0), reduction)


def hinge_embedding_loss(x: Any, target: Any, margin: float, reduction: str) -> Any:
    return reduced(np.where(target > 0, x, np.maximum(margin - x, 0)), reduction)


def soft_margin_loss(x: Any, target: Any, reduction: str) -> Any:
    return reduced(np.log(1 + np.exp(-target * x)), reduction)


def multilabel_soft_margin_loss(x: Any, target: Any, weight: Any, reduction: str) -> Any:
    share = 1 / (1 + np.exp(-x))
    losses = -(target * np.log(share) + (1 - target) * np.log(1 - share))
    return reduced((losses * (1 if weight is None else weight)).mean(-1), reduction)


def multi_margin_loss(x: Any, target: Any, p: int, margin: float, weight: Any, reduction: str) -> Any:
    losses = np.zeros(len(x))
    for i, (scores, own) in enumerate(zip(x, target)):
        others = [max(margin - scores[own] + score, 0) ** p for k, score in enumerate(scores) if k != own]
        losses[i] = sum(others) * (1 if weight is None else weight[own]) / len(scores)
    return reduced(losses, reduction)


def multilabel_margin_loss(x: Any, target: Any, reduction: str) -> Any:
    losses = np.zeros(len(x))
    for i, (scores, row) in enumerate(zip(x, target)):
        named = [int(k) for k in (row[: list(row).index(-1)] if -1 in row else row)]
        others = [k for k in range(len(scores)) if k not in named]
        losses[i] = sum(max(1 - scores[k] + scores[o], 0) for k in named for o in others) / len(scores)
    return reduced(losses, reduction)


def poisson_nll_loss(x: Any, target: Any, log_input: bool, full: bool, reduction: str) -> Any:
    losses = np.exp(x) - target * x if log_input else x - target * np.log(x + 1e-8)
    if full:
        large = np.maximum(target, 1)
        losses = losses + np.where(target > 1, large * np.log(large) - large + np.log(2 * np.pi * large) / 2, 0)
    return reduced(losses, reduction)


def gaussian_nll_loss(x: Any, target: Any, var: Any, full: bool, reduction: str) -> Any:
    losses = (np.log(var) + (x - target) ** 2 / var) / 2 + (np.log(2 * np.pi) / 2 if full else 0)
    return reduced(losses, reduction)
