"""What a tensor computes along its axes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..ops import composite


class MaxResult(NamedTuple):
    """What `x.max(dim)` returns."""

    values: Any
    indices: Any


class Reductions:
    """`x.sum(dim)` and its like."""

    __slots__ = ()
    detach: Any

    def sum(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The sum over `dim`, one axis, several, or None for all."""
        return composite.sum(self, dim, keepdim)

    def mean(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The mean over `dim`, one axis, several, or None for all."""
        return composite.mean(self, dim, keepdim)

    def max(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The greatest element, or (values, indices) of the greatest elements along `dim`."""
        return composite.max_all(self) if dim is None else MaxResult(*composite.max(self, dim, keepdim))

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Where the greatest element is: in the flattened tensor, or along `dim`."""
        flat = self.detach().reshape(-1) if dim is None else self.detach()
        return composite.max(flat, -1 if dim is None else dim, keepdim)[1]
