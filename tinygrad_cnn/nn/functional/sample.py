"""Images and volumes read at computed places (Jaderberg et al., "Spatial transformer networks", arXiv 1506.02025): picked
elements times weights, so that image and places are both differentiated."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from math import nan, prod
from typing import Any, NamedTuple

from ...creation import arange, linspace, ones, zeros
from ...functions import meshgrid, stack, where
from ...ops.elementwise import floating
from ...shapes import BOOL, FLOATS, KindError, ShapeError
from ...tensor import Tensor
from .activation import hardtanh

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")
FAR = 1e9
"""A coordinate outside of any input."""


class Tap(NamedTuple):
    """What is read along an axis for each place of the grid."""

    place: Tensor  # int64, within the input
    inside: Tensor | None  # where the place is none of the padding's zeros; None: everywhere
    weight: Tensor | None  # None is 1


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid for `grid_sample` that maps each element of a result of `size` (n, c, h, w) by a matrix theta (n, 2, 3):
    (n, h, w, 2), coordinates x, y from -1 to 1; of volumes (n, c, d, h, w) by (n, 3, 4): (n, d, h, w, 3).

    With `align_corners` -1 and 1 are the centers of the outermost elements, else their outer edges.
    """
    align_corners = _corners("affine_grid", align_corners)
    rank = len(size) - 2
    if theta.dtype not in FLOATS:
        raise ValueError(f"affine_grid: theta has dtype {theta.dtype.name} but float32 or float64 is needed; use theta.float()")
    if rank not in (2, 3):
        raise NotImplementedError(f"affine_grid: size is {tuple(size)} but (n, c, h, w) or (n, c, d, h, w) is needed; give it")
    if theta.shape != (size[0], rank, rank + 1) or min(size) < 1:
        raise ShapeError(f"affine_grid: theta has shape {theta.shape} for size {tuple(size)}; give ({size[0]}, {rank}, "
                         f"{rank + 1}) and extents of at least 1")
    lines = [_line(n, align_corners, theta) for n in size[2:]]
    points = stack([*reversed(meshgrid(*lines)), ones(*size[2:], dtype=theta.dtype, device=theta.device)], -1)
    return (points.reshape(1, -1, rank + 1) @ theta.transpose(1, 2)).reshape(size[0], *size[2:], rank)


def _line(n: int, align_corners: bool, like: Tensor) -> Tensor:
    """The coordinates of the centers of n elements between -1 and 1."""
    if n == 1:
        return zeros(1, dtype=like.dtype, device=like.device)
    line = linspace(-1, 1, n, dtype=like.dtype, device=like.device)
    return line if align_corners else line * ((n - 1) / n)


def grid_sample(input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
                align_corners: bool | None = None) -> Tensor:
    """input (n, c, h, w) at the places grid (n, i, j, 2), coordinates x, y from -1 to 1: (n, c, i, j); or volumes
    (n, c, d, h, w) at grid (n, k, i, j, 3).

    `mode` "bilinear" weighs the elements around a place, "nearest" takes the nearest, "bicubic" (images only) weighs 4
    along each axis (Keys 1981, a = -0.75). Outside of the input, `padding_mode` "zeros" finds 0, "border" the outermost
    elements, "reflection" the input mirrored. With `align_corners` -1 and 1 are the centers of the outermost elements,
    else their outer edges. NaN, and under "reflection" an infinity, counts as -1 in images and 1 in volumes; under "zeros" it
    lies outside. Of images, "bicubic" and "bilinear" with "zeros" find NaN where a coordinate is not finite.
    """
    align_corners = _corners("grid_sample", align_corners)
    _check(input, grid, mode, padding_mode)
    size, wanted = input.shape[2:], grid.shape[1:-1]
    points: Any = grid.reshape(grid.shape[0], prod(wanted), len(size))
    unknown = len(size) == 2 and (mode == "bicubic" or (mode == "bilinear" and padding_mode == "zeros"))
    grid = points.nan_to_num(*((0.0, 0.0, 0.0) if unknown else _stand_ins(padding_mode, len(size))))
    axes = [_taps(grid[..., -1 - k], n, mode, padding_mode, align_corners) for k, n in enumerate(size)]
    rows = input.reshape(*input.shape[:2], prod(size)).transpose(1, 2).reshape(-1, input.shape[1])
    found: Any = sum(_read(rows, size, taps) for taps in product(*axes))
    if unknown:
        found = where(points.isfinite().all(-1, keepdim=True), found, nan)
    if mode == "nearest" and grid.requires_grad:  # steps, whose slope is 0
        found = where(ones(1, dtype=BOOL, device=grid.device), found, grid.sum())
    return found.transpose(1, 2).reshape(*input.shape[:2], *wanted)


