"""Activations. `inplace` is accepted and ignored everywhere: results are new tensors."""

from __future__ import annotations

import warnings
from typing import Any

from ...creation import empty_like
from ...ops.elementwise import apply, floating
from ...shapes import BOOL, FLOATS, ShapeError
from ...tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)."""
    return input.relu()


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6) (MobileNet, arXiv 1704.04861)."""
    return _bounded("relu6", input, 0.0, 6.0)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """min(max(input, min_val), max_val); the gradient is 0 at the bounds too."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val is {min_val} but must not exceed max_val {max_val}; swap them")
    if input.dtype.kind == "u" and min_val < 0:
        raise RuntimeError(f"hardtanh: min_val is {min_val} for dtype {input.dtype.name} but at least 0 is needed; "
                           "use x.float()")
    return _bounded("hardtanh", input, min_val, max_val)


def _bounded(name: str, input: Tensor, least: float, most: float) -> Tensor:
    if input.dtype == BOOL:
        raise RuntimeError(f"{name}: dtype bool is given but numbers are needed; use x.float()")
    return apply("hardtanh", input, *_numbers(input, least, most))


def _numbers(input: Tensor, *values: float) -> tuple[float, ...]:
    """Numbers of the input's kind, so that they leave integers integers."""
    return tuple(float(v) if input.dtype in FLOATS else int(v) for v in values)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is above `threshold`, else `value`."""
    if input.dtype == BOOL:
        raise RuntimeError("threshold: dtype bool is given but numbers are needed; use x.float()")
    return apply("threshold", input, *_numbers(input, threshold, value))


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, else input * negative_slope."""
    return apply("leaky_relu", input, negative_slope)


def rrelu(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False) -> Tensor:
    """input where it is positive, else input * a slope: in training drawn for each element between the bounds, else their mean
    (arXiv 1505.00853, section 2.4)."""
    if lower > upper:
        raise RuntimeError(f"rrelu: lower is {lower} but must not exceed upper {upper}; swap them")
    floating("rrelu", input)
    if not training:
        return apply("leaky_relu", input, (lower + upper) / 2)
    return apply("where", input > 0, input, input * empty_like(input).uniform_(lower, upper))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where it is positive, else input * weight, one weight in all or one for each channel (arXiv 1502.01852)."""
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.numel() not in (1, channels):
        raise ShapeError(f"prelu: weight has shape {weight.shape} for an input of shape {input.shape} but 1 or {channels} "
                         "elements are needed; give one a channel")
    if weight.dtype != input.dtype:
        raise RuntimeError(f"prelu: input is {input.dtype.name} but weight {weight.dtype.name}; "
                           f"convert the input with .to({weight.dtype.name})")
    shape = (1, weight.numel(), *(1,) * (input.ndim - 2)) if weight.numel() > 1 else (1,) * input.ndim
    return apply("prelu", input, weight.reshape(shape))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (exp(input) - 1) (arXiv 1511.07289)."""
    return apply("elu", input, alpha, 1.0, 1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 * elu(input, 1.6733): keeps mean 0 and variance 1 (arXiv 1706.02515)."""
    floating("selu", input)
    return apply("elu", input, 1.6732632423543772, 1.0507009873554805, 1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (exp(input / alpha) - 1) (arXiv 1704.07483)."""
    if alpha == 0:
        raise RuntimeError(f"celu: alpha is {alpha} but must not be 0; use a positive one")
    floating("celu", input)
    return apply("elu", input, alpha, 1.0, 1.0 / alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """input times the normal distribution function (arXiv 1606.08415); `approximate` is "none" or "tanh"."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate is {approximate!r}; use 'none' or 'tanh'")
    return apply("gelu" if approximate == "none" else "gelu_tanh", input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input) (arXiv 1702.03118)."""
    return apply("silu", input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)) (arXiv 1908.08681)."""
    return apply("mish", input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * input)) / beta; the input itself where beta * input is above `threshold`."""
    return apply("softplus", input, beta, threshold)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input + 3, 0), 6) / 6 (arXiv 1905.02244, section 5.2)."""
    return apply("hardsigmoid", input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * hardsigmoid(input) (arXiv 1905.02244, section 5.2)."""
    return apply("hardswish", input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input where its magnitude is above `lambd`, else 0."""
    return apply("hardshrink", input, lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input moved towards 0 by `lambd`, and no further."""
    if lambd < 0:
        raise RuntimeError(f"softshrink: lambd is {lambd} but must be at least 0; use a positive one")
    return apply("softshrink", input, lambd)


def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input)."""
    return apply("tanhshrink", input)


def softsign(input: Tensor) -> Tensor:
    """input / (1 + |input|)."""
    return input / (input.abs() + 1) if input.dtype not in FLOATS else apply("softsign", input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(input)), without overflow."""
    return apply("logsigmoid", input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input))."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along `dim` times the sigmoid of the second (arXiv 1612.08083)."""
    floating("glu", input)
    if not input.ndim or input.shape[dim] % 2:
        raise ShapeError(f"glu: dim {dim} of an input of shape {input.shape} has no two halves; give an even extent")
    first, second = input.split(input.shape[dim] // 2 or 1, dim) if input.shape[dim] else (input, input)
    return first * second.sigmoid()


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(input) divided by its sum along `dim`; with `dtype` the input is converted first. Give `dim`: without one it is
    0 for inputs of 0, 1 or 3 axes, else 1, with a warning."""
    return input.softmax(_axis("softmax", input, dim, _stacklevel), dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-input)."""
    return (-input).softmax(_axis("softmin", input, dim, _stacklevel), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, without overflow."""
    return input.log_softmax(_axis("log_softmax", input, dim, _stacklevel), dtype)


def _axis(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    found = 0 if input.ndim in (0, 1, 3) else 1
    warnings.warn(f"{name}: dim is None for an input of shape {input.shape}, taken for {found}; name an axis",
                  stacklevel=stacklevel + 1)  # the check of `of_tensors` lies between
    return found
