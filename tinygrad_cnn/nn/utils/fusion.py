"""A batch norm in evaluation is a fixed scale and shift: the layer before it can take both into its weight and bias."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ...creation import ones_like, zeros_like
from ...tensor import Tensor
from ..parameter import Parameter

Pair = tuple[Parameter, Parameter]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of the convolution that computes what it and the batch norm do one after the other, in evaluation."""
    fused = _copied("fuse_conv_bn_eval", conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight,
                                                    bn.bias, transpose)
    return fused


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of the linear layer that computes what it and the batch norm do one after the other, in evaluation."""
    fused = _copied("fuse_linear_bn_eval", linear, bn)
    fused.weight, fused.bias = fuse_linear_bn_weights(linear.weight, linear.bias, bn.running_mean, bn.running_var, bn.eps,
                                                      bn.weight, bn.bias)
    return fused


def _copied(name: str, layer: Any, bn: Any) -> Any:
    if layer.training or bn.training:
        raise AssertionError(f"{name}: the layers are in training mode but fixed statistics are needed; call eval() first")
    return deepcopy(layer)


def fuse_conv_bn_weights(conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
                         bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False) -> Pair:
    """(weight, bias) of the two as one; `transpose` for a transposed convolution, whose second axis is the channels'."""
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_weights(linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
                           bn_w: Tensor | None, bn_b: Tensor | None) -> Pair:
    """(weight, bias) of the two as one."""
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _fused(w: Tensor, b: Tensor | None, mean: Tensor, variance: Tensor, eps: float, scale: Tensor | None,
           shift: Tensor | None, axis: int) -> Pair:
    """(w x + b - mean) / sqrt(variance + eps) * scale + shift, as one weight and bias."""
    b = zeros_like(mean) if b is None else b
    factor = (ones_like(mean) if scale is None else scale) * (variance + eps).rsqrt()
    shape = [-1 if k == axis else 1 for k in range(w.ndim)]
    bias = (b - mean) * factor + (0 if shift is None else shift)
    return Parameter((w * factor.reshape(shape)).detach(), w.requires_grad), Parameter(bias.detach(), b.requires_grad)
