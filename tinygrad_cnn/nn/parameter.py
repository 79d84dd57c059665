"""Parameter: a tensor that a module trains."""

from __future__ import annotations

from typing import Any

from ..creation import empty
from ..tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that requires grad and belongs to the module it is assigned to. It shares the memory of `data`."""

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        data = empty(0) if data is None else data
        super().__init__(data.array, requires_grad)
        self.version = data.version

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


def uninitialized(shape: tuple[int, ...], device: Any, dtype: Any) -> Parameter:
    """A parameter whose values are still to be drawn."""
    return Parameter(empty(shape, device=device, dtype=dtype))


def clear_grad(tensor: Tensor, set_to_none: bool) -> None:
    """Forget the gradient, or fill it with zeros."""
    if set_to_none or tensor.grad is None:
        tensor.grad = None
    else:
        tensor.grad = tensor.grad.detach()
        tensor.grad.zero_()


def replace(tensor: Tensor, value: Tensor) -> None:
    """Give `tensor` the array of `value`, whatever its device or dtype; a graph that saved the old one will notice."""
    tensor.array = value.array
    tensor.version.count += 1
