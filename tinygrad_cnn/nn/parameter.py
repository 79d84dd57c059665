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
        self.hold(data.array, requires_grad)
        data.version.share(data, self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A parameter of its own memory, without the gradient."""
        made = super().__deepcopy__(memo)
        made.grad = None
        return made

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class UninitializedParameter(Parameter):
    """An empty parameter whose shape is not known yet; from `materialize` on it is a plain `Parameter`."""

    __slots__ = ()

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(empty(0, device=device, dtype=dtype), requires_grad)

    def materialize(self, array: Any) -> None:
        """Hold these numbers."""
        self.array = array
        self.version.count += 1
        self.__class__ = Parameter  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


def is_lazy(param: Any) -> bool:
    """Whether it is a parameter whose shape is not known yet."""
    return isinstance(param, UninitializedParameter)


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
