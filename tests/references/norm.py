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


def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    parts = [_standard(part, tuple(range(1, x.ndim)), eps) for part in np.split(x, groups, 1)]
    shape = (-1, *[1] * (x.ndim - 2))
    return _affine(np.concatenate(parts, 1), *(None if a is None else a.reshape(shape) for a in (weight, bias)))


def instance_norm(
    x: Any, weight: Any, bias: Any, mean: Any, var: Any, use_input_stats: bool, momentum: float = 0.1, eps: float = 1e-5
) -> Any:
    if not use_input_stats:
        return batch_norm(x, weight, bias, mean, var, False, eps=eps)
    axes, shape = tuple(range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    found = x.mean(axes).mean(0), x.var(axes, ddof=1).mean(0)
    moved = [(1 - momentum) * old + momentum * new for old, new in zip((mean, var), found)]
    return [_affine(_standard(x, axes, eps), weight.reshape(shape), bias.reshape(shape)), *moved]


def layer_norm(x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    return _affine(_standard(x, tuple(range(-len(shape), 0)), eps), weight, bias)


def rms_norm(x: Any, shape: Any, weight: Any = None, eps: float = 1e-5) -> Any:
    return _affine(x / np.sqrt((x**2).mean(tuple(range(-len(shape), 0)), keepdims=True) + eps), weight, None)


def local_response_norm(
    x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0, average: bool = True
) -> Any:
    around = [x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1] for c in range(x.shape[1])]
    s = np.stack([(part**2).sum(1) for part in around], 1)
    return x / (k + alpha * s / (size if average else 1)) ** beta


def _standard(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _affine(y: Any, weight: Any, bias: Any) -> Any:
    return y * (1 if weight is None else weight) + (0 if bias is None else bias)


def normalize(x: Any, p: float = 2.0, dim: int = 1) -> Any:
    return x / np.maximum((np.abs(x) ** p).sum(dim, keepdims=True) ** (1 / p), 1e-12)


def cosine_similarity(a: Any, b: Any) -> Any:
    return (normalize(a) * normalize(b)).sum(1)


def pairwise_distance(a: Any, b: Any) -> Any:
    return np.sqrt(((a - b + 1e-6) ** 2).sum(-1))
