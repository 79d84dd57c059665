"""Products of matrices."""

from __future__ import annotations

from typing import Any


def linear(x: Any, w: Any, bias: Any = None) -> Any:
    return x @ w.T + (0 if bias is None else bias)
