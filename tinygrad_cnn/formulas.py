"""Scalar formulas and their derivatives, each written once, in operators and names of the math `m` handed to it.

`m` is a namespace of exp, log, where, ...: `cpu/scalar.py` and `cuda/scalar.py` compile a formula into a kernel,
`ops/elementwise.py` evaluates the same line on Tensors, which is what makes second derivatives.

The derivative of `name` in its parameter `p` is `name_gradient_p(m, g, ...)`: `g` is the gradient that arrives, and the
other parameters say what has to be kept: operands by their names, the result as `y`. Constants are written as
floats; `typed` gives them the kernel's dtype, so that a float32 kernel holds no float64.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any


def add(m, a, b):
    return a + b


def add_gradient_a(m, g):
    return g


def add_gradient_b(m, g):
    return g


def sub(m, a, b):
    return a - b


def sub_gradient_a(m, g):
    return g


def sub_gradient_b(m, g):
    return -g


def mul(m, a, b):
    return a * b


def mul_gradient_a(m, g, b):
    return g * b


def mul_gradient_b(m, g, a):
    return g * a


def div(m, a, b):
    return a / b


def div_gradient_a(m, g, b):
    return g / b


def div_gradient_b(m, g, b, y):
    return -g * y / b


def pow(m, a, b):
    return m.power(a, b)


def pow_gradient_a(m, g, a, b):
    return m.where(b == 0.0, 0.0, g * b * m.power(a, b - 1.0))


def pow_gradient_b(m, g, a, b, y):
    slope = g * y * m.log(a)
    return m.where(a == 0.0, m.where(b >= 0.0, 0.0, slope), slope)


def neg(m, x):
    return -x


def neg_gradient_x(m, g):
    return -g


def exp(m, x):
    return m.exp(x)


def exp_gradient_x(m, g, y):
    return g * y


def log(m, x):
    return m.log(x)


def log_gradient_x(m, g, x):
    return g / x


def sqrt(m, x):
    return m.sqrt(x)


def sqrt_gradient_x(m, g, y):
    return g * 0.5 / y


def relu(m, x):
    return m.where(x <= 0.0, 0.0, x)  # this way round a NaN stays


def relu_gradient_x(m, g, y):
    return m.where(y <= 0.0, 0.0, g)


def sigmoid(m, x):
    return 1.0 / (1.0 + m.exp(-x))


def sigmoid_gradient_x(m, g, y):
    return g * y * (1.0 - y)


def tanh(m, x):
    return m.tanh(x)


def tanh_gradient_x(m, g, y):
    return g * (1.0 - y * y)


def where(m, c, a, b):
    return m.where(c, a, b)


def where_gradient_a(m, g, c):
    return m.where(c, g, 0.0)


def where_gradient_b(m, g, c):
    return m.where(c, 0.0, g)


def eq(m, a, b):
    return a == b


def ne(m, a, b):
    return a != b


def lt(m, a, b):
    return a < b


def le(m, a, b):
    return a <= b


def gt(m, a, b):
    return a > b


def ge(m, a, b):
    return a >= b


PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
"""Formulas whose result is a bool."""

FORMULAS: dict[str, Callable[..., Any]] = {
    name: value for name, value in list(globals().items())
    if inspect.isfunction(value) and next(iter(inspect.signature(value).parameters), None) == "m"
}
"""Every formula and every derivative by name."""


@cache
def parameters(name: str) -> tuple[str, ...]:
    """The names of a formula's operands, without `m`."""
    return tuple(inspect.signature(FORMULAS[name]).parameters)[1:]


@cache
def gradient(name: str, parameter: str) -> str | None:
    """The name of the derivative in `parameter`, None where there is none."""
    found = f"{name}_gradient_{parameter}"
    return found if found in FORMULAS else None


def typed(name: str, dtype: Callable[[float], Any]) -> Callable[..., Any]:
    """The formula with its constants turned into scalars of `dtype`."""
    formula = FORMULAS[name]
    assert isinstance(formula, FunctionType)
    constants = tuple(dtype(c) if type(c) is float else c for c in formula.__code__.co_consts)
    code = formula.__code__.replace(co_consts=constants)
    return FunctionType(code, formula.__globals__, name)
