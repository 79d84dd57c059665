"""PyTorch's place for `data` and `checkpoint`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import checkpoint, hooks

if TYPE_CHECKING:
    from . import data


def __getattr__(name: str) -> Any:
    """`data` loads the compiler and Pillow, so it waits until it is asked for."""
    if name == "data":
        return import_module(".data", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
