"""Dropout without a stored mask: the random numbers are made again in the backward pass. CUDA twin: cuda/dropout.py."""

import numpy as np
from numba import uint64
from numba.extending import register_jitable

from .jit import jit
from .launch import launch, parts_for
from .random import philox, unit


def dropout(out, x, p, seed, offset):
    """out[i] = x[i] * (u >= p) / (1 - p), u = (philox(seed, offset + i // 4)[i % 4] >> 8) / 2**24."""
    scale = x.dtype.type(1 / (1 - p) if p < 1 else 0)
    launch(_dropout, parts_for(4 * x.size), out, x, np.float32(p), scale, np.uint64(seed), np.uint64(offset))


@jit
def _dropout(part, parts, out, x, p, scale, seed, offset):
    whole = x.size // 4
    for k in range(uint64(part * whole // parts), uint64((part + 1) * whole // parts)):
        i, (a, b, c, d) = uint64(4) * k, philox(seed, offset + k)
        out[i] = x[i] * _kept(a, p, scale)
        out[i + uint64(1)] = x[i + uint64(1)] * _kept(b, p, scale)
        out[i + uint64(2)] = x[i + uint64(2)] * _kept(c, p, scale)
        out[i + uint64(3)] = x[i + uint64(3)] * _kept(d, p, scale)
    if part == parts - 1:                                  # the last one to three elements
        last = philox(seed, offset + uint64(whole))
        for i in range(4 * whole, x.size):
            out[i] = x[i] * _kept(last[i - 4 * whole], p, scale)


@register_jitable
def _kept(bits, p, scale):
    """What an element is multiplied by: `scale`, or 0 with probability p."""
    return scale if unit(bits) >= p else scale - scale
