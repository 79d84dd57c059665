"""Interpolation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import floor

from ...ops import adaptive as _adaptive
from ...ops import interpolate as _interpolate
from ...shapes import FLOATS, UINT8, Shape, ShapeError
from ...tensor import Tensor

MODES = {"nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "linear": (1,), "bilinear": (2,),
         "bicubic": (2,), "trilinear": (3,)}
BYTES = ("nearest", "nearest-exact", "bilinear", "bicubic")
"""Modes that take uint8 images too."""

Factors = tuple[float | None, ...]


def interpolate(input: Tensor, size: int | Sequence[int] | None = None,
                scale_factor: float | Sequence[float] | None = None, mode: str = "nearest",
                align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
                antialias: bool = False) -> Tensor:
    """input (n, c, ...) resampled to the spatial `size`, or to floor(extent * scale_factor) along each axis.

    Modes: "nearest", "nearest-exact" and "area" (1 to 3 spatial axes), "linear" (1), "bilinear" and "bicubic" (2),
    "trilinear" (3). With `align_corners` the centers of the outermost elements stay where they are, else their outer
    edges. `recompute_scale_factor` takes the scale from the rounded size. `antialias` ("bilinear" and "bicubic") widens
    the kernel where the image shrinks. uint8 images, of "nearest", "nearest-exact", "bilinear" and "bicubic", are rounded
    after each axis, from the last to the first, with weights of 15 bits. Raises where arguments contradict each other, or
    the mode another rank.
    """
    rank = input.ndim - 2
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(f"interpolate: align_corners is {align_corners} but mode {mode!r} has no corners; leave it out")
    wanted, factors = _size(input.shape[2:], size, scale_factor, bool(recompute_scale_factor))
    if mode not in MODES or rank not in MODES[mode]:
        raise NotImplementedError(f"interpolate: mode {mode!r} for an input of shape {input.shape} is not supported; use "
                                  f"one of {', '.join(m for m, ranks in MODES.items() if rank in ranks) or 'none'}")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(f"interpolate: antialias is True with mode {mode!r} but needs bilinear or bicubic; leave it out")
    if input.dtype not in FLOATS and (input.dtype != UINT8 or mode not in BYTES):
        raise NotImplementedError(f"interpolate: dtype {input.dtype.name} with mode {mode!r} is not supported; use "
                                  "x.float()")
    if 0 in input.shape[1:] or min(wanted) < 1:
        raise ShapeError(f"interpolate: input {input.shape} to size {wanted} has an extent below 1 besides the batch; "
                         "give channels and larger sizes")
    if mode == "area":
        return _adaptive.average_pool(input, wanted)
    return _interpolate.interpolate(input, wanted, factors, mode, bool(align_corners), antialias)


def upsample(input: Tensor, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None,
             mode: str = "nearest", align_corners: bool | None = None) -> Tensor:
    """`interpolate` by its old name, with a warning."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: int | Sequence[int] | None = None,
                     scale_factor: float | Sequence[float] | None = None) -> Tensor:
    """`interpolate` with mode "nearest" by its old name, with a warning."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor)


def upsample_bilinear(input: Tensor, size: int | Sequence[int] | None = None,
                      scale_factor: float | Sequence[float] | None = None) -> Tensor:
    """`interpolate` with mode "bilinear" and aligned corners by its old name, with a warning."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", True)


def _deprecated(name: str) -> None:
    warnings.warn(f"{name}: nn.functional.{name} is deprecated; use nn.functional.interpolate", stacklevel=4)


def _size(extents: Shape, size: int | Sequence[int] | None, scale_factor: float | Sequence[float] | None,
          recompute: bool) -> tuple[Shape, Factors]:
    """(the extents wanted, the factor between results and elements, None where the extents give it)."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: size is {size} and scale_factor {scale_factor} but one of them is needed; give "
                         "either")
    if size is not None:
        if recompute:
            raise ValueError(f"interpolate: recompute_scale_factor is True with size {size}; give a scale_factor or leave "
                             "it out")
        wanted = _each("size", size, len(extents))
        if any(isinstance(n, bool) or int(n) != n or isinstance(n, float) for n in wanted):
            raise TypeError(f"interpolate: size is {size!r} but integers are needed; round it")
        return tuple(int(n) for n in wanted), (None,) * len(extents)
    assert scale_factor is not None
    factors = tuple(float(f) for f in _each("scale_factor", scale_factor, len(extents)))
    sizes = tuple(floor(n * f) for n, f in zip(extents, factors))
    return sizes, (None,) * len(extents) if recompute else factors


def _each(name: str, value: float | Sequence[float], rank: int) -> tuple[float, ...]:
    """`value` for each of `rank` axes."""
    found = (value,) * rank if isinstance(value, (int, float)) else tuple(value)
    if len(found) != rank:
        raise ShapeError(f"interpolate: {name} is {value!r} for {rank} spatial axes; give one number or {rank}")
    return found
