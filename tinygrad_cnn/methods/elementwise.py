"""What a tensor computes element by element."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import apply
from ..ops.softmax import log_softmax, softmax


class Elementwise:
    """`x.exp()` and its like."""

    __slots__ = ()

    def exp(self) -> Any:
        """e to the power of each element."""
        return apply("exp", self)

    def log(self) -> Any:
        """The natural logarithm of each element."""
        return apply("log", self)

    def sqrt(self) -> Any:
        """The square root of each element."""
        return apply("sqrt", self)

    def relu(self) -> Any:
        """max(x, 0)."""
        return apply("relu", self)

    def sigmoid(self) -> Any:
        """1 / (1 + exp(-x))."""
        return apply("sigmoid", self)

    def tanh(self) -> Any:
        """The hyperbolic tangent."""
        return apply("tanh", self)

    def softmax(self, dim: int) -> Any:
        """exp(x) divided by its sum along `dim`."""
        return softmax(self, dim)

    def log_softmax(self, dim: int) -> Any:
        """The logarithm of `softmax`, computed without overflow."""
        return log_softmax(self, dim)
