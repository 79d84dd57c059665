"""Products of vectors, matrices and batches of them, as compositions of matmul."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import shapes
from .arithmetic import same_dtype
from .elementwise import apply, cast
from .matmul import matmul
from .reduce import Sum
from .shape import Permute, reshape


def axes(operation: str, name: str, x: Any, count: int) -> None:
    """Refuse a tensor that has not `count` axes."""
    if x.array.ndim != count:
        raise shapes.ShapeError(f"{operation}: {name} has shape {x.array.shape} but {count} axes are needed; reshape it")


def product(operation: str, a: Any, b: Any, left: int, right: int) -> Any:
    """a @ b for operands with so many axes."""
    axes(operation, "the first operand", a, left)
    axes(operation, "the second operand", b, right)
    same_dtype(operation, a, b)
    if left == 3 and a.array.shape[0] != b.array.shape[0]:
        raise shapes.ShapeError(f"{operation}: batches are {a.array.shape[0]} and {b.array.shape[0]} but one size is needed; "
                                "make them equal")
    return matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    """a[i] * b[j]."""
    axes("outer", "the first operand", a, 1)
    axes("outer", "the second operand", b, 1)
    return reshape(a, (*a.array.shape, 1)) * b


def inner(a: Any, b: Any) -> Any:
    """The sums of products over the last axis of both."""
    if not a.array.ndim or not b.array.ndim:
        return a * b
    same_dtype("inner", a, b)
    shapes.same("inner", "the last extent of the second operand", b.array.shape[-1], a.array.shape[-1], "make them equal")
    return tensordot(a, b, ([-1], [-1]))


def added(operation: str, x: Any, found: Any, beta: Any, alpha: Any) -> Any:
    """beta * x + alpha * found; with beta 0 what is in `x` does not count, NaN neither."""
    same_dtype(operation, found, x)
    shapes.same(operation, "the shape of input and product together",
                shapes.broadcast(operation, x.array.shape, found.array.shape), found.array.shape, "give an input that fits")
    if found.array.dtype not in shapes.FLOATS:
        beta, alpha = int(beta), int(alpha)
    found = found if alpha == 1 else apply("mul", found, alpha)
    if beta == 0:
        return found
    return found + (x if beta == 1 else apply("mul", x, beta))


def tensordot(a: Any, b: Any, dims: Any) -> Any:
    """The sum of products over pairs of axes: the last `dims` of `a` and first of `b`, or two lists of axes."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.array.ndim, b.array.ndim):
            raise shapes.ShapeError(f"tensordot: dims is {dims} for shapes {a.array.shape} and {b.array.shape} but 0 to "
                                    f"{min(a.array.ndim, b.array.ndim)} is needed; take fewer axes")
        dims = range(a.array.ndim - dims, a.array.ndim), range(dims)
    one, two = ([shapes.axis("tensordot", int(k), t.array.ndim) for k in ((d,) if isinstance(d, int) else d)]
                for t, d in zip((a, b), dims))
    a, b = _paired(a, b, one, two), _paired(b, a, two, one)
    extents = [a.array.shape[k] for k in one], [b.array.shape[k] for k in two]
    shapes.same("tensordot", "the extents of the second operand's axes", extents[1], extents[0], "pair axes of one extent")
    rest = [k for k in range(a.array.ndim) if k not in one], [k for k in range(b.array.ndim) if k not in two]
    size = prod(extents[0])
    kept = tuple(a.array.shape[k] for k in rest[0]), tuple(b.array.shape[k] for k in rest[1])
    left = reshape(Permute((*rest[0], *one))(a), (prod(kept[0]), size))
    right = reshape(Permute((*two, *rest[1]))(b), (size, prod(kept[1])))
    return reshape(matmul(left, right), kept[0] + kept[1])


def _paired(x: Any, other: Any, own: list[int], others: list[int]) -> Any:
    """`x` summed over its axes whose partners have an extent of 1."""
    alone = tuple(k for k, o in zip(own, others) if other.array.shape[o] == 1 and x.array.shape[k] != 1)
    return reshape(cast(Sum(alone)(x), x.array.dtype), shapes.without(x.array.shape, alone)) if alone else x
