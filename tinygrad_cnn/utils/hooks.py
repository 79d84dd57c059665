"""PyTorch's place for what registering a hook returns."""

from ..handles import Handle as RemovableHandle

__all__ = ["RemovableHandle"]
