"""Random numbers from a counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

Element i depends on (seed, offset + i // 4, i % 4) alone. There is no state: any thread can make any element, and every
device makes the same ones. CUDA twin: cuda/random.py.
"""
import math

import numpy as np
from numba import uint64
from numba.extending import register_jitable

from . import scalar
from .jit import jit
from .launch import launch, parts_for

MULTIPLY_A, MULTIPLY_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
STEP_LOW, STEP_HIGH = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)    # of the key: the golden ratio and the root of 3
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def uniform(out, low, high, seed, offset):
    """out[i] = low + (high - low) * u, u = (philox(seed, offset + i // 4)[i % 4] >> 8) / 2**24, which lies in [0, 1)."""
    low, span = out.dtype.type(low), out.dtype.type(high - low)
    launch(_uniform, parts_for(4 * out.size), out, low, span, np.uint64(seed), np.uint64(offset))


def normal(out, mean, std, seed, offset):
    """out[i] = mean + std * sqrt(-2 log(1 - u)) * cos(2 pi v), then the same with sin, for each two uniforms u, v."""
    mean, std = out.dtype.type(mean), out.dtype.type(std)
    launch(_normal, parts_for(16 * out.size), out, mean, std, np.uint64(seed), np.uint64(offset))


@register_jitable
def philox(seed, counter):
    """Four integers of 32 bits: the 64-bit counter, mixed in ten rounds of multiplication under the 64-bit seed."""
    a, b, c, d = counter & LOW, counter >> HALF, uint64(0), uint64(0)
    low, high = seed & LOW, seed >> HALF
    for _ in range(10):
        p, q = a * MULTIPLY_A, c * MULTIPLY_C
        a, b, c, d = (q >> HALF) ^ b ^ low, q & LOW, (p >> HALF) ^ d ^ high, p & LOW
        low, high = (low + STEP_LOW) & LOW, (high + STEP_HIGH) & LOW
    return a, b, c, d


@register_jitable
def unit(bits):
    """The upper 24 of 32 bits as a float32 in [0, 1)."""
    return np.float32(np.int32(bits >> np.uint64(8))) * np.float32(2**-24)


@jit
def _uniform(part, parts, out, low, span, seed, offset):
    whole = out.size // 4
    for k in range(uint64(part * whole // parts), uint64((part + 1) * whole // parts)):
        i, (a, b, c, d) = uint64(4) * k, philox(seed, offset + k)
        out[i], out[i + uint64(1)] = low + span * unit(a), low + span * unit(b)
        out[i + uint64(2)], out[i + uint64(3)] = low + span * unit(c), low + span * unit(d)
    if part == parts - 1:                                  # the last one to three elements
        last = philox(seed, offset + uint64(whole))
        for i in range(4 * whole, out.size):
            out[i] = low + span * unit(last[i - 4 * whole])


@jit
def _normal(part, parts, out, mean, std, seed, offset):
    pairs = (out.size + 1) // 2
    for k in range(uint64(part * pairs // parts), uint64((part + 1) * pairs // parts)):
        a, b, c, d = philox(seed, offset + k // uint64(2))
        u, v = out.dtype.type(unit(c if k % uint64(2) else a)), out.dtype.type(unit(d if k % uint64(2) else b))
        radius, angle = std * scalar.sqrt(out.dtype.type(-2) * scalar.log(out.dtype.type(1) - u)), out.dtype.type(2 * math.pi) * v
        out[uint64(2) * k] = mean + radius * math.cos(angle)
        if uint64(2) * k + uint64(1) < uint64(out.size):
            out[uint64(2) * k + uint64(1)] = mean + radius * math.sin(angle)
