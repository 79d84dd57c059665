"""Scalar formulas and their derivatives, each written once, in operators and names of the math `m` handed to it.

`m` is a namespace of exp, log, where, ...: `cpu/scalar.py` and `cuda/scalar.py` compile a formula into a kernel,
`ops/elementwise.py` evaluates the same line on Tensors, which is what makes second derivatives.

The derivative of `name` in its parameter `p` is `name_gradient_p(m, g, ...)`: `g` is the gradient that arrives, and the
other parameters say what has to be kept: operands by their names, the result as `y`. Constants are written as
floats; `typed` gives them the kernel's dtype, so that a float32 kernel holds no float64.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from . import activation, arithmetic, comparison, elementary, loss

FILES = (arithmetic, comparison, elementary, activation, loss)

FORMULAS: dict[str, Callable[..., Any]] = {
    name: value for file in FILES for name, value in vars(file).items() if inspect.isfunction(value)
}
"""Every formula and every derivative by name."""

PREDICATES = frozenset(("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not",
                        "isnan", "isinf", "isfinite", "isclose"))
"""Formulas whose result is a bool."""

BITWISE = frozenset(("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"))
"""Formulas of integers and bools only."""

FLOATING = frozenset(("div", "reciprocal", "addcdiv", "sigmoid", "tanh", "tanhshrink", "isnan", "isinf", "isfinite",
                      *(name for name in vars(elementary) if name in FORMULAS and name != "pow")))
"""Formulas that turn integers into float32 first."""

NO_INTEGERS = frozenset(("lerp", *(name for file in (activation, loss) for name in vars(file)
                          if name in FORMULAS))) - {"relu", "sigmoid", "tanh", "hardtanh", "threshold", "tanhshrink"}
"""Formulas that refuse integers and bools."""

PICKING = frozenset(("where", "clamp", "clamp_min", "clamp_max", "pow"))
"""Formulas that refuse a number which their dtype does not hold."""

NO_BOOLS = frozenset(("neg", "abs", "floor", "ceil", "round", "trunc", "relu", "hardtanh", "threshold",
                      "clamp", "tanhshrink", "pow", "addcmul", "remainder", "fmod", "floor_divide"))
"""Formulas that refuse bools."""


@cache
def parameters(name: str) -> tuple[str, ...]:
    """The names of a formula's operands, without `m`."""
    return tuple(inspect.signature(FORMULAS[name]).parameters)[1:]


@cache
def gradient(name: str, parameter: str) -> str | None:
    """The name of the derivative in `parameter`, None where there is none."""
    found = f"{name}_gradient_{parameter}"
    return found if found in FORMULAS else None


@cache
def steps(name: str) -> int:
    """How many operations a formula is made of."""
    kinds = ("BINARY_OP", "COMPARE_OP", "UNARY_NEGATIVE", "CALL")
    return sum(line.opname in kinds for line in dis.get_instructions(FORMULAS[name]))


def typed(name: str, dtype: Callable[[float], Any]) -> Callable[..., Any]:
    """The formula with its constants turned into scalars of `dtype`."""
    formula = FORMULAS[name]
    assert isinstance(formula, FunctionType)
    constants = tuple(dtype(c) if type(c) is float else c for c in formula.__code__.co_consts)
    code = formula.__code__.replace(co_consts=constants)
    return FunctionType(code, formula.__globals__, name)
