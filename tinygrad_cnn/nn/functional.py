"""The functions behind the modules, with PyTorch's names, arguments and defaults: `F.conv2d(x, weight, stride=2)`.

Here arguments are checked and brought to one form; the mathematics is in `ops`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..devices import kernels
from ..functions import where
from ..ops import conv as _conv
from ..ops import dropout as _dropout
from ..ops import loss as _loss
from ..ops import matmul as _matmul
from ..ops import norm as _norm
from ..ops import pad as _pad
from ..ops import pool as _pool
from ..shapes import Shape, ShapeError, spatial
from ..tensor import Tensor

Size = int | Sequence[int]
Padding = Size | str


# ---- layers with weights ---------------------------------------------------------------------------------------------


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False) -> Tensor:
    """input (..., k) times weight (n, k) transposed, plus bias (n,); with `relu`, max(., 0) in the same pass."""
    _one_dtype("linear", input, weight, bias)
    return _matmul.linear(input, weight, bias, relu)


def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Padding = 0,
           dilation: Size = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of input (n, c, w) with weight (o, c / groups, k); `padding` may be "valid" or "same"."""
    return conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Padding = 0,
           dilation: Size = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of input (n, c, h, w) with weight (o, c / groups, i, j); `padding` may be "valid" or "same"."""
    return conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Padding = 0,
           dilation: Size = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of input (n, c, d, h, w) with weight (o, c / groups, i, j, k); `padding` as in `conv2d`."""
    return conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv(rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Size, padding: Padding, dilation: Size,
         groups: int, relu: bool = False) -> Tensor:
    """`conv1d`, `conv2d` or `conv3d`, by `rank`; with `relu`, max(., 0) in the same pass."""
    name = f"conv{rank}d"
    _axes(name, "input", input, rank + 2)
    _axes(name, "weight", weight, rank + 2)
    _one_dtype(name, input, weight, bias)
    stride, dilation = spatial(name, "stride", stride, rank, 1), spatial(name, "dilation", dilation, rank, 1)
    if isinstance(padding, str):
        check_padding(name, padding, stride)
        input, amounts = _named_padding(input, padding, weight.shape[2:], dilation)
    else:
        amounts = spatial(name, "padding", padding, rank)
    return _conv.conv(input, weight, bias, _conv.Window(stride, amounts, dilation, groups), relu)


def check_padding(name: str, padding: Padding, stride: Shape) -> None:
    """Refuse a padding that is no word we know, or "same" with a stride."""
    if isinstance(padding, str) and padding not in ("valid", "same"):
        raise ValueError(f"{name}: padding is {padding!r}; use 'valid', 'same' or numbers")
    if padding == "same" and any(s != 1 for s in stride):
        raise ValueError(f"{name}: padding is 'same' with stride {stride} but a stride of 1 is needed; "
                         "give padding as numbers")


def _named_padding(input: Tensor, padding: str, kernel: Shape, dilation: Shape) -> tuple[Tensor, Shape]:
    """(input, padding on both sides): where "same" needs an odd amount, the input gets the odd zero behind its end."""
    if padding == "valid":
        return input, (0,) * len(kernel)
    total = tuple(d * (k - 1) for k, d in zip(kernel, dilation))
    if any(n % 2 for n in total):
        input = _pad.Pad(((0, 0), (0, 0), *((0, n % 2) for n in total)))(input)
    return input, tuple(n // 2 for n in total)


def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
                     output_padding: Size = 0, groups: int = 1, dilation: Size = 1) -> Tensor:
    """Transposed convolution of input (n, c, w) with weight (c, o / groups, k)."""
    return conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
                     output_padding: Size = 0, groups: int = 1, dilation: Size = 1) -> Tensor:
    """Transposed convolution of input (n, c, h, w) with weight (c, o / groups, i, j)."""
    return conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
                     output_padding: Size = 0, groups: int = 1, dilation: Size = 1) -> Tensor:
    """Transposed convolution of input (n, c, d, h, w) with weight (c, o / groups, i, j, k)."""
    return conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose(rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Size, padding: Size,
                   output_padding: Size, groups: int, dilation: Size) -> Tensor:
    """`conv_transpose1d`, `conv_transpose2d` or `conv_transpose3d`, by `rank`."""
    name = f"conv_transpose{rank}d"
    _axes(name, "input", input, rank + 2)
    _axes(name, "weight", weight, rank + 2)
    _one_dtype(name, input, weight, bias)
    window = _conv.Window(spatial(name, "stride", stride, rank, 1), spatial(name, "padding", padding, rank),
                          spatial(name, "dilation", dilation, rank, 1), groups)
    return _conv.conv_transpose(input, weight, bias, window, spatial(name, "output_padding", output_padding, rank))


# ---- pooling ---------------------------------------------------------------------------------------------------------


