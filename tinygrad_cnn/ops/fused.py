"""Operations with a backward kernel of their own, which can be differentiated again."""

from __future__ import annotations

from typing import Any

from ..autograd import Function, edge, walk
from ..grad_mode import recording


class Alias(Function):
    """The same tensor as a node of its own."""

    view = True

    def forward(self, x: Any) -> Any:
        return x

    def backward(self, g: Any) -> Any:
        return g


class Fused(Function):
    """An operation with a backward kernel of its own. Its `definition` in plain operations is what a second derivative
    differentiates; it touches no running statistics and draws no random numbers."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.saves = tuple(dict.fromkeys((*cls._parameters, *cls.saves)))

    def fused_backward(self, *grads: Any) -> Any:
        """`backward` of the first order, on kernels."""
        raise self._missing("fused_backward(self, *grads)")

    def definition(self, *inputs: Any) -> Any:
        """The operation as a composition of plain ones."""
        raise self._missing("definition(self, *inputs)")

    def backward(self, *grads: Any) -> Any:
        if not recording():
            return self.fused_backward(*grads)
        assert self.edges is not None
        inputs = [Alias()(getattr(self, name)) for name in self._parameters[:len(self.edges)]]
        ends = [edge(x) if needed else None for x, needed in zip(inputs, self.needed)]
        found = walk([(edge(self.definition(*inputs)), grads[0])], ends, True, True, stop=True)
        return tuple(None if end is None else found.get(end) for end in ends)
