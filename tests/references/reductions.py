"""What runs along axes."""

from __future__ import annotations

from typing import Any


def maximum(x: Any, dim: int, keepdim: bool = False) -> Any:
    return [x.max(dim, keepdims=keepdim), x.argmax(dim, keepdims=keepdim)]
