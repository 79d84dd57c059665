"""What runs along axes."""

from __future__ import annotations

from typing import Any

import numpy as np


def maximum(x: Any, dim: int, keepdim: bool = False) -> Any:
    return [x.max(dim, keepdims=keepdim), x.argmax(dim, keepdims=keepdim)]


def minimum(x: Any, dim: int, keepdim: bool = False) -> Any:
    return [x.min(dim, keepdims=keepdim), x.argmin(dim, keepdims=keepdim)]


def norm(x: Any, p: Any, dim: Any, keepdim: bool = False) -> Any:
    """The vector norm over one axis or several."""
    size = np.abs(x)
    if p in (float("inf"), -float("inf")):
        return (size.max if p > 0 else size.min)(dim, keepdims=keepdim)
    if p == 0:
        return (size != 0).sum(dim, keepdims=keepdim)
    p = 2 if p == "fro" else p
    return (size**p).sum(dim, keepdims=keepdim) ** (1 / p)
