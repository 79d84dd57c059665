"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import log_softmax


def cross_entropy(x: Any, target: Any, ignore_index: int = -100, reduction: str = "mean") -> Any:
    scores = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    log_p = log_softmax(scores, 1)
    counted = target.reshape(-1) != ignore_index
    losses = np.array([-row[t] if c else 0.0 for row, t, c in zip(log_p, target.reshape(-1), counted)])
    if reduction == "none":
        return losses.reshape(target.shape)
    return losses.sum() if reduction == "sum" else losses.sum() / counted.sum()
