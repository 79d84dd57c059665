"""Filling tensors with their first values. Each function writes its tensor in place and returns it.

Variances are chosen so that a signal neither grows nor dies on its way through the network: `xavier` is Glorot and
Bengio 2010 (fan_in and fan_out), `kaiming` He et al. (arXiv 1502.01852: the ReLU loses half of the power), `orthogonal`
Saxe et al. (arXiv 1312.6120), `sparse` Martens 2010. Numbers are drawn from `generator`, else from the stream of
`manual_seed`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from math import ceil, erf, prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import creation
from ..grad_mode import no_grad
from ..left_out import guard
from ..random import Generator, stream
from ..tensor import Tensor

UNIT = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid")
GAINS = {**dict.fromkeys(UNIT, 1), "tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4}

# Giles, "Approximating the erfinv function" (GPU Computing Gems 2011), single precision: polynomials in w - 2.5 for
# w = -log(1 - x^2) below 5, in sqrt(w) - 3 above.
CENTER = np.array([2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
                   -0.00417768164, 0.246640727, 1.50140941], np.float32)
TAIL = np.array([-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
                 0.00943887047, 1.00167406, 2.83297682], np.float32)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much the standard deviation must exceed that of a linear layer; `param` is the slope of "leaky_relu"."""
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ValueError(f"calculate_gain: param is {param!r} but a slope is needed; use a number such as 0.01")
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