def max_pool1d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest element of each window of input (n, c, w); `stride` None means `kernel_size`.

    With `return_indices` also, as int64, where it lies in the flattened spatial axes.
    """
    return max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest element of each window of input (n, c, h, w); `stride` None means `kernel_size`.

    With `return_indices` also, as int64, where it lies in the flattened spatial axes.
    """
    return max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest element of each window of input (n, c, d, h, w); `stride` None means `kernel_size`.

    With `return_indices` also, as int64, where it lies in the flattened spatial axes.
    """
    return max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool(rank: int, input: Tensor, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size,
             ceil_mode: bool, return_indices: bool) -> Any:
    """`max_pool1d`, `max_pool2d` or `max_pool3d`, by `rank`."""
    name = f"max_pool{rank}d"
    _axes(name, "input", input, rank + 2)
    kernel = spatial(name, "kernel_size", kernel_size, rank, 1)
    step = kernel if stride is None else spatial(name, "stride", stride, rank, 1)
    return _pool.max_pool(input, kernel, step, spatial(name, "padding", padding, rank),
                          spatial(name, "dilation", dilation, rank, 1), ceil_mode, return_indices)


def avg_pool1d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:
    """The mean of each window of input (n, c, w); `stride` None means `kernel_size`."""
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of input (n, c, h, w); `stride` None means `kernel_size`."""
    return avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of input (n, c, d, h, w); `stride` None means `kernel_size`."""
    return avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool(rank: int, input: Tensor, kernel_size: Size, stride: Size | None, padding: Size, ceil_mode: bool,
             count_include_pad: bool, divisor_override: int | None) -> Tensor:
    """`avg_pool1d`, `avg_pool2d` or `avg_pool3d`, by `rank`."""
    name = f"avg_pool{rank}d"
    _axes(name, "input", input, rank + 2)
    kernel = spatial(name, "kernel_size", kernel_size, rank, 1)
    step = kernel if stride is None else spatial(name, "stride", stride, rank, 1)
    return _pool.average_pool(input, kernel, step, spatial(name, "padding", padding, rank), ceil_mode,
                              count_include_pad, divisor_override)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """`value` around the input: `pad` is (before, after) of the last axis, then of the one before it, and so on.

    Negative amounts crop. Other modes than "constant" are not supported and raise.
    """
    if mode != "constant":
        raise NotImplementedError(f"pad: mode is {mode!r} but only 'constant' is supported; leave it out")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(f"pad: pad has {len(pad)} amounts for an input of shape {input.shape}; give two an axis, "
                         "the last first")
    pairs = [(int(before), int(after)) for before, after in zip(pad[::2], pad[1::2])]
    return _pad.Pad(((0, 0),) * (input.ndim - len(pairs)) + tuple(reversed(pairs)), value)(input)


# ---- normalization, dropout, activations -----------------------------------------------------------------------------


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


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros with probability `p`, other elements times 1 / (1 - p); not `training`: the input. `inplace` is ignored."""
    check_probability("dropout", p)
    return _dropout.dropout(input, p) if training else input


def check_probability(name: str, p: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p is {p} but must be a probability; use 0 to 1")


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0); `inplace` is ignored."""
    return input.relu()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input))."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(input) divided by its sum along `dim`."""
    return input.softmax(dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """The logarithm of `softmax`, without overflow."""
    return input.log_softmax(dim)


# ---- losses ----------------------------------------------------------------------------------------------------------


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100,
                  reduction: str = "mean", label_smoothing: float = 0.0) -> Tensor:
    """-log softmax(input)[target] along axis 1: input (n, classes, ...), target int64 (n, ...).

    `reduction` is "mean" (over the targets that are not `ignore_index`), "sum" or "none". `label_smoothing` takes that
    share of probability from the target and spreads it evenly over all classes (arXiv 1512.00567, section 7).
    """
    check_cross_entropy("cross_entropy", weight, reduction, label_smoothing)
    if not label_smoothing:
        return _loss.cross_entropy(input, target, ignore_index, reduction)
    certain = _loss.cross_entropy(input, target, ignore_index, "none")
    even = where(target == ignore_index, 0.0, -log_softmax(input, 1).mean(1))
    losses = (1 - label_smoothing) * certain + label_smoothing * even
    if reduction == "none":
        return losses
    return losses.sum() / ((target != ignore_index).sum() if reduction == "mean" else 1)


def check_cross_entropy(name: str, weight: Tensor | None, reduction: str, label_smoothing: float) -> None:
    """Refuse what the loss cannot do."""
    if weight is not None:
        raise NotImplementedError(f"{name}: weight has shape {weight.shape} but class weights are not supported; "
                                  "use reduction='none' and weigh the losses")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction is {reduction!r}; use 'mean', 'sum' or 'none'")
    check_probability(f"{name}: label_smoothing", label_smoothing)


# ---- checks ----------------------------------------------------------------------------------------------------------


def _axes(operation: str, name: str, tensor: Tensor, rank: int) -> None:
    if tensor.ndim != rank:
        raise ShapeError(f"{operation}: {name} has shape {tensor.shape} but {rank} axes are needed, {rank - 2} of them "
                         "spatial; a single sample needs unsqueeze(0)")


def _one_dtype(operation: str, input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.dtype != input.dtype:
            raise TypeError(f"{operation}: input is {input.dtype.name} but {name} {tensor.dtype.name}; "
                            f"convert the input with .to({tensor.dtype.name}) or the module")
