"""Functions that are compositions of others."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .method import method

diff, nansum, nanmean, aminmax, trace = map(method, ("diff", "nansum", "nanmean", "aminmax", "trace"))
logit, logaddexp, hypot, deg2rad, rad2deg = map(method, ("logit", "logaddexp", "hypot", "deg2rad", "rad2deg"))
detach, histc = method("detach"), method("histc")
is_floating_point, is_complex, is_signed = map(method, ("is_floating_point", "is_complex", "is_signed"))


def isin(elements: Tensor, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is one of others; with `invert`, is none."""
    del assume_unique
    others = test_elements.reshape(-1) if isinstance(test_elements, Tensor) else elements.new_tensor([test_elements])
    found: Tensor = (elements.unsqueeze(-1) == others).any(-1)
    return ~found if invert else found