_calculate_fan_in_and_fan_out = fans  # the name that programs for PyTorch import


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform between `a` and `b`."""
    if not a <= b:
        raise RuntimeError(f"uniform_: a is {a} but b {b}; give the lower bound first")
    with no_grad(), stream(generator):
        return creation.uniform_(tensor, a, b)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with mean `mean` and standard deviation `std`."""
    if not std >= 0:
        raise RuntimeError(f"normal_: std is {std} but must be at least 0; give a standard deviation")
    with no_grad(), stream(generator):
        return creation.normal_(tensor, mean, std)


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
                  generator: Generator | None = None) -> Tensor:
    """Normal with mean `mean` and standard deviation `std`, of which only what lies in [a, b] is drawn.

    `a` and `b` are values, not multiples of `std`. Uniform numbers between the probabilities of `a` and `b` go through
    the inverse of the normal distribution.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(f"trunc_normal_: mean {mean} is more than 2 std ({std}) from [{a}, {b}]; the distribution of "
                      "values may be incorrect", stacklevel=2)
    if tensor.device == "meta":
        return tensor
    low, high = (erf((bound - mean) / std / sqrt(2)) if std else np.sign(bound - mean) for bound in (a, b))
    half = 2.0**-25  # the middle of the interval that a uniform number of 24 bits stands for: never 0 or 1
    u = low + (high - low) * (_drawn(creation.uniform_, tensor, generator).astype(np.float64).reshape(-1) + half)
    return _write(tensor, np.clip(mean + std * sqrt(2) * _erfinv(u), a, b).reshape(tensor.shape))


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


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix: inputs pass through a linear layer unchanged."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_: a tensor of shape {tensor.shape} is no matrix; give one with 2 axes")
    return _write(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The identity of convolutions: in each group as many input channels as possible pass through unchanged.

    `tensor` is a weight (out, in, ...) with 1 to 3 spatial axes.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: a tensor of shape {tensor.shape} is no weight of a convolution; give one with 3 to 5 "
                         "axes")
    if tensor.shape[0] % groups:
        raise ValueError(f"dirac_: {tensor.shape[0]} output channels in {groups} groups; give a divisor of them")
    values: np.ndarray[Any, Any] = np.zeros(tensor.shape)
    outs, center = tensor.shape[0] // groups, tuple(n // 2 for n in tensor.shape[2:])
    for k in range(min(outs, tensor.shape[1])):
        values[(slice(k, None, outs), k) + center] = 1
    return _write(tensor, values)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform with variance gain^2 * 2 / (fan_in + fan_out)."""
    bound = gain * sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with variance gain^2 * 2 / (fan_in + fan_out)."""
    return normal_(tensor, 0.0, gain * sqrt(2 / sum(fans(tensor))), generator)


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                     generator: Generator | None = None) -> Tensor:
    """Uniform with variance gain^2 / fan; `a` is the slope of "leaky_relu", `mode` "fan_in" or "fan_out"."""
    bound = sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                    generator: Generator | None = None) -> Tensor:
    """Normal with variance gain^2 / fan; `a` is the slope of "leaky_relu", `mode` "fan_in" or "fan_out"."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if 0 in tensor.shape:
        warnings.warn("kaiming: a tensor without elements has nothing to initialize", stacklevel=3)
        return 0.0
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"kaiming: mode is {mode!r}; use 'fan_in' or 'fan_out'")
    return calculate_gain(nonlinearity, a) / sqrt(fans(tensor)[mode.lower() == "fan_out"])


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    A tensor of more than two axes is a matrix (shape[0], the rest).
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: a tensor of shape {tensor.shape} is no matrix; give one with at least 2 axes")
    if not tensor.numel():
        return tensor
    matrix = _drawn(creation.normal_, tensor, generator).astype(np.float64).reshape(tensor.shape[0], -1)
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = np.linalg.qr(matrix.T if wide else matrix)
    q *= np.sign(np.diag(r))  # makes the distribution uniform over all orthogonal matrices (Mezzadri 2007)
    return _write(tensor, gain * (q.T if wide else q).reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation `std`, and in each column the share `sparsity` of elements zero."""
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: a tensor of shape {tensor.shape} is no matrix; give one with 2 axes")
    normal_(tensor, 0.0, std, generator)
    order = np.argsort(_drawn(creation.uniform_, tensor, generator), axis=0, kind="stable")
    kept = np.ones(tensor.shape)
    np.put_along_axis(kept, order[:ceil(sparsity * tensor.shape[0])], 0, axis=0)
    with no_grad():
        return tensor.mul_(creation.tensor(kept, tensor.dtype, tensor.device))


def default_(weight: Tensor, bias: Tensor | None) -> None:
    """What PyTorch's layers start with: weight and bias uniform between -1 / sqrt(fan_in) and 1 / sqrt(fan_in)."""
    kaiming_uniform_(weight, a=sqrt(5))
    if bias is not None:
        bound = 1 / sqrt(max(fans(weight)[0], 1))
        uniform_(bias, -bound, bound)


def _drawn(draw: Any, tensor: Tensor, generator: Generator | None) -> np.ndarray[Any, Any]:
    """Random numbers in the shape of `tensor`, the same for every device."""
    with stream(generator):
        return draw(creation.empty(tensor.shape, device="cpu")).numpy()


def _write(tensor: Tensor, values: np.ndarray[Any, Any]) -> Tensor:
    with no_grad():
        return tensor.copy_(creation.tensor(values, tensor.dtype, tensor.device))


def _erfinv(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The inverse of the error function of a vector, -1 < x < 1, to about 6 digits."""
    w = -np.log1p(-x * x).astype(np.float32)
    y, far = np.polyval(CENTER, w - np.float32(2.5)), w >= 5
    y[far] = np.polyval(TAIL, np.sqrt(w[far]) - np.float32(3))
    return x * y

def _older(function: Any) -> Callable[..., Tensor]:
    """The function by PyTorch's older name, which says no more that it writes in place."""

    @wraps(function)
    def renamed(*arguments: Any, **options: Any) -> Any:
        warnings.warn(f"nn.init.{function.__name__[:-1]} is deprecated; use nn.init.{function.__name__}", FutureWarning,
                      stacklevel=2)
        return function(*arguments, **options)

    return renamed


uniform = _older(uniform_)
normal = _older(normal_)
constant = _older(constant_)
eye = _older(eye_)
dirac = _older(dirac_)
sparse = _older(sparse_)
orthogonal = _older(orthogonal_)
xavier_uniform = _older(xavier_uniform_)
xavier_normal = _older(xavier_normal_)
kaiming_uniform = _older(kaiming_uniform_)
kaiming_normal = _older(kaiming_normal_)

if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("nn.init", globals())
