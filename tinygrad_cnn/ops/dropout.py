"""Dropout (Srivastava et al. 2014; inverted scaling): zeros with probability p, the rest times 1 / (1 - p)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import random
from ..arrays import view
from ..autograd import Function
from ..devices import kernels
from . import layout

SELU_LIMIT = -1.0507009873554805 * 1.6732632423543772  # of SELU at minus infinity


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
    return x * 0.0 if p == 1 else Dropout(p, random.take(x.array.size))(x)


def channel_dropout(x: Any, p: float) -> Any:
    """Dropout of whole channels of x (n, c, ...): all elements of one share their draw (Tompson et al., arXiv 1411.4280)."""
    return x if p == 0 else x * dropout(_ones(x, x.array.shape[:2]), p)


def alpha_dropout(x: Any, p: float, channels: bool) -> Any:
    """Dropout for self-normalizing networks (Klambauer et al., arXiv 1706.02515, section 4): what is dropped becomes the
    negative limit of SELU, and the whole is scaled and shifted back to mean 0 and variance 1."""
    if p == 0:
        return x
    if p == 1:
        return x * 0.0
    kept = dropout(_ones(x, x.array.shape[:2] if channels else x.array.shape), p) * (1 - p)
    scale = ((1 - p) * (1 + p * SELU_LIMIT**2)) ** -0.5
    return x * (kept * scale) + (1.0 - kept) * (SELU_LIMIT * scale) - scale * p * SELU_LIMIT


def _ones(x: Any, shape: tuple[int, ...]) -> Any:
    """Ones of `shape` against the first axes of x."""
    ones = np.ones((*shape, *(1,) * (x.array.ndim - len(shape))), x.array.dtype)
    return x.result(kernels(x.array).upload(ones), None)
