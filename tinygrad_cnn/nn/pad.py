"""Padding of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..shapes import ShapeError
from ..tensor import Tensor
from . import functional as F
from .module import Module

Size = int | Sequence[int]


class _Padding(Module):
    """One amount for all sides, or (before, after) of the last axis, then of the one before it."""

    rank: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Size) -> None:
        super().__init__()
        found = (padding,) * (2 * self.rank) if isinstance(padding, int) else tuple(padding)
        if len(found) != 2 * self.rank:
            raise ShapeError(f"{type(self).__name__}: padding is {padding!r} but one int or {2 * self.rank} are needed; give "
                             "two for each axis")
        self.padding = found

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadding(_Padding):
    mode = "constant"

    def __init__(self, padding: Size, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPadding(_Padding):
    mode = "reflect"


class _ReplicationPadding(_Padding):
    mode = "replicate"


class _CircularPadding(_Padding):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.rank + 1, self.rank + 2):
            raise ShapeError(f"{type(self).__name__}: input has shape {input.shape} but {self.rank + 2} axes are needed, or "
                             f"{self.rank + 1} of a single sample; reshape it")
        return super().forward(input)


class ConstantPad1d(_ConstantPadding):
    """`value` around sequences, x (n, c, w) or (c, w)."""

    rank = 1


class ConstantPad2d(_ConstantPadding):
    """`value` around images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class ConstantPad3d(_ConstantPadding):
    """`value` around volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3


class _Zeros(_ConstantPadding):
    def __init__(self, padding: Size) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_Zeros, ConstantPad1d):
    """Zeros around sequences, x (n, c, w) or (c, w)."""


class ZeroPad2d(_Zeros, ConstantPad2d):
    """Zeros around images, x (n, c, h, w) or (c, h, w)."""


class ZeroPad3d(_Zeros, ConstantPad3d):
    """Zeros around volumes, x (n, c, d, h, w) or (c, d, h, w)."""


class ReflectionPad1d(_ReflectionPadding):
    """The inside mirrored about the outermost elements of sequences, x (n, c, w) or (c, w)."""

    rank = 1


class ReflectionPad2d(_ReflectionPadding):
    """The inside mirrored about the outermost elements of images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class ReflectionPad3d(_ReflectionPadding):
    """The inside mirrored about the outermost elements of volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3


class ReplicationPad1d(_ReplicationPadding):
    """The outermost elements repeated around sequences, x (n, c, w) or (c, w)."""

    rank = 1


class ReplicationPad2d(_ReplicationPadding):
    """The outermost elements repeated around images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class ReplicationPad3d(_ReplicationPadding):
    """The outermost elements repeated around volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3


class CircularPad1d(_CircularPadding):
    """The other end around sequences, x (n, c, w) or (c, w)."""

    rank = 1


class CircularPad2d(_CircularPadding):
    """The other end around images, x (n, c, h, w) or (c, h, w)."""

    rank = 2


class CircularPad3d(_CircularPadding):
    """The other end around volumes, x (n, c, d, h, w) or (c, d, h, w)."""

    rank = 3
