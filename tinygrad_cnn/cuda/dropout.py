"""Dropout without a stored mask: the random numbers are made again in the backward pass. CPU twin: cpu/dropout.py."""

import numpy as np

from .driver import cuda, device, kernel, launch, uint64
from .random import philox, unit


def dropout(out, x, p, seed, offset):
    """out[i] = x[i] * (u >= p) / (1 - p), u = (philox(seed, offset + i // 4)[i % 4] >> 8) / 2**24."""
    scale = x.dtype.type(1 / (1 - p) if p < 1 else 0)
    launch(_dropout, -(-x.size // 4), out, x, np.float32(p), scale, np.uint64(seed), np.uint64(offset))


@kernel
def _dropout(out, x, p, scale, seed, offset):
    k = cuda.grid(1)
    if 4 * k < x.size:
        a, b, c, d = philox(seed, offset + uint64(k))
        out[4 * k] = x[4 * k] * _kept(a, p, scale)
        if 4 * k + 1 < x.size:
            out[4 * k + 1] = x[4 * k + 1] * _kept(b, p, scale)
        if 4 * k + 2 < x.size:
            out[4 * k + 2] = x[4 * k + 2] * _kept(c, p, scale)
        if 4 * k + 3 < x.size:
            out[4 * k + 3] = x[4 * k + 3] * _kept(d, p, scale)


@device
def _kept(bits, p, scale):
    """What an element is multiplied by: `scale`, or 0 with probability p."""
    return scale if unit(bits) >= p else scale - scale
