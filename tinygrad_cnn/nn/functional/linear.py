"""Linear layers."""

from __future__ import annotations

from ...ops import matmul as _matmul
from ...tensor import Tensor
from .checks import one_dtype


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False) -> Tensor:
    """input (..., k) times weight (n, k) transposed, plus bias (n,); with `relu`, max(., 0) in the same pass."""
    one_dtype("linear", input, weight, bias)
    return _matmul.linear(input, weight, bias, relu)
