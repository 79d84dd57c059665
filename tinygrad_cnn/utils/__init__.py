"""PyTorch's place for `data`, which loads the compiler and Pillow and so waits until it is asked for, and `checkpoint`."""

from typing import TYPE_CHECKING

from ..left_out import guard
from . import checkpoint, hooks

if TYPE_CHECKING:
    from . import data
else:
    __getattr__ = guard("utils", globals())
