"""Activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def softmax(x: Any, dim: int) -> Any:
    e = np.exp(x - x.max(dim, keepdims=True, initial=-np.inf))
    return e / e.sum(dim, keepdims=True)


def log_softmax(x: Any, dim: int) -> Any:
    return np.log(softmax(x, dim))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    return np.where(x > 0, x, x * slope)


def prelu(x: Any, weight: Any) -> Any:
    return np.where(x > 0, x, x * weight.reshape(-1, *[1] * (x.ndim - 2)))


def elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def selu(x: Any) -> Any:
    """The fixed point of mean 0 and variance 1 (arXiv 1706.02515, equation 14)."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def celu(x: Any, alpha: float = 1.0) -> Any:
    return np.maximum(x, 0) + np.minimum(0, alpha * (np.exp(x / alpha) - 1))


def gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), [float])(x)


def silu(x: Any) -> Any:
    return x * sigmoid(x)


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


def mish(x: Any) -> Any:
    return x * np.tanh(np.log1p(np.exp(x)))


def hardsigmoid(x: Any) -> Any:
    return np.clip(x + 3, 0, 6) / 6


def glu(x: Any, dim: int) -> Any:
    first, second = np.split(x, 2, dim)
    return first * sigmoid(second)


def erfinv(x: float) -> float:
    """The number whose error function is x, by halving an interval; near 1 by erfc, which loses no digits there."""
    low, high, size = 0.0, 7.0, abs(x)
    for _ in range(80):
        middle = (low + high) / 2
        below = math.erf(middle) < size if size < 0.5 else math.erfc(middle) > 1 - size
        low, high = (middle, high) if below else (low, middle)
    return math.copysign(low, x)
