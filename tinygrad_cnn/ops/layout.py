"""Where channels-last lives: the one file that knows that an array's memory order differs from its logical order.

A tensor's array always has the logical (n, channels, spatial...) shape; channels-last is only its strides. Kernels that
care see C-contiguous arrays in the order (n, spatial..., channels): `last` on the way in, `first` on the way out.
"""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..arrays import is_contiguous, strided, view
from ..devices import kernels

copies = 0
"""How many arrays `contiguous` had to copy; tests count the copies inside networks."""


def contiguous(x: Any) -> Any:
    """`x` itself if its elements lie in row-major order, else a copy that does. No array, None, stays None."""
    global copies
    if x is None or is_contiguous(x):
        return x
    copies += 1
    k = kernels(x)
    out = k.empty(x.shape, x.dtype)
    k.copy.copy(out, x)
    return out


def moved(x: Any, source: int, target: int) -> Any:
    """A view with axis `source` at place `target`."""
    return x.transpose(_moving(x.ndim, source, target))


@shapes.remembered
def _moving(rank: int, source: int, target: int) -> tuple[int, ...]:
    order = [k for k in range(rank) if k != source % rank]
    order.insert(target % rank, source % rank)
    return tuple(order)


@shapes.remembered
def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def last(x: Any) -> Any:
    """(n, c, spatial...) as the kernels see it: (n, spatial..., c), C-contiguous; free for what our kernels made."""
    return contiguous(moved(x, 1, -1))


def first(x: Any) -> Any:
    """A kernel's (n, spatial..., c) as the (n, c, spatial...) that users see."""
    return moved(x, -1, 1)


def is_channels_last(x: Any) -> bool:
    """Whether (n, c, spatial...) lies in memory as our kernels leave it: (n, spatial..., c)."""
    return x.ndim > 2 and is_contiguous(moved(x, 1, -1))


def volume(x: Any) -> Any:
    """`last(x)` with three spatial axes, the missing ones of extent 1 in front."""
    x = last(x)
    return view(x, (x.shape[0], *(1,) * (5 - x.ndim), *x.shape[1:]))


def plane(x: Any, rank: int) -> Any:
    """The inverse of `volume` for `rank` spatial axes."""
    return first(view(x, (x.shape[0], *x.shape[4 - rank:])))


def empty_volume(x: Any, size: tuple[int, ...], channels: int, dtype: Any = None) -> Any:
    """An output of a windowed kernel for `x`: (n, three spatial axes, channels)."""
    return kernels(x).empty((x.shape[0], *(1,) * (3 - len(size)), *size, channels), x.dtype if dtype is None else dtype)


def empty_as(x: Any, shape: tuple[int, ...], dtype: Any = None) -> Any:
    """A dense array of `shape` in the memory order of `x`, which has as many axes."""
    order = shapes.memory_order(x.strides)
    out = kernels(x).empty(tuple(shape[k] for k in order), x.dtype if dtype is None else dtype)
    return out.transpose(_inverse(order))


def empty_like(x: Any, dtype: Any = None) -> Any:
    """A dense array of the shape and the memory order of `x`."""
    if is_contiguous(x):  # the usual case, at once
        return kernels(x).empty(x.shape, x.dtype if dtype is None else dtype)
    return empty_as(x, x.shape, dtype)


def copied(x: Any) -> Any:
    """The same elements in memory of their own, in the same order."""
    out = empty_like(x)
    kernels(x).copy.copy(out, x)
    return out


def stretch(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` broadcast to `shape`: a view whose stretched axes have stride 0."""
    if x.shape == shape:
        return x
    lead = len(shape) - x.ndim
    steps = (0,) * lead + tuple(0 if n == 1 else s for n, s in zip(x.shape, x.strides))
    return strided(x, shape, steps)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` under another shape, row-major: a view where one exists, else a copy."""
    found = view(x, shape)
    return view(contiguous(x), shape) if found is None else found
