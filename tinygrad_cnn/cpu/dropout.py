"""Dropout without a stored mask: the random numbers are made again in the backward pass. CUDA twin: cuda/dropout.py."""

import numpy as np
from numba import uintp
from numba.extending import register_jitable

from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .random import BLOCK, draw, unit


def dropout(out, x, p, seed, offset):
    """out[i] = x[i] * (u >= p) / (1 - p), u = (philox(seed, offset + i // 4)[i % 4] >> 8) / 2**24."""
    scale = x.dtype.type(1 / (1 - p) if p < 1 else 0)
    parts = parts_for(2 * x.size)
    launch(_dropout, parts, out, x, empty((parts, BLOCK), np.uint32), np.float32(p), scale, np.uint64(seed),
           np.uint64(offset))


@jit
def _dropout(part, parts, out, x, bits, p, scale, seed, offset):
    blocks = (x.size + BLOCK - 1) // BLOCK
    for block in range(part * blocks // parts, (part + 1) * blocks // parts):
        start, drawn = uintp(block * BLOCK), bits[part]
        length = min(BLOCK, x.size - block * BLOCK)
        draw(drawn, length, seed, offset, block)
        for i in range(uintp(length)):
            out[start + i] = x[start + i] * _kept(drawn[i], p, scale)


@register_jitable
def _kept(bits, p, scale):
    """What an element is multiplied by: `scale`, or 0 with probability p."""
    return scale if unit(bits) >= p else scale - scale
