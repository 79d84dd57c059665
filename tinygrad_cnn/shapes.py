"""Shape arithmetic on plain integers: broadcasting, promotion, windows, strides. Every shape error is raised here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import prod
from operator import index
from typing import Any, TypeVar, cast

import numpy as np

Shape = tuple[int, ...]

F = TypeVar("F", bound=Callable[..., Any])


def remembered(function: F) -> F:
    """Decorator of a pure function of shapes: a network asks the same questions at every step."""
    return cast(F, lru_cache(maxsize=4096)(function))


class ShapeError(ValueError, RuntimeError):
    """Arguments that do not fit each other. One sentence: the operation, the argument, both values, the remedy."""


class KindError(TypeError, RuntimeError):
    """An argument of a dtype that the operation does not take. One sentence, as of ShapeError."""


class Size(tuple[int, ...]):
    """A shape: a tuple that can tell its number of elements."""

    def numel(self) -> int:
        """The product of the extents."""
        return prod(self)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Size(found) if isinstance(key, slice) else found


# ---- arguments -------------------------------------------------------------------------------------------------------


def spatial(operation: str, name: str, value: int | Iterable[int], rank: int, least: int = 0) -> Shape:
    """`value` for each of `rank` spatial axes: a number is repeated, a tuple must have one entry per axis."""
    values = tuple(value) if isinstance(value, Iterable) else (value,)
    if len(values) == 1:
        values *= rank
    if len(values) != rank or any(isinstance(v, bool) or not isinstance(v, (int, np.integer)) for v in values):
        raise ShapeError(f"{operation}: {name} is {value!r} for {rank} spatial axes; give one int or {rank} ints")
    if any(v < least for v in values):
        raise ShapeError(f"{operation}: {name} is {value!r} but must be at least {least}; give a larger {name}")
    return tuple(int(v) for v in values)


def axis(operation: str, value: int, rank: int) -> int:
    """The axis counted from the front; -1 is the last."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"{operation}: axis {value!r} is {type(value).__name__} but a whole number is needed; give an int")
    if not -max(rank, 1) <= value < max(rank, 1):
        raise IndexError(f"{operation}: axis {value} of a tensor with {rank} axes; use {-max(rank, 1)} to "
                         f"{max(rank, 1) - 1}")
    return value % max(rank, 1)


def axes(operation: str, value: int | Iterable[int] | None, rank: int) -> Shape:
    """Sorted axes; None or () means all of them."""
    if value is None:
        return tuple(range(rank))
    found = tuple(value) if isinstance(value, Iterable) else (value,)
    result = tuple(sorted(axis(operation, v, rank) for v in found))
    if len(set(result)) != len(result):
        raise ShapeError(f"{operation}: {value!r} names one of the {rank} axes twice; name each axis once")
    return (result or tuple(range(rank))) if rank else ()


def extents(operation: str, size: Iterable[Any]) -> Shape:
    """`size` as a shape: integers of at least 0."""
    try:
        shape = tuple(index(n) for n in size)
    except TypeError:
        raise TypeError(f"{operation}: size {size!r} is not made of integers; give one for each axis") from None
    if any(n < 0 for n in shape):
        raise ShapeError(f"{operation}: size {shape} has an extent below 0, the least; use extents of at least 0")
    return shape


def same(operation: str, name: str, found: object, expected: object, remedy: str) -> None:
    """Refuse `found` where `expected` is needed."""
    if found != expected:
        raise ShapeError(f"{operation}: {name} is {found} but {expected} is needed; {remedy}")


# ---- dtypes ----------------------------------------------------------------------------------------------------------

DTYPE_NAMES = ("float32", "float64", "int64", "int32", "uint8", "bool")
DTYPES = tuple(np.dtype(name) for name in DTYPE_NAMES)
FLOAT32, FLOAT64, INT64, INT32, UINT8, BOOL = DTYPES
FLOATS = (FLOAT32, FLOAT64)


def dtype_of(operation: str, value: Any) -> np.dtype[Any]:
    """`value` as one of the six dtypes."""
    try:
        found = np.dtype(value)
    except TypeError:
        found = None
    if found is None or found not in DTYPES:  # numpy finds None equal to float64
        raise KindError(f"{operation}: dtype {value!r} is not supported; use one of {', '.join(DTYPE_NAMES)}")
    return found


