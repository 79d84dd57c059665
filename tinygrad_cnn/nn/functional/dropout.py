"""Dropout."""

from __future__ import annotations

from ...ops import dropout as _dropout
from ...tensor import Tensor
from .checks import check_probability


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros with probability `p`, other elements times 1 / (1 - p); not `training`: the input. `inplace` is ignored."""
    check_probability("dropout", p)
    return _dropout.dropout(input, p) if training else input
