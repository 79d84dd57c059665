"""Padding."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops import pad as _pad
from ...shapes import BOOL, ShapeError
from ...tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`pad` is (before, after) of the last axis, then of the one before it, and so on; negative amounts crop.

    Modes: "constant" puts `value` (None: 0) around; "reflect" mirrors about the outermost element, "replicate" repeats
    it, "circular" goes on at the other end. These take 2 amounts for (n, c, w), 4 for (n, c, h, w), 6 for
    (n, c, d, h, w), each also without n, and raise where an extent is too small.
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(f"pad: pad has {len(pad)} amounts for an input of shape {input.shape}; give two an axis, "
                         "the last first")
    pairs = tuple(reversed([(int(before), int(after)) for before, after in zip(pad[::2], pad[1::2])]))
    if mode == "constant":
        return _pad.Pad(((0, 0),) * (input.ndim - len(pairs)) + pairs, 0.0 if value is None else value)(input)
    _check_mode(input, pairs, mode, value)
    if input.ndim == len(pairs) + 1:
        return _pad.pad_inside(input.unsqueeze(0), pairs, mode)[0]
    return _pad.pad_inside(input, pairs, mode)


def _check_mode(input: Tensor, pairs: tuple[tuple[int, int], ...], mode: str, value: float | None) -> None:
    if mode not in _pad.TABLES:
        raise NotImplementedError(f"pad: mode is {mode!r}, which does not exist; use 'constant', 'reflect', 'replicate' or "
                                  "'circular'")
    if value:
        raise ShapeError(f"pad: value is {value} but mode {mode!r} takes none; leave it out")
    if not 1 <= len(pairs) <= 3 or input.ndim - len(pairs) not in (1, 2):
        raise NotImplementedError(f"pad: {2 * len(pairs)} amounts for an input of shape {input.shape} in mode {mode!r} are "
                                  "not supported; give two for each axis behind (n, c), or behind (c,)")
    if input.dtype == BOOL and mode != "circular":
        raise NotImplementedError(f"pad: dtype bool in mode {mode!r} is not supported; use x.float()")