def _category(dtype: np.dtype[Any]) -> int:
    return 0 if dtype == BOOL else 1 if dtype.kind in "iu" else 2


def _promote(a: np.dtype[Any] | None, b: np.dtype[Any] | None) -> np.dtype[Any] | None:
    if a is None or b is None:
        return b if a is None else a
    if _category(a) != _category(b):
        return max(a, b, key=_category)
    return np.promote_types(a, b)


def can_cast(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether an operation in place may write one dtype into the other: not floats into integers, nor numbers into bools."""
    return _category(source) <= _category(target)


def promote(*operands: tuple[np.dtype[Any], int] | bool | int | float) -> np.dtype[Any]:
    """PyTorch's promotion. An operand is a Python number or (dtype, rank): tensors with axes outrank tensors without,
    and those outrank numbers, unless the weaker operand is of a higher category (bool < integer < float)."""
    levels: list[np.dtype[Any] | None] = [None, None, None]
    for operand in operands:
        if isinstance(operand, tuple):
            dtype, level = operand[0], 0 if operand[1] else 1
        else:
            dtype, level = (BOOL if isinstance(operand, bool) else INT64 if isinstance(operand, int) else FLOAT32), 2
        levels[level] = _promote(levels[level], dtype)
    result = None
    for lower in levels:
        if result is None or (lower is not None and _category(lower) > _category(result)):
            result = lower
    assert result is not None
    return result


# ---- broadcasting and strides ----------------------------------------------------------------------------------------


@remembered
def broadcast(operation: str, *shapes: Shape) -> Shape:
    """The common shape: aligned at the last axis, extents of 1 stretch."""
    rank = max(map(len, shapes))
    result = []
    for k in range(rank):
        sizes = {s[k - rank + len(s)] for s in shapes if k - rank + len(s) >= 0} - {1}
        if len(sizes) > 1:
            text = " and ".join(str(tuple(s)) for s in shapes)
            raise ShapeError(f"{operation}: shapes {text} do not broadcast at axis {k - rank}; make the extents equal, "
                             "or one of them 1")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


@remembered
def stretched(shape: Shape, target: Shape) -> tuple[Shape, Shape]:
    """What broadcasting `shape` to `target` did: (leading axes it added, axes of `target` it stretched from 1)."""
    lead = len(target) - len(shape)
    return tuple(range(lead)), tuple(k + lead for k, n in enumerate(shape) if n == 1 and target[k + lead] != 1)


def contiguous_strides(shape: Sequence[int], itemsize: int) -> Shape:
    """Row-major strides in bytes."""
    strides, step = [], itemsize
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def is_contiguous(shape: Sequence[int], strides: Sequence[int], itemsize: int) -> bool:
    """Whether the elements lie in row-major order without gaps; strides of extents 0 and 1 do not count."""
    if 0 in shape:
        return True
    step = itemsize
    for n, s in zip(reversed(shape), reversed(strides)):
        if n != 1:
            if s != step:
                return False
            step *= n
    return True


@remembered
def memory_order(strides: Sequence[int]) -> Shape:
    """Axes from the slowest to the fastest in memory; equal strides keep their order."""
    return tuple(sorted(range(len(strides)), key=lambda k: -abs(strides[k])))


@remembered
def view_strides(shape: Shape, strides: Shape, target: Shape, itemsize: int) -> Shape | None:
    """The strides that read the same elements in the same order under `target`, or None where only a copy can."""
    if 0 in shape or is_contiguous(shape, strides, itemsize):
        return contiguous_strides(target, itemsize)
    old = [(n, s) for n, s in zip(shape, strides) if n != 1]
    result: list[int] = []
    k = len(target) - 1
    while old:
        extent, step = old.pop()
        run = extent  # a run of axes that lie one in the other
        inner = step
        while old and old[-1][1] == extent * step:
            extent, step = old.pop()
            run *= extent
        while k >= 0 and (run > 1 or target[k] == 1):
            if run % target[k]:
                return None
            result.append(inner)
            inner *= target[k]
            run //= target[k]
            k -= 1
        if run != 1:
            return None
    result += [itemsize] * (k + 1)
    return tuple(reversed(result))


@remembered
def coalesce(shape: Shape, *strides: Shape) -> tuple[Shape, tuple[Shape, ...]]:
    """(shape, strides of each operand) with axes in the memory order of the first operand, extents of 1 dropped and
    neighbours merged where they lie one in the other in every operand. The rank is the least that serves all."""
    kept = [k for k in memory_order(strides[0]) if shape[k] != 1]
    merged: list[list[Any]] = []
    for k in kept:
        steps = tuple(s[k] for s in strides)
        if merged and all(a == b * shape[k] for a, b in zip(merged[-1][1], steps)):
            merged[-1] = [merged[-1][0] * shape[k], steps]
        else:
            merged.append([shape[k], steps])
    return tuple(n for n, _ in merged), tuple(tuple(steps[i] for _, steps in merged) for i in range(len(strides)))


def reshape(operation: str, size: int, target: Sequence[int], shape: Shape) -> Shape:
    """`target` with its -1 filled in."""
    result = [int(n) for n in target]
    if result.count(-1) > 1 or any(n < -1 for n in result):
        raise ShapeError(f"{operation}: target {tuple(result)} for shape {shape}; use extents of at least 0 and at most "
                         "one -1")
    if -1 in result:
        known = prod(n for n in result if n != -1)
        if known == 0 or size % known:
            raise ShapeError(f"{operation}: shape {shape} has {size} elements, which {tuple(result)} cannot hold; "
                             "choose extents whose product divides it")
        result[result.index(-1)] = size // known
    if prod(result) != size:
        raise ShapeError(f"{operation}: shape {shape} has {size} elements but {tuple(result)} has {prod(result)}; "
                         "choose extents of the same product or use -1")
    return tuple(result)


def permutation(operation: str, order: Sequence[int], rank: int) -> Shape:
    """`order` as a permutation of all axes."""
    result = tuple(axis(operation, int(k), rank) for k in order)
    if len(set(result)) != rank or len(result) != rank:
        raise ShapeError(f"{operation}: order {tuple(order)} for a tensor with {rank} axes; name each axis once")
    return result


def concatenated(operation: str, shapes: Sequence[Shape], at: int) -> Shape:
    """The shape of arrays laid side by side along axis `at`."""
    first = shapes[0]
    for k, shape in enumerate(shapes):
        if len(shape) != len(first) or any(a != b for i, (a, b) in enumerate(zip(shape, first)) if i != at):
            raise ShapeError(f"{operation}: tensor {k} has shape {shape} and tensor 0 {first}; "
                             f"make all extents but that of axis {at} equal")
    return first[:at] + (sum(s[at] for s in shapes),) + first[at + 1:]


# ---- reductions ------------------------------------------------------------------------------------------------------


def without(shape: Shape, axes: Shape) -> Shape:
    """`shape` with the extents at `axes` replaced by 1."""
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


def around(shape: Shape, axis: int) -> Shape:
    """The extents (outer, of the axis, inner) of an array seen from one of its axes."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1:])


@remembered
def reduction(shape: Shape, strides: Shape, reduced: Shape) -> tuple[Shape, Shape, Shape] | None:
    """An array as (kept, reduced, kept, reduced) axes in memory order: (four extents, four strides, the kept axes in
    that order). None where kept and reduced axes take turns too often for four."""
    if 0 in shape:  # where there are no elements, strides say nothing
        strides = contiguous_strides(shape, 1)
    order = memory_order(strides)
    groups: list[list[Any]] = []
    for k in order:
        if shape[k] == 1:
            continue
        kind = k in reduced
        if groups and groups[-1][0] == kind and groups[-1][2] == strides[k] * max(shape[k], 1):
            groups[-1][1:] = [groups[-1][1] * shape[k], strides[k]]
        else:
            groups.append([kind, shape[k], strides[k]])
    extents, steps = [1] * 4, [0] * 4
    slot = -1
    for kind, extent, step in groups:
        slot += 1 + ((slot + 1) % 2 != kind)
        if slot > 3:
            return None
        extents[slot], steps[slot] = extent, step
    return tuple(extents), tuple(steps), tuple(k for k in order if k not in reduced)
