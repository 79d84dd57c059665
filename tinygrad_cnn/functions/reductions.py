"""Functions along axes."""

from __future__ import annotations

from typing import Any

from ..methods.names import numpy_names
from ..ops import statistics as _statistics
from ..tensor import Tensor
from .method import method

softmax, log_softmax, logsumexp = map(method, ("softmax", "log_softmax", "logsumexp"))
sum, mean, var, std, prod, norm = map(method, ("sum", "mean", "var", "std", "prod", "norm"))
cumsum, cumprod = map(method, ("cumsum", "cumprod"))
max, min, amax, amin, argmax, argmin = map(method, ("max", "min", "amax", "amin", "argmax", "argmin"))
any, all, count_nonzero = map(method, ("any", "all", "count_nonzero"))


@numpy_names
def var_mean(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Tensor, Tensor]:
    """(variance, mean) over one axis or several, or all for None."""
    return _with_mean("var_mean", input, dim, unbiased, keepdim, correction)


@numpy_names
def std_mean(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Tensor, Tensor]:
    """(standard deviation, mean) over one axis or several, or all for None."""
    variance, middle = _with_mean("std_mean", input, dim, unbiased, keepdim, correction)
    return _statistics.root(variance), middle


def _with_mean(name: str, input: Tensor, dim: Any, unbiased: bool, keepdim: bool,
               correction: float | None) -> tuple[Tensor, Tensor]:
    dim, correction = _statistics.corrected(dim, unbiased, correction)
    return _statistics.var_mean(name, input, dim, correction, keepdim)
