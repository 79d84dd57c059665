"""What changes a tensor in place."""

from __future__ import annotations

from typing import Any

from ..operators import Number, beside
from ..ops import index, inplace


class InPlace:
    """`x.add_(1)` and its like."""

    __slots__ = ()
    data: Any

    def __setitem__(self, key: Any, value: Any) -> None:
        inplace.write("__setitem__", self, index.at(self.data, key), beside(value, self))

    def copy_(self, other: Any) -> Any:
        """Overwrite with `other`, broadcast and cast."""
        return inplace.write("copy_", self, self.data, beside(other, self))

    def add_(self, other: Any) -> Any:
        """Add in place."""
        return inplace.update("add", self, beside(other, self))

    def sub_(self, other: Any) -> Any:
        """Subtract in place."""
        return inplace.update("sub", self, beside(other, self))

    def mul_(self, other: Any) -> Any:
        """Multiply in place."""
        return inplace.update("mul", self, beside(other, self))

    def div_(self, other: Any) -> Any:
        """Divide in place."""
        return inplace.update("div", self, beside(other, self))

    def zero_(self) -> Any:
        """Overwrite with zeros."""
        return self.fill_(0)

    def fill_(self, value: Number) -> Any:
        """Overwrite with a number."""
        return inplace.write("fill_", self, self.data, value)
