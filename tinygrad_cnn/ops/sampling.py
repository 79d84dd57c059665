"""Numbers drawn by their weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shapes
from ..devices import kernels
from .elementwise import floating
from .random import fractions


def multinomial(x: Any, count: int, replacement: bool) -> Any:
    """int64 (..., count): along the last axis, numbers of its elements, each as likely as its weight says.

    Without replacement the first `count` of an exponential race: element i arrives at -log(u) / weight (Efraimidis and
    Spirakis 2006).
    """
    floating("multinomial", x)
    weights = kernels(x.array).download(x.array).astype(np.float64)
    if weights.ndim not in (1, 2) or not weights.shape[-1]:
        raise shapes.ShapeError(f"multinomial: weights have shape {x.shape} but one or two axes and an element are needed; "
                                "reshape them")
    if not np.isfinite(weights).all() or (weights < 0).any() or (weights.sum(-1) <= 0).any():
        raise RuntimeError("multinomial: weights hold a value that is negative or not finite, or none above 0; give others")
    if count < 1 or (not replacement and count > weights.shape[-1]):
        raise RuntimeError(f"multinomial: num_samples is {count} of {weights.shape[-1]} elements but at least 1 and, without "
                           "replacement, not more than there are is needed; draw another number")
    shape = (*weights.shape[:-1], count if replacement else weights.shape[-1])
    drawn = fractions(x, shape)
    u = 1 - kernels(drawn.array).download(drawn.array)
    if replacement:
        edges = np.cumsum(weights, -1)
        found = (edges[..., None, :] < (u * edges[..., -1:])[..., None]).sum(-1)
    else:
        arrival = np.where(weights > 0, -np.log(u) / np.where(weights > 0, weights, 1), np.inf)
        found = np.argsort(arrival, -1, kind="stable")[..., :count]
    return x.result(kernels(x.array).upload(np.ascontiguousarray(found, np.int64)), None)
