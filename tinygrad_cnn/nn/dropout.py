"""Dropout (arXiv 1207.0580), scaled while training so that evaluation is the identity."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class Dropout(Module):
    """While training, each element is zeroed with probability `p` and the others are multiplied by 1 / (1 - p).

    `inplace` is accepted and ignored. Raises if `p` is not between 0 and 1.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        F.check_probability("Dropout", p)
        self.p, self.inplace = p, inplace

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
