"""Normalization."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...devices import kernels
from ...grad_mode import recomputing
from ...ops import group_norm as _group_norm
from ...ops import norm as _norm
from ...shapes import Shape, ShapeError
from ...tensor import Tensor


def batch_norm(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
               bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
               relu: bool = False) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias for each channel of input (n, c, ...).

    With `training` mean and variance are those of the batch, and the running statistics, if given, move towards them in
    place by `momentum`. With `relu`, max(., 0) in the same pass.
    """
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm: eps is {eps} but must be {'positive' if training else 'at least 0'}; use 1e-5")
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: running_mean or running_var is None outside training; "
                             "give both, or training=True")
        return _norm.normalize(input, running_mean, running_var, weight, bias, eps, relu)
    out, mean, var = _norm.batch_norm(input, weight, bias, eps, relu)
    count = input.numel() // max(input.shape[1], 1)
    if not count:
        return out
    _approach(running_mean, mean, momentum)
    _approach(running_var, var * (count / max(count - 1, 1)), momentum)
    return out


def _approach(running: Tensor | None, value: Tensor, weight: float) -> None:
    """running += weight * (value - running), in place, outside the graph; not when a checkpoint computes again."""
    if running is not None and weight and not recomputing():
        kernels(running.array).update.average(running.array, value.array, weight)
        running.version.count += 1


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0,
                        average: bool = True) -> Tensor:
    """input / (k + alpha * s) ** beta, where s is the sum of the squares in `size` neighboring channels of input
    (n, c, ...), divided by `size`; with `average` False it is not divided, as in the AlexNet paper (section 3.3)."""
    if input.ndim < 3:
        raise ShapeError(f"local_response_norm: input has shape {input.shape} but at least 3 axes are needed; reshape it")
    if size < 1:
        raise ShapeError(f"local_response_norm: size is {size} but must be at least 1; give a larger size")
    return _norm.local_response_norm(input, size, alpha, beta, k, average)


def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
               eps: float = 1e-5) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, mean and variance over each of `num_groups` groups of channels of
    each sample of input (n, c, ...); weight and bias (c,)."""
    if input.ndim < 2 or num_groups < 1 or input.shape[1] % num_groups:
        raise ShapeError(f"group_norm: num_groups is {num_groups} for an input of shape {input.shape}; use a divisor of the "
                         "extent of axis 1")
    if input.shape[0] * input.shape[1] // num_groups * prod(input.shape[2:]) == 1:
        raise ShapeError(f"group_norm: input {input.shape} in {num_groups} groups has 1 element per group but a variance "
                         "needs more; use fewer groups")
    return _group_norm.group_norm(input, num_groups, weight, bias, eps)


def instance_norm(input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
                  weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True,
                  momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias for each channel of each sample of input (n, c, ...).

    With `use_input_stats` mean and variance are the channel's own, and the running statistics, if given, move in place by
    `momentum` towards their means over the samples; without it the running statistics are used.
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    count = prod(input.shape[2:])
    if input.ndim < 3 or count == 1:
        raise ShapeError(f"instance_norm: input has shape {input.shape} but more than 1 element per channel is needed; use "
                         "larger images or eval()")
    out = _group_norm.group_norm(input, input.shape[1], weight, bias, eps, "instance_norm")
    if input.numel() and (running_mean is not None or running_var is not None):
        _watch(input.detach(), running_mean, running_var, momentum, count)
    return out


def _watch(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, momentum: float, count: int) -> None:
    """Move the running statistics towards the means over the samples of each channel's mean and unbiased variance."""
    axes = tuple(range(2, input.ndim))
    mean = input.mean(axes, keepdim=True)
    _approach(running_mean, mean.reshape(input.shape[:2]).mean(0), momentum)
    _approach(running_var, (((input - mean) ** 2).sum(axes) / max(count - 1, 1)).mean(0), momentum)


def layer_norm(input: Tensor, normalized_shape: int | Sequence[int], weight: Tensor | None = None,
               bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, mean and variance over the last axes of input, whose extents
    `normalized_shape` repeats; weight and bias of that shape."""
    return _group_norm.layer_norm(input, _shape(normalized_shape), weight, bias, eps)


def rms_norm(input: Tensor, normalized_shape: int | Sequence[int], weight: Tensor | None = None,
             eps: float | None = None) -> Tensor:
    """input / sqrt(mean of input ** 2 + eps) * weight, the mean over the last axes; an `eps` of None is the dtype's."""
    smallest = float(np.finfo(input.dtype).eps) if input.is_floating_point() else 0.0
    return _group_norm.rms_norm(input, _shape(normalized_shape), weight, smallest if eps is None else eps)


def _shape(normalized_shape: int | Sequence[int]) -> Shape:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
