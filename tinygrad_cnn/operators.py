"""Arithmetic and comparisons of tensors, with numbers and numpy arrays beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .devices import kernels
from .ops import matmul
from .ops.elementwise import apply
from .shapes import FLOATS

Number = bool | int | float


class Operators:
    """What Python's operators do with tensors, and the methods of the same names."""

    __slots__ = ()
    __array_ufunc__ = None  # numpy leaves `array * tensor` to us
    data: Any

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

    def __pow__(self, other: Any) -> Any:
        if type(other) in (int, float) and other in POWERS and self.data.dtype in FLOATS:
            return POWERS[other](self)
        return _binary("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary("pow", other, self)

    def __matmul__(self, other: Any) -> Any:
        return matmul.matmul(self, other) if isinstance(other, Operators) else NotImplemented

    def __neg__(self) -> Any:
        return apply("neg", self)

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
    add, sub, mul, div, pow = __add__, __sub__, __mul__, __truediv__, __pow__
    eq, ne, lt, le, gt, ge, neg, matmul = __eq__, __ne__, __lt__, __le__, __gt__, __ge__, __neg__, __matmul__


POWERS: dict[Any, Any] = {2: lambda x: x * x, 0.5: lambda x: apply("sqrt", x), -1.0: lambda x: 1.0 / x}
"""Exponents with an operation of their own, several times faster than a power."""


def beside(value: Any, like: Any) -> Any:
    """What may stand beside a tensor: a tensor or a Python number; numpy's and Python's collections are made tensors."""
    if isinstance(value, np.generic):  # first: numpy's float64 is a float too
        return value.item()
    if isinstance(value, (Operators, bool, int, float)):
        return value
    return like.result(kernels(like.data).upload(np.asarray(value)), None)


def _binary(name: str, a: Any, b: Any) -> Any:
    """The formula `name` of a tensor and something that may stand beside it."""
    if not all(isinstance(v, (Operators, bool, int, float, np.generic, np.ndarray)) for v in (a, b)):
        return NotImplemented
    like = a if isinstance(a, Operators) else b
    return apply(name, beside(a, like), beside(b, like))
