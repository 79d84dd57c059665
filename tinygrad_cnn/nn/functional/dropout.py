"""Dropout."""

from __future__ import annotations

from ...ops import dropout as _dropout
from ...shapes import ShapeError
from ...tensor import Tensor
from .checks import check_probability


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros with probability `p`, other elements times 1 / (1 - p); not `training`: the input. `inplace` is ignored."""
    check_probability("dropout", p)
    return _dropout.dropout(input, p) if training else input


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros whole channels of input (n, c, w) or (c, w) with probability `p`, other elements times 1 / (1 - p)."""
    check_probability("dropout1d", p)
    if input.ndim not in (2, 3):
        raise ShapeError(f"dropout1d: input has shape {input.shape} but 2 or 3 axes are needed; reshape it")
    if not training:
        return input
    return _dropout.channel_dropout(input, p) if input.ndim == 3 else _dropout.channel_dropout(input.unsqueeze(0), p)[0]


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros whole channels of input (n, c, ...) with probability `p`, other elements times 1 / (1 - p).

    As in PyTorch, three axes are taken for (n, c, w).
    """
    check_probability("dropout2d", p)
    return _channels("dropout2d", input, p) if training else input


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros whole channels of input (n, c, ...) with probability `p`, other elements times 1 / (1 - p).

    As in PyTorch, four axes are taken for a single sample (c, d, h, w).
    """
    check_probability("dropout3d", p)
    if not training:
        return input
    return _channels("dropout3d", input, p) if input.ndim != 4 else _dropout.channel_dropout(input.unsqueeze(0), p)[0]


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Elements become SELU's limit with probability `p`; the result is scaled and shifted to keep mean 0 and variance 1."""
    check_probability("alpha_dropout", p)
    return _dropout.alpha_dropout(input, p, False) if training else input


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of input (n, c, ...)."""
    check_probability("feature_alpha_dropout", p)
    if not training:
        return input
    if input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: input has shape {input.shape} but at least 2 axes are needed; reshape it")
    return _dropout.alpha_dropout(input, p, True)


def _channels(name: str, input: Tensor, p: float) -> Tensor:
    if input.ndim < 2:
        raise ShapeError(f"{name}: input has shape {input.shape} but at least 2 axes are needed; use dropout")
    return _dropout.channel_dropout(input, p)
