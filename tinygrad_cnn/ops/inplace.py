"""Writing into a tensor's memory: what is refused, and the version that tells the graph."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .. import indices, shapes
from ..arrays import is_tensor, shares_memory, view
from ..devices import device_of, kernels
from ..grad_mode import no_grad, recording
from . import layout
from .elementwise import apply, cast
from .gather import overwrite
from .index import Overwrite, at, get, is_mask, selection
from .making import filled, stored
from .reduce import expand
from .select import scatter
from .shape import Clone, reshape
from .transfer import Transfer


def write(operation: str, target: Any, part: Any, value: Any) -> Any:
    """Copy `value`, a Tensor or a number, broadcast and cast, into `part` of the target's array. Returns the target."""
    if part is target.array and recorded(target, value):
        return rebound(operation, target, lambda old: _in_place_of(operation, old, value))
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
    if recorded(target, value):
        rebound("__setitem__", target, lambda old: _with_part(old, key, value))
        return target
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


def update(name: str, target: Any, compute: Callable[[Any], Any], *operands: Any) -> Any:
    """What `compute` makes of the target, written into it. `operands`: what else it reads."""
    operation = name + "_"
    if recorded(target, *operands):
        return rebound(operation, target, compute)
    for operand in operands or (None,):
        _check(operation, target, target.array, operand)
    with no_grad():
        value = compute(target)
    _check_dtype(operation, target, value)
    _same_shape(operation, target, value)
    return write(operation, target, target.array, value)


def recorded(target: Any, *operands: Any) -> bool:
    """Whether the graph must know of a change of the target."""
    return recording() and (target.requires_grad or any(getattr(v, "requires_grad", False) for v in operands))


def rebound(operation: str, target: Any, compute: Callable[[Any], Any]) -> Any:
    """Make the target the result of what `compute` records of its old self. The old numbers stay where they are, for those
    who saved them to notice that the tensor has moved on; so no other tensor may look at the same memory."""
    if target.requires_grad and target.node is None:
        raise RuntimeError(f"{operation}: the tensor of shape {target.array.shape} is a leaf that requires grad and cannot be "
                           "changed in place; use the operation out of place, or with no_grad()")
    if not target.version.alone(target):
        raise RuntimeError(f"{operation}: the tensor of shape {target.array.shape} requires grad, or the value does, and "
                           "another tensor looks at the same memory; use the operation out of place, or clone() it first")
    old = target.result(target.array, target.node, target.index)
    value = compute(old)
    _check_dtype(operation, target, value)
    _same_shape(operation, target, value)
    value = cast(value, target.array.dtype)
    value = Clone()(value) if shares_memory(value.array, target.array) else value
    target.version.count += 1
    target.hold(value.array)
    target.node, target.index, target._requires_grad = value.node, value.index, value.requires_grad
    return target


def _check_dtype(operation: str, target: Any, value: Any) -> None:
    if not shapes.can_cast(value.array.dtype, target.array.dtype):
        raise RuntimeError(f"{operation}: the result is {value.array.dtype.name} but the tensor is "
                           f"{target.array.dtype.name}; convert the tensor first")


def _same_shape(operation: str, target: Any, value: Any) -> None:
    shapes.same(operation, "the shape of the result", value.array.shape, target.array.shape, "change the tensor's shape first")


def _as_tensor(like: Any, value: Any) -> Any:
    return value if is_tensor(value) else filled(like, (), value)


def _in_place_of(operation: str, old: Any, value: Any) -> Any:
    """`value` in the shape and dtype of `old`, on which it depends in the graph, with a gradient of zeros."""
    found = cast(_fitting(operation, old.array, old.array.shape, _as_tensor(old, value)), old.array.dtype)
    return apply("where", filled(cast(old.detach(), shapes.BOOL), (), True), found, old)


def _with_part(old: Any, key: Any, value: Any) -> Any:
    """A copy of `old` with `value` at [key]."""
    basic, arrays = selection(old.array.shape, key)
    part = at(old.array, basic)
    value = _as_tensor(old, value)
    if arrays:
        numbers = np.arange(old.array.size).reshape(old.array.shape)
        places = get(old.result(kernels(old.array).upload(numbers), None), key)
        value, count = _spread("__setitem__", part, places.array.shape, value), (places.array.size,)
        flat = scatter(reshape(old, (old.array.size,)), 0, reshape(places, count), reshape(value, count))
        return reshape(flat, old.array.shape)
    return Overwrite(basic)(old, _spread("__setitem__", part, part.shape, value))


def _spread(operation: str, part: Any, shape: tuple[int, ...], value: Any) -> Any:
    """`value` beside `part`, of its dtype, broadcast to `shape`."""
    return expand(cast(_fitting(operation, part, shape, value), part.dtype), shape)


def resized(target: Any, shape: tuple[int, ...]) -> Any:
    """The target under another shape: in its memory where that has just as many elements, else in other memory."""
    flat: Any = view(layout.contiguous(target.array), (target.array.size,))
    count = prod(shape)
    if count != flat.size:
        more = kernels(flat).empty((count,), flat.dtype)
        kept = min(count, flat.size)
        kernels(flat).copy.copy(more[:kept], flat[:kept])
        flat = more
    target.array = view(flat, shape)
    target.version.count += 1
    return target


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
