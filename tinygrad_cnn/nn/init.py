"""Filling tensors with their first values. Each function writes its tensor in place and returns it.

Variances are chosen so that a signal neither grows nor dies on its way through the network: `xavier` is Glorot and
Bengio 2010 (fan_in and fan_out), `kaiming` He et al. (arXiv 1502.01852: the ReLU loses half of the power).
"""

from __future__ import annotations

from math import prod, sqrt

from .. import creation
from ..autograd import no_grad
from ..tensor import Tensor

UNIT = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid")
GAINS = {**dict.fromkeys(UNIT, 1.0), "tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much the standard deviation must exceed that of a linear layer; `param` is the slope of "leaky_relu"."""
    if nonlinearity == "leaky_relu":
        return sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ValueError(f"calculate_gain: nonlinearity is {nonlinearity!r}; "
                         f"use one of {', '.join([*GAINS, 'leaky_relu'])}")
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, ...): the inputs an output sees, the outputs an input reaches."""
    if tensor.ndim < 2:
        raise ValueError(f"init: a tensor of shape {tuple(tensor.shape)} has no fan_in and fan_out; "
                         "use uniform_ or constant_")
    window = prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform between `a` and `b`."""
    with no_grad():
        return creation.uniform_(tensor, a, b)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal with mean `mean` and standard deviation `std`."""
    with no_grad():
        return creation.normal_(tensor, mean, std)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """All elements `val`."""
    with no_grad():
        return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """All elements 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """All elements 1."""
    return constant_(tensor, 1.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform with variance gain^2 * 2 / (fan_in + fan_out)."""
    bound = gain * sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal with variance gain^2 * 2 / (fan_in + fan_out)."""
    return normal_(tensor, 0.0, gain * sqrt(2 / sum(fans(tensor))))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform with variance gain^2 / fan; `a` is the slope of "leaky_relu", `mode` "fan_in" or "fan_out"."""
    bound = sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal with variance gain^2 / fan; `a` is the slope of "leaky_relu", `mode` "fan_in" or "fan_out"."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"kaiming: mode is {mode!r}; use 'fan_in' or 'fan_out'")
    return calculate_gain(nonlinearity, a) / sqrt(fans(tensor)[mode == "fan_out"])


def default_(weight: Tensor, bias: Tensor | None) -> None:
    """What PyTorch's layers start with: weight and bias uniform between -1 / sqrt(fan_in) and 1 / sqrt(fan_in)."""
    kaiming_uniform_(weight, a=sqrt(5))
    if bias is not None:
        bound = 1 / sqrt(max(fans(weight)[0], 1))
        uniform_(bias, -bound, bound)
