"""Which loops a kernel on arrays of any layout runs: the axes of an element-wise operation, their order in a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import arrays, shapes

LETTERS = "abcdefghijklmnopqrstuvwxyz"
Axes = tuple[str | None, ...]


def nest(out: Any, *operands: Any) -> tuple[Axes, list[Any]]:
    """The axes of `out` and of every operand as letters, and the arrays viewed with just these axes.

    Axes are in the memory order of `out`, and as few as serve all: the sum of two arrays of one layout is
    "a" = "a" + "a", a bias along the channels "ab" = "ab" + "b", a gate per image and channel "abc" = "abc" * "ac".
    An operand of one element has no axes, "". A number has None, with its value in place of a view.
    """
    parts, shape = (out, *operands), out.shape
    rows = [type(x) is np.ndarray and x.flags.c_contiguous and x.shape == shape for x in parts]
    if all(row or not is_array(x) for row, x in zip(rows, parts)):               # the usual case, at once
        return tuple(["a" if row else None for row in rows]), [x.reshape(-1) if row else x for row, x in zip(rows, parts)]
    given = [x for x in parts if is_array(x)]
    shape, strides = shapes.coalesce(shape, *(x.strides for x in given))
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
    extents, steps = tuple(shape[k] for k in kept) or (1,), tuple(strides[k] for k in kept) or (x.itemsize,)
    return axes, arrays.strided(x, extents, steps)


def element(name: str, axes: str | None) -> str:
    """How a kernel spells its element: x[a, b], x[0] for an array of one, or the number x itself."""
    return name if axes is None else f"{name}[{', '.join(axes) or 0}]"


def arithmetic(out: Any, *operands: Any) -> np.dtype[Any]:
    """The dtype a formula computes in: that of its operands, conditions and numbers aside."""
    return next((x.dtype for x in operands if is_array(x) and x.dtype != shapes.BOOL), out.dtype)


def number(value: Any, dtype: np.dtype[Any]) -> Any:
    """A number as the kernels' scalar: of a floating dtype just this one, so that it does not widen the arithmetic."""
    return dtype.type(value) if dtype.kind == "f" else value if type(value) is bool else np.int64(value)


def crossing(out: Any, x: Any) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(shape, strides of out, strides of x) for copying x to out: last the axis fastest in out, before it that of the
    others which is fastest in x; at least four axes."""
    shape, strides = shapes.coalesce(out.shape, out.strides, x.strides)
    lead = max(0, 4 - len(shape))
    shape, (to, source) = (1,) * lead + shape, [(0,) * lead + step for step in strides]
    last = len(shape) - 1
    across = min(range(last), key=lambda k: (shape[k] == 1, abs(source[k])))
    order = [k for k in range(last) if k != across] + [across, last]
    return tuple(shape[k] for k in order), tuple(to[k] for k in order), tuple(source[k] for k in order)


def flat(a: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[Any, int, tuple[int, ...]]:
    """The memory from the lowest element of `a` to its highest, the place of the first element in it, and its steps."""
    lowest = arrays.strided(a, shape, strides)[tuple(slice(None, None, -1 if step < 0 else 1) for step in strides)]
    spans = [(n - 1) * step // a.itemsize for n, step in zip(shape, strides)]
    memory = arrays.strided(lowest, (1 + sum(map(abs, spans)),), (a.itemsize,))
    return memory, -sum(span for span in spans if span < 0), tuple(step // a.itemsize for step in strides)
