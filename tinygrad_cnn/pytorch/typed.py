"""PyTorch's old names: tensors by their type, `LongTensor([1, 2])`, `FloatTensor(2, 3)`, and `Variable(x)`."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..creation import empty, tensor
from ..shapes import Size
from ..tensor import Tensor

KINDS = {"Float": shapes.FLOAT32, "Double": shapes.FLOAT64, "Long": shapes.INT64, "Int": shapes.INT32, "Byte": shapes.UINT8,
         "Bool": shapes.BOOL}


class _Type(type):
    """A class whose instances are the tensors of one dtype on one device."""

    dtype: Any
    place: str

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Tensor) and value.dtype == cls.dtype and value.device == cls.place

    def __call__(cls, *data: Any, device: Any = None) -> Tensor:
        """Of extents, unwritten elements; of data, a copy of them."""
        return made(data, cls.dtype, cls.place if device is None else device)

    def __repr__(cls) -> str:
        return f"<class '{cls.__name__}'>"


def made(data: tuple[Any, ...], dtype: Any, device: Any) -> Tensor:
    """A tensor as PyTorch's first constructors made it: of extents, of a shape, or of data."""
    if not data:
        return empty(0, dtype=dtype, device=device)
    if all(isinstance(n, int) for n in data) or isinstance(data[0], Size):
        return empty(*data, dtype=dtype, device=device)
    if len(data) > 1:
        raise TypeError(f"Tensor: {len(data)} arguments but extents, a shape or data are needed; give the data as one list")
    return tensor(data[0], dtype=dtype, device=device)


def _types(prefix: str, place: str) -> list[_Type]:
    return [_Type(f"{prefix}{name}Tensor", (), {"dtype": dtype, "place": place, "__doc__": f"Tensors of {dtype} on {place}."})
            for name, dtype in KINDS.items()]


FloatTensor, DoubleTensor, LongTensor, IntTensor, ByteTensor, BoolTensor = on_cpu = _types("torch.", "cpu")
on_cuda = _types("torch.cuda.", "cuda")


def type_name(x: Tensor) -> str:
    """PyTorch's name of the type of a tensor, such as "torch.FloatTensor"."""
    kinds = on_cuda if x.device == "cuda" else on_cpu
    return next(kind.__name__ for kind in kinds if kind.dtype == x.dtype)


def of_type(x: Tensor, kind: Any) -> Tensor:
    """`x` as a type: one of these classes, its name, or a dtype."""
    found = next((known for known in (*on_cpu, *on_cuda) if kind is known or kind == known.__name__), None)
    return x.to(kind) if found is None else x.to(found.place, found.dtype)


class _Variable(type):
    """Every tensor is a Variable."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Tensor)


class Variable(metaclass=_Variable):
    """`Variable(x, requires_grad)`: the tensor `x` outside of the graph, as a leaf. Tensors need it no more."""

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Any:
        return data.detach().requires_grad_(requires_grad)
