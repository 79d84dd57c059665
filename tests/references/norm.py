"""Normalization."""

from __future__ import annotations

from typing import Any

import numpy as np


def batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, momentum: float = 0.1, eps: float = 1e-5
) -> Any:
    axes, shape = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    if training:
        count = x.size // x.shape[1]
        running = mean, var
        mean, var = x.mean(axes), x.var(axes)
        moved = [(1 - momentum) * old + momentum * new for old, new in zip(running, (mean, var * count / (count - 1)))]
    y = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps) * weight.reshape(shape) + bias.reshape(shape)
    return [y, *moved] if training else y
