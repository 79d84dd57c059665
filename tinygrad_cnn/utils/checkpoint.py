"""PyTorch's place for `checkpoint`: memory for time."""

from ..checkpoint import checkpoint

__all__ = ["checkpoint"]
