"""Dropout (Srivastava et al. 2014; inverted scaling): zeros with probability p, the rest times 1 / (1 - p)."""

from __future__ import annotations

from typing import Any

from .. import random
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from . import layout


class Dropout(Function):
    """x * keep / (1 - p). Which elements are kept is drawn again from (seed, counter) in backward, so nothing is saved:
    for one draw the operation is linear and its own adjoint."""

    def __init__(self, p: float, draw: tuple[int, int]) -> None:
        self.p, self.draw = p, draw

    def forward(self, x: Any) -> Any:
        rows = layout.last(x) if x.ndim > 2 else layout.contiguous(x)
        k = kernels(x)
        out = k.empty(rows.shape, x.dtype)
        k.dropout.dropout(view(out, (x.size,)), view(rows, (x.size,)), self.p, *self.draw)
        return layout.first(out) if x.ndim > 2 else out

    def backward(self, g: Any) -> Any:
        return Dropout(self.p, self.draw)(g)


def dropout(x: Any, p: float) -> Any:
    """Dropout with a new draw; p = 1 gives zeros."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is {p} but must be a probability; use 0 to 1")
    if p == 0:
        return x
    return x * 0.0 if p == 1 else Dropout(p, random.take(x.data.size))(x)
