"""The loop nest of an element-wise kernel: the axes it runs over, and which of them each operand has."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import arrays, shapes

LETTERS = "abcdefghijklmnopqrstuvwxyz"
Axes = tuple[str | None, ...]


def nest(out: Any, *operands: Any) -> tuple[Axes, list[Any]]:
    """The axes of `out` and of every operand as letters, and the arrays viewed with just these axes.

    Axes are in the memory order of `out`, and as few as serve all: the sum of two arrays of one layout is "a" = "a" + "a",
    a bias along the channels "ab" = "ab" + "b", a gate for every image and channel "abc" = "abc" * "ac". An operand of one
    element has no axes, "". A number has None, with its value in place of a view.
    """
    parts = (out, *operands)
    if all(type(x) is np.ndarray and x.flags.c_contiguous and x.shape == out.shape for x in parts):
        return ("a",) * len(parts), [x.reshape(-1) for x in parts]               # the usual case, at once
    given = [x for x in parts if is_array(x)]
    shape, strides = shapes.coalesce(out.shape, *(x.strides for x in given))
    if not shape:                                                                # one element in all
        shape, strides = (1,), tuple((x.itemsize,) for x in given)
    seen = iter([_view(x, shape, steps) for x, steps in zip(given, strides)])
    both = [next(seen) if is_array(x) else (None, x) for x in parts]
    return tuple(axes for axes, _ in both), [view for _, view in both]


def is_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, arrays.Array))


def _view(x: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[str, Any]:
    kept = [k for k, step in enumerate(strides) if step]
    axes = "".join(LETTERS[k] for k in kept)
    return axes, arrays.strided(x, tuple(shape[k] for k in kept) or (1,), tuple(strides[k] for k in kept) or (x.itemsize,))


def element(name: str, axes: str | None) -> str:
    """How a kernel spells its element: x[a, b], x[0] for an array of one, or the number x itself."""
    return name if axes is None else f"{name}[{', '.join(axes) or 0}]"


def arithmetic(out: Any, *operands: Any) -> np.dtype[Any]:
    """The dtype a formula computes in: that of its operands, conditions and numbers aside."""
    return next((x.dtype for x in operands if is_array(x) and x.dtype != bool), out.dtype)
