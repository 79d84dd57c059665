"""Activations."""

from __future__ import annotations

from typing import Any

import numpy as np


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def softmax(x: Any, dim: int) -> Any:
    e = np.exp(x - x.max(dim, keepdims=True, initial=-np.inf))
    return e / e.sum(dim, keepdims=True)


def log_softmax(x: Any, dim: int) -> Any:
    return np.log(softmax(x, dim))
