"""Checks that several functions share, and the kinds of their arguments."""

from __future__ import annotations

from collections.abc import Sequence

from ...shapes import KindError, ShapeError
from ...tensor import Tensor

Size = int | Sequence[int]
Padding = Size | str


def axes(operation: str, name: str, tensor: Tensor, rank: int) -> None:
    if tensor.ndim != rank:
        raise ShapeError(f"{operation}: {name} has shape {tensor.shape} but {rank} axes are needed, {rank - 2} of them "
                         "spatial; reshape it")


def one_dtype(operation: str, input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.dtype != input.dtype:
            raise KindError(f"{operation}: input is {input.dtype.name} but {name} {tensor.dtype.name}; "
                            f"convert the input with .to({tensor.dtype.name}) or the module")


def check_probability(name: str, p: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p is {p} but must be a probability; use 0 to 1")


def batched(operation: str, input: Tensor, rank: int) -> tuple[Tensor, bool]:
    """(input (n, c, ...) with `rank` spatial axes, whether it came as a single sample (c, ...))."""
    if input.ndim == rank + 1:
        return input.unsqueeze(0), True
    if input.ndim != rank + 2:
        raise ShapeError(f"{operation}: input has shape {input.shape} but {rank + 2} axes are needed, {rank} of them spatial, "
                         f"or {rank + 1} of a single sample; reshape it")
    return input, False
