"""Writing into a tensor's memory: what is refused, and the version that tells the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import indices, shapes
from ..arrays import is_tensor, shares_memory, view
from ..autograd import no_grad, recording
from ..devices import device_of, kernels
from . import layout
from .elementwise import cast
from .gather import overwrite
from .index import at, is_mask, selection
from .making import stored
from .shape import reshape
from .transfer import Transfer


def write(operation: str, target: Any, part: Any, value: Any) -> Any:
    """Copy `value`, a Tensor or a number, broadcast and cast, into `part` of the target's array. Returns the target."""
    _check(operation, target, part, value)
    if is_tensor(value):
        source = layout.stretch(_fitting(operation, part, part.shape, value).array, part.shape)
        if shares_memory(part, source):  # x[1:] = x[:-1] would read what it has just written
            source = layout.copied(source)
        kernels(part).copy.copy(part, source)
    else:
        kernels(part).copy.fill(part, stored(operation, value, part.dtype))
    target.version.count += 1
    return target


def put(target: Any, key: Any, value: Any) -> Any:
    """target[key] = value, a Tensor or a number, for any key. Of several values for one place the last counts."""
    basic, arrays = selection(target.array.shape, key)
    part = at(target.array, basic)
    if not arrays:
        return write("__setitem__", target, part, value)
    _check("__setitem__", target, part, value)
    found = indices.picks(part.shape, arrays)
    if is_tensor(value) and value.array.dtype != part.dtype and not (
            value.array.size == 1 and is_mask(key)):
        raise shapes.KindError(f"__setitem__: the value has dtype {value.array.dtype.name} but the tensor {part.dtype.name}; "
                               "convert one of them")
    source = _fitted("__setitem__", part, found.shape, value)
    if shares_memory(part, source):
        source = layout.copied(source)
    rows = view(part.transpose(found.order), found.rows)
    out = layout.contiguous(part.transpose(found.order) if rows is None else rows)
    outer, _, inner = found.rows
    overwrite(view(out, found.rows), layout.reshape(source, (outer, len(found.places), inner)),
              kernels(part).upload(found.places))
    if not shares_memory(out, part):
        kernels(part).copy.copy(part.transpose(found.order), view(out, tuple(part.shape[k] for k in found.order)))
    target.version.count += 1
    return target


def _fitted(operation: str, part: Any, shape: tuple[int, ...], value: Any) -> Any:
    """`value` as an array beside `part`, of its dtype, broadcast to `shape`; more axes of extent 1 in front are dropped."""
    k = kernels(part)
    if not is_tensor(value):
        source = k.empty((), part.dtype)
        k.copy.fill(source, value)
        return layout.stretch(source, shape)
    return layout.stretch(cast(_fitting(operation, part, shape, value), part.dtype).array, shape)


def _fitting(operation: str, part: Any, shape: tuple[int, ...], value: Any) -> Any:
    """A tensor on the device of `part` that broadcasts to `shape`; more axes of extent 1 in front are dropped."""
    if device_of(value.array) != device_of(part):
        value = Transfer(device_of(part))(value)
    lead = max(0, value.array.ndim - len(shape))
    if value.array.shape[:lead] == (1,) * lead:
        value = reshape(value, value.array.shape[lead:])
    stretched = shapes.broadcast(operation, shape, value.array.shape)
    shapes.same(operation, "the shape of target and value together", stretched, shape, "give a value that fits")
    return value


def update(name: str, target: Any, compute: Callable[[], Any], *operands: Any) -> Any:
    """What `compute` returns, written into the target, which it was computed of. `operands`: what else it read."""
    operation = name + "_"
    for operand in operands or (None,):
        _check(operation, target, target.array, operand)
    with no_grad():
        value = compute()
    if not shapes.can_cast(value.array.dtype, target.array.dtype):
        raise RuntimeError(f"{operation}: the result is {value.array.dtype.name} but the tensor is "
                           f"{target.array.dtype.name}; convert the tensor first")
    return write(operation, target, target.array, value)


def refuse_recorded(operation: str, target: Any) -> None:
    """Refuse to change a tensor that the graph records."""
    if recording() and target.requires_grad:
        raise RuntimeError(f"{operation}: the tensor of shape {target.array.shape} requires grad and cannot be changed in "
                           "place; use the operation out of place, or with no_grad()")


def _check(operation: str, target: Any, part: Any, value: Any) -> None:
    """Refuse to write where the graph would not know of it, or where elements share a place in memory."""
    if recording() and (target.requires_grad or getattr(value, "requires_grad", False)):
        raise RuntimeError(f"{operation}: the tensor of shape {target.array.shape}, or the value, requires grad and cannot "
                           "take part in a write in place; use an operation out of place, or with no_grad()")
    if part.size and any(s == 0 and n > 1 for n, s in zip(part.shape, part.strides)):
        raise RuntimeError(f"{operation}: the tensor of shape {target.array.shape} is expanded, so that elements share "
                           "memory; clone() it first")
