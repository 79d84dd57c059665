"""Writing into a tensor's memory: what is refused, and the version that tells the graph."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..arrays import shares_memory
from ..autograd import no_grad, recording
from ..devices import device_of, kernels
from . import layout
from .elementwise import apply
from .transfer import Transfer


def write(operation: str, target: Any, part: Any, value: Any) -> Any:
    """Copy `value`, a Tensor or a number, broadcast and cast, into `part` of the target's array. Returns the target."""
    _check(operation, target, part, value)
    if hasattr(value, "data"):
        if device_of(value.data) != device_of(part):
            value = Transfer(device_of(part))(value)
        stretched = shapes.broadcast(operation, part.shape, value.data.shape)
        shapes.same(operation, "the shape of target and value together", stretched, part.shape, "give a value that fits")
        source = layout.stretch(value.data, part.shape)
        if shares_memory(part, source):  # x[1:] = x[:-1] would read what it has just written
            source = layout.copied(source)
        kernels(part).copy.copy(part, source)
    else:
        kernels(part).copy.fill(part, value)
    target.version.count += 1
    return target


def update(name: str, target: Any, other: Any) -> Any:
    """The formula `name` of target and other, written into the target."""
    operation = name + "_"
    _check(operation, target, target.data, other)
    with no_grad():
        value = apply(name, target, other)
    if value.data.dtype in shapes.FLOATS and target.data.dtype not in shapes.FLOATS:
        raise RuntimeError(f"{operation}: the result is {value.data.dtype.name} but the tensor is "
                           f"{target.data.dtype.name}; convert the tensor first")
    return write(operation, target, target.data, value)


def _check(operation: str, target: Any, part: Any, value: Any) -> None:
    """Refuse to write where the graph would not know of it, or where elements share a place in memory."""
    if recording() and (target.requires_grad or getattr(value, "requires_grad", False)):
        raise RuntimeError(f"{operation}: the tensor of shape {target.data.shape}, or the value, requires grad and cannot "
                           "take part in a write in place; use an operation out of place, or with no_grad()")
    if any(s == 0 and n > 1 for n, s in zip(part.shape, part.strides)):
        raise RuntimeError(f"{operation}: the tensor of shape {target.data.shape} is expanded, so that elements share "
                           "memory; clone() it first")
