"""Orders of elements in memory, by PyTorch's names: what programs ask for, though every operation here finds its own."""

from __future__ import annotations

from typing import Any

from .arrays import is_contiguous
from .shapes import ShapeError


class memory_format:
    """An order of the elements in memory."""

    def __init__(self, name: str, rank: int | None = None) -> None:
        self.name, self.rank = name, rank

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last", 4), memory_format("channels_last_3d", 5)


class layout:
    """How a tensor keeps its elements: each of them, with strides."""

    def __repr__(self) -> str:
        return "strided"


strided = layout()


def is_in(array: Any, form: memory_format) -> bool:
    """Whether the elements lie in that order."""
    if form.rank is None:
        return is_contiguous(array)
    return array.ndim == form.rank and is_contiguous(array.transpose((0, *range(2, form.rank), 1)))


def arranged(operation: str, x: Any, form: memory_format) -> Any:
    """`x` in that order: the tensor itself where its elements lie so."""
    if not isinstance(form, memory_format):
        raise TypeError(f"{operation}: memory_format is {form!r}; use contiguous_format, channels_last or preserve_format")
    if form is preserve_format or is_in(x.array, form):
        return x
    if form.rank is None:
        return x.contiguous()
    if x.ndim != form.rank:
        raise ShapeError(f"{operation}: memory_format {form} needs {form.rank} axes but shape {x.shape} has {x.ndim}; use "
                         "contiguous_format")
    return x.permute(0, *range(2, form.rank), 1).contiguous().movedim(-1, 1)
