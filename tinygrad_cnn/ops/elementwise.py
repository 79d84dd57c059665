"""Every formula of `formulas/` as an operation on Tensors and numbers, broadcast and promoted."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from .. import formulas, shapes
from ..autograd import Function
from ..defaults import get_default_dtype
from ..devices import kernels, same_device
from ..grad_mode import recording
from . import layout
from .making import stored
from .reduce import sum_to


class Elementwise(Function):
    """out[i] = formula(operands[i]...), with numbers at the places that `numbers` names."""

    __slots__ = ("name",)  # a slot, which outlives `free`: a freed node can still be named

    def __init__(self, name: str, numbers: dict[str, float]) -> None:
        self.name, self.numbers = name, numbers
        self._parameters, self.gradients, self.saves = _plan(name, tuple(numbers))

    def __str__(self) -> str:
        return self.name

    def forward(self, *arrays: Any) -> Any:
        self.shapes = [a.shape for a in arrays]
        shape = arrays[0].shape if len(arrays) == 1 else shapes.broadcast(self.name, *self.shapes)
        dtype = shapes.BOOL if self.name in formulas.PREDICATES else arrays[-1].dtype
        full = [a for a in arrays if a.shape == shape]
        model = next((a for a in full if 0 not in a.strides), full[0] if full else None)  # not one that is stretched
        k = kernels(arrays[0])
        out = k.empty(shape, dtype) if model is None else layout.empty_like(model, dtype)
        operands = {p: layout.stretch(a, shape) for p, a in zip(self._parameters, arrays)} | self.numbers
        k.elementwise.apply(self.name, out, *[operands[p] for p in formulas.parameters(self.name)])
        return out

    def backward(self, g: Any) -> Any:
        found: list[Any] = []
        for k, p in enumerate(self._parameters):
            name = self.gradients[p]
            if name is None or not self.needed[k]:
                found.append(None)
                continue
            known = [getattr(self, "out" if n == "y" else n, self.numbers.get(n)) for n in formulas.parameters(name)[1:]]
            if known and not recording() and (len(self._parameters) == 1 or formulas.steps(name) > 1):
                value = apply(name, g, *known)  # one kernel
            else:
                value = formulas.FORMULAS[name](TensorMath, g, *known)
            found.append(sum_to(value, self.shapes[k]))
        return tuple(found)


@cache
def _plan(name: str, numbers: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, str | None], tuple[str, ...]]:
    """(the operands that are Tensors, the derivative in each, what the derivatives read)."""
    tensors = tuple(p for p in formulas.parameters(name) if p not in numbers)
    gradients = {p: formulas.gradient(name, p) for p in tensors}
    needed = [n for d in gradients.values() if d for n in formulas.parameters(d)[1:]]
    return tensors, gradients, tuple(dict.fromkeys("out" if n == "y" else n for n in needed if n not in numbers))


class Cast(Function):
    """The same numbers as another dtype."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def forward(self, x: Any) -> Any:
        self.source = x.dtype
        out = layout.empty_like(x, self.dtype)
        kernels(x).copy.copy(out, x)
        return out

    def backward(self, g: Any) -> Any:
        return cast(g, self.source)


def cast(x: Any, dtype: Any) -> Any:
    """`x` as `dtype`; `x` itself if it is so already."""
    return x if x.array.dtype == dtype else Cast(dtype)(x)


def converted(operation: str, x: Any, dtype: Any) -> Any:
    """`x` as `dtype`, or as it is for None."""
    return x if dtype is None else cast(x, shapes.dtype_of(operation, dtype))


def floating(operation: str, x: Any) -> None:
    """Refuse integers and bools."""
    if x.array.dtype not in shapes.FLOATS:
        raise RuntimeError(f"{operation}: dtype {x.array.dtype.name} is given but float32 or float64 is needed; "
                           "use x.float()")


def apply(name: str, *operands: Any) -> Any:
    """The formula `name` of Tensors and numbers, at least one of them a Tensor."""
    names = formulas.parameters(name)
    tensors = [v for v in operands if hasattr(v, "array")]
    same_device(name, *[t.array for t in tensors])
    dtypes = {t.array.dtype for t in tensors}
    if len(dtypes) == 1 and dtypes.issubset(shapes.FLOATS) and bool not in map(type, operands):  # the usual case, at once
        numbers = {p: float(v) for p, v in zip(names, operands) if not hasattr(v, "array")}
        return Elementwise(name, numbers)(*tensors)
    operands = _promoted(name, names, operands)
    numbers = {p: v for p, v in zip(names, operands) if not hasattr(v, "array")}
    return Elementwise(name, numbers)(*[v for v in operands if hasattr(v, "array")])


def _promoted(name: str, names: tuple[str, ...], operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands in their common dtype; the condition `c` of `where` stays a bool."""
    dtype = shapes.promote(*[(v.array.dtype, v.array.ndim) if hasattr(v, "array") else v
                             for p, v in zip(names, operands) if p != "c"])
    _check(name, dtype, [v.array.dtype if hasattr(v, "array") else type(v) for v in operands])
    if name in formulas.FLOATING and dtype not in shapes.FLOATS:
        dtype = get_default_dtype()
    return tuple(cast(v, shapes.BOOL if p == "c" else dtype) if hasattr(v, "array") else _number(name, v, dtype)
                 for p, v in zip(names, operands))


def _number(name: str, value: Any, dtype: Any) -> Any:
    """A Python number as an element of `dtype`. In uint8 it wraps around; what picks elements refuses a greater one."""
    if dtype in shapes.FLOATS or dtype == shapes.BOOL:
        return float(value) if dtype in shapes.FLOATS else bool(value)
    if dtype != shapes.UINT8:
        return int(value)
    return stored(name, int(value), dtype) if name in formulas.PICKING else int(value) % 256


def _check(name: str, dtype: Any, given: list[Any]) -> None:
    """Refuse dtypes for which a formula has no meaning: those of the operands, and the one they have in common."""
    found = next((d for d in given if d not in shapes.FLOATS and d is not float and d is not int), None)
    if name == "sub" and any(d == shapes.BOOL for d in given):
        raise RuntimeError("sub: an operand is bool but numbers are needed; use ^, or x.int()")
    if dtype == shapes.BOOL and name in formulas.NO_BOOLS:
        raise RuntimeError(f"{name}: dtype bool is given but numbers are needed; use x.int()")
    if found is not None and name in formulas.NO_INTEGERS:
        raise RuntimeError(f"{name}: dtype {found.name} is given but float32 or float64 is needed; use x.float()")


NAMES = {"power": "pow"}


class _TensorMath:
    """The math handed to a formula that is evaluated on Tensors, some of whose operands may be numbers."""

    inf = float("inf")

    def where(self, c: Any, a: Any, b: Any) -> Any:
        """`a` where `c` holds, else `b`."""
        if not hasattr(c, "array"):  # a comparison of numbers
            return a if c else b
        return apply("where", c, a, b)

    def softplus(self, x: Any) -> Any:
        """log(1 + exp(x))."""
        return apply("softplus", x, 1.0, 20.0)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(_call, name)


TensorMath = _TensorMath()


def _call(name: str, *operands: Any) -> Any:
    if any(hasattr(v, "array") for v in operands):
        return apply(NAMES.get(name, name), *operands)
    with np.errstate(all="ignore"):  # as a kernel: log(0) is -inf
        return float(getattr(np, name)(*operands))
