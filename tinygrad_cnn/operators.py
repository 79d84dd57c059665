"""Arithmetic and comparisons of tensors, with numbers and numpy arrays beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .devices import kernels
from .ops import arithmetic, matmul
from .ops.elementwise import apply
from .shapes import BOOL

Number = bool | int | float


class Operators:
    """What Python's operators do with tensors."""

    __slots__ = ()
    __array_ufunc__ = None  # numpy leaves `array * tensor` to us
    array: Any

    def __add__(self, other: Any) -> Any:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _binary("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _binary("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _binary("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _binary("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _binary("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary("div", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _by(arithmetic.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _by(arithmetic.floor_divide, other, self)

    def __mod__(self, other: Any) -> Any:
        return _by(arithmetic.remainder, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _by(arithmetic.remainder, other, self)

    def __pow__(self, other: Any) -> Any:
        return _by(arithmetic.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _by(arithmetic.power, other, self)

    def __matmul__(self, other: Any) -> Any:
        return matmul.matmul(self, other) if isinstance(other, Operators) else NotImplemented

    def __neg__(self) -> Any:
        return apply("neg", self)

    def __pos__(self) -> Any:
        if self.array.dtype == BOOL:
            raise RuntimeError("positive: dtype bool is given but numbers are needed; use x.int()")
        return self

    def __abs__(self) -> Any:
        return apply("abs", self)

    def __invert__(self) -> Any:
        return arithmetic.bitwise("bitwise_not", self)

    def __and__(self, other: Any) -> Any:
        return _by(partial(arithmetic.bitwise, "bitwise_and"), self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return _by(partial(arithmetic.bitwise, "bitwise_or"), self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return _by(partial(arithmetic.bitwise, "bitwise_xor"), self, other)

    __rxor__ = __xor__

    def __eq__(self, other: object) -> Any:
        return _binary("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _binary("ne", self, other)

    def __lt__(self, other: Any) -> Any:
        return _binary("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _binary("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _binary("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _binary("ge", self, other)

    __hash__ = object.__hash__


def beside(value: Any, like: Any) -> Any:
    """What may stand beside a tensor: a tensor or a Python number; numpy's and Python's collections are made tensors."""
    if isinstance(value, np.generic):  # first: numpy's float64 is a float too
        return value.item()
    if isinstance(value, (Operators, bool, int, float)):
        return value
    return like.result(kernels(like.array).upload(np.asarray(value)), None)


def number_or_tensor(operation: str, value: Any, like: Any) -> Any:
    """An operand of a method; what is neither a tensor nor a number nor numpy's is refused."""
    if not isinstance(value, KINDS):
        raise TypeError(f"{operation}: an operand is {type(value).__name__} but a tensor or a number is needed; "
                        "use tg.tensor(...)")
    return beside(value, like)


def only_tensor(operation: str, value: Any) -> Any:
    """An operand that must be a tensor."""
    if not isinstance(value, Operators):
        raise TypeError(f"{operation}: an operand is {type(value).__name__} but a tensor is needed; use tg.tensor(...)")
    return value


def _binary(name: str, a: Any, b: Any) -> Any:
    """The formula `name` of a tensor and something that may stand beside it."""
    return _by(partial(apply, name), a, b)


def _by(operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """An operation of a tensor and something that may stand beside it; what may not is left to its own operator."""
    if not (isinstance(a, KINDS) and isinstance(b, KINDS)):
        return NotImplemented
    like = a if isinstance(a, Operators) else b
    return operation(beside(a, like), beside(b, like))


KINDS = (Operators, bool, int, float, np.generic, np.ndarray)
"""What may stand beside a tensor."""
