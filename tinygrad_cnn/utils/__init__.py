"""PyTorch's place for `data` and `checkpoint`."""

from . import checkpoint, data
