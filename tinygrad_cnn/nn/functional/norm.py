"""Normalization."""

from __future__ import annotations

from ...devices import kernels
from ...ops import norm as _norm
from ...tensor import Tensor


def batch_norm(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
               bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
               relu: bool = False) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias for each channel of input (n, c, ...).

    With `training` mean and variance are those of the batch, and the running statistics, if given, move towards them in
    place by `momentum`. With `relu`, max(., 0) in the same pass.
    """
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: running_mean or running_var is None outside training; "
                             "give both, or training=True")
        return _norm.normalize(input, running_mean, running_var, weight, bias, eps, relu)
    out, mean, var = _norm.batch_norm(input, weight, bias, eps, relu)
    count = input.numel() // max(input.shape[1], 1)
    _approach(running_mean, mean, momentum)
    _approach(running_var, var * (count / max(count - 1, 1)), momentum)
    return out


def _approach(running: Tensor | None, value: Tensor, weight: float) -> None:
    """running += weight * (value - running), in place, outside the graph."""
    if running is not None and weight:
        kernels(running.data).update.average(running.data, value.data, weight)
        running.version.count += 1
