"""Functions that are compositions of others."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import floating
from ..shapes import ShapeError
from ..tensor import Tensor
from .method import method

diff, nansum, nanmean, aminmax, trace = map(method, ("diff", "nansum", "nanmean", "aminmax", "trace"))
logit, logaddexp, hypot, deg2rad, rad2deg = map(method, ("logit", "logaddexp", "hypot", "deg2rad", "rad2deg"))
detach, histc, positive = map(method, ("detach", "histc", "positive"))
is_floating_point, is_complex, is_signed = map(method, ("is_floating_point", "is_complex", "is_signed"))


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """The `p`-norm of each difference of a vector of x1 (..., m, features) and one of x2 (..., n, features): (..., m, n).
    `compute_mode` is accepted and ignored: differences are taken as they are."""
    del compute_mode
    for x in (x1, x2):
        floating("cdist", x)
    if min(x1.ndim, x2.ndim) < 2 or x1.shape[-1] != x2.shape[-1] or not p >= 0:
        raise ShapeError(f"cdist: p is {p} for shapes {x1.shape} and {x2.shape}; give at least 2 axes, as many features, and "
                         "p of at least 0")
    out: Tensor = (x1.unsqueeze(-2) - x2.unsqueeze(-3)).norm(p, -1)
    return out


def isin(elements: Tensor, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is one of others; with `invert`, is none."""
    del assume_unique
    others = test_elements.reshape(-1) if isinstance(test_elements, Tensor) else elements.new_tensor([test_elements])
    found: Tensor = (elements.unsqueeze(-1) == others).any(-1)
    return ~found if invert else found
