"""Parameters as the flat arrays that the update kernels take."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..arrays import is_contiguous, view
from ..ops import layout
from ..tensor import Tensor, around


def zeros(p: Tensor) -> Tensor:
    """State for `p`: zeros in its shape, dtype, device and memory order."""
    return around(layout.empty_like(p.array)).zero_()


def flat(p: Any, *others: Any) -> list[Any]:
    """`p` and arrays of its shape as rows of elements in the memory order of `p`.

    Only `p` and what has its layout are views; a gradient of another layout is copied. Raises if `p` has gaps, or if
    the others are of another dtype.
    """
    arrays = (p, *others)
    if all(is_contiguous(x) and x.dtype == p.dtype for x in arrays):  # the usual case, at once
        return [view(x, (p.size,)) for x in arrays]
    order = shapes.memory_order(p.strides)
    if not is_contiguous(p.transpose(order)):
        raise ValueError(f"optimizer: a parameter of shape {p.shape} has strides {p.strides}, so its elements do not "
                         "lie side by side; give a copy of it")
    for x in others:
        if x.dtype != p.dtype:
            raise TypeError(f"optimizer: a parameter is {p.dtype.name} but its gradient or state {x.dtype.name}; "
                            "convert the network before the optimizer is made")
    return [view(layout.contiguous(x.transpose(order)), (p.size,)) for x in arrays]
