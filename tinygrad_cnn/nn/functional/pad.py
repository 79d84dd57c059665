"""Padding."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops import pad as _pad
from ...tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """`value` around the input: `pad` is (before, after) of the last axis, then of the one before it, and so on.

    Negative amounts crop. Other modes than "constant" are not supported and raise.
    """
    if mode != "constant":
        raise NotImplementedError(f"pad: mode is {mode!r} but only 'constant' is supported; leave it out")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(f"pad: pad has {len(pad)} amounts for an input of shape {input.shape}; give two an axis, "
                         "the last first")
    pairs = [(int(before), int(after)) for before, after in zip(pad[::2], pad[1::2])]
    return _pad.Pad(((0, 0),) * (input.ndim - len(pairs)) + tuple(reversed(pairs)), value)(input)