def _stand_ins(padding: str, rank: int) -> tuple[float, float, float]:
    """What is read for the coordinates NaN, infinity and its negative."""
    edge = -1.0 if rank == 2 else 1.0
    return {"zeros": (FAR, FAR, -FAR), "border": (edge, FAR, -FAR), "reflection": (edge, edge, edge)}[padding]


def _corners(name: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(f"{name}: align_corners is not given and taken for False; say which", stacklevel=4)
    return bool(align_corners)


def _check(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    if mode not in MODES or padding_mode not in PADDINGS:
        raise ValueError(f"grid_sample: mode is {mode!r} and padding_mode {padding_mode!r}; use one of {', '.join(MODES)} and "
                         f"one of {', '.join(PADDINGS)}")
    floating("grid_sample", input)
    if grid.dtype != input.dtype:
        raise KindError(f"grid_sample: input is {input.dtype.name} but grid {grid.dtype.name}; convert one of them")
    rank = input.ndim - 2
    if rank not in (2, 3) or grid.ndim != input.ndim or grid.shape[0] != input.shape[0] or grid.shape[-1] != rank:
        raise ShapeError(f"grid_sample: input has shape {input.shape} and grid {grid.shape}; give (n, c, h, w) and "
                         "(n, i, j, 2), or (n, c, d, h, w) and (n, k, i, j, 3)")
    if mode == "bicubic" and rank == 3:
        raise ShapeError(f"grid_sample: mode is 'bicubic' for an input of shape {input.shape}; use 'bilinear' for volumes")
    if 0 in input.shape[2:]:
        raise ShapeError(f"grid_sample: input has shape {input.shape} but there is nothing to read; give extents of at least 1")


def _taps(x: Tensor, n: int, mode: str, padding: str, align_corners: bool) -> list[Tap]:
    """What is read along an axis of n elements at coordinates from -1 to 1."""
    at: Any = (x + 1) * ((n - 1) / 2) if align_corners else ((x + 1) * n - 1) / 2
    if mode != "bicubic":
        return [_tap(place, n, padding, weight) for place, weight in _around(_padded(at, n, padding, align_corners), mode)]
    if padding != "reflection":
        at = hardtanh(at, -4, n + 3)  # further out all are alike
    return [_tap(_padded(place, n, padding, align_corners), n, padding, weight) for place, weight in _cubic(at)]


def _padded(at: Any, n: int, padding: str, align_corners: bool) -> Any:
    """The places brought into the input; where zeros lie around it, near it."""
    if padding == "zeros":
        return hardtanh(at, -4, n + 3)
    if padding == "reflection":
        at = _reflected(at, 0, n - 1) if align_corners else _reflected(at, -0.5, n)
    return hardtanh(at, 0, n - 1) if n > 1 else 0 * at


def _reflected(at: Any, low: float, span: float) -> Any:
    """The places mirrored at `low` and low + span until they lie between."""
    if not span:
        return 0 * at
    away = (at - low) * where(at < low, -1.0, 1.0).to(at.dtype)
    extra = away.fmod(span)
    odd = (away.detach() / span).floor() % 2 == 1
    return where(odd, span - extra, extra) + low


def _around(at: Any, mode: str) -> list[tuple[Any, Any]]:
    """(place, weight) of the nearest element, or of those on either side."""
    if mode == "nearest":
        return [(at.round(), None)]
    low = at.detach().floor()
    share = at - low
    return [(low, 1 - share), (low + 1, share)]


def _cubic(at: Any) -> list[tuple[Any, Any]]:
    """(place, weight) of two elements on either side."""
    low, a = at.detach().floor(), -0.75
    share = at - low

    def near(t: Any) -> Any:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: Any) -> Any:
        return ((t - 5) * t + 8) * t * a - 4 * a

    return [(low - 1, far(share + 1)), (low, near(share)), (low + 1, near(1 - share)), (low + 2, far(2 - share))]


def _tap(place: Any, n: int, padding: str, weight: Any) -> Tap:
    inside = (place >= 0) & (place <= n - 1) if padding == "zeros" else None
    return Tap(place.detach().long().clamp(0, n - 1), inside, weight)


def _read(rows: Tensor, size: Sequence[int], taps: Sequence[Tap]) -> Tensor:
    """The rows (n h w, c) at one tap of each axis, times their weights: (n, places, c)."""
    first: Any = arange(taps[0].place.shape[0], device=rows.device).unsqueeze(1)
    for n, tap in zip(size, taps):
        first = first * n + tap.place
    found: Any = rows.index_select(0, first.reshape(-1)).reshape(*first.shape, rows.shape[1])
    for tap in taps:
        found = found if tap.inside is None else where(tap.inside.unsqueeze(-1), found, 0.0)
        found = found if tap.weight is None else found * tap.weight.unsqueeze(-1)
    return found
