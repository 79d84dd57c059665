"""Dropout (arXiv 1207.0580), scaled while training so that evaluation is the identity."""

from __future__ import annotations

from collections.abc import Callable

from ..tensor import Tensor
from . import functional as F
from .module import Module


class DropoutBase(Module):
    """The probability `p`, which must lie between 0 and 1. `inplace` is accepted and ignored."""

    function: Callable[[Tensor, float, bool], Tensor]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        F.check_probability(type(self).__name__, p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(DropoutBase):
    """While training, each element is zeroed with probability `p` and the others are multiplied by 1 / (1 - p)."""

    function = staticmethod(F.dropout)


class Dropout1d(DropoutBase):
    """`Dropout` of whole channels of x (n, c, w) or (c, w)."""

    function = staticmethod(F.dropout1d)


class Dropout2d(DropoutBase):
    """`Dropout` of whole channels of x (n, c, h, w); three axes are taken for (n, c, w), as in PyTorch."""

    function = staticmethod(F.dropout2d)


class Dropout3d(DropoutBase):
    """`Dropout` of whole channels of x (n, c, d, h, w) or (c, d, h, w)."""

    function = staticmethod(F.dropout3d)


class AlphaDropout(DropoutBase):
    """Dropout for networks of SELU, which keeps mean 0 and variance 1 (arXiv 1706.02515)."""

    function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(DropoutBase):
    """`AlphaDropout` of whole channels of x (n, c, ...)."""

    function = staticmethod(F.feature_alpha_dropout)
