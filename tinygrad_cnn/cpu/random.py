"""Random numbers from a counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

Element i depends on (seed, offset + i // 4, i % 4) alone. There is no state: any thread can make any element, and every
device makes the same ones. CUDA twin: cuda/random.py.
"""
import math

import numpy as np
from numba import float32, int32, uint32, uint64, uintp
from numba.extending import register_jitable

from . import scalar
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .philox import BITS, philox_lanes

BLOCK = 1024    # numbers drawn at a time: their bits stay in the nearest cache
MULTIPLY_A, MULTIPLY_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
STEP_LOW, STEP_HIGH = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)    # of the key: the golden ratio and the root of 3
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def uniform(out, low, high, seed, offset):
    """out[i] = low + (high - low) * u, u = (philox(seed, offset + i // 4)[i % 4] >> 8) / 2**24 < 1."""
    low, span = out.dtype.type(low), out.dtype.type(high - low)
    parts = parts_for(2 * out.size)
    launch(_uniform, parts, out, empty((parts, BLOCK), np.uint32), low, span, np.uint64(seed), np.uint64(offset))


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
    return float32(int32(uint32(bits) >> uint32(8))) * float32(2**-24)


@register_jitable
def draw(bits, length, seed, offset, block):
    """At least `length` numbers of 32 bits: those of the elements from block * BLOCK on."""
    for i in range(0, length, BITS):
        philox_lanes(bits, i, seed, offset + uint64((block * BLOCK + i) // 4))


@register_jitable
def _circle(u):
    """cos(2 pi u) and sin(2 pi u) of a float32: polynomials from the nearest quarter turn on (Cephes, sinf)."""
    quarter = int32(float32(4) * u + float32(0.5))
    t = float32(2 * math.pi) * (u - float32(0.25) * float32(quarter))
    z = t * t
    s = t + t * z * (float32(-1.6666654611e-1) + z * (float32(8.3321608736e-3) + z * float32(-1.9515295891e-4)))
    c = float32(4.1666645683e-2) + z * (float32(-1.3887316255e-3) + z * float32(2.4433157118e-5))
    c = float32(1) - float32(0.5) * z + z * z * c
    if quarter % 2:
        c, s = -s, c
    return (-c, -s) if quarter & 2 else (c, s)


@register_jitable
def _normals(seed, counter):
    """Four independent numbers of the standard normal distribution (Box and Muller), as float32."""
    a, b, c, d = philox(seed, counter)
    first = scalar.sqrt(float32(-2) * scalar.log(float32(1) - unit(a)))
    second = scalar.sqrt(float32(-2) * scalar.log(float32(1) - unit(c)))
    (x, y), (z, w) = _circle(unit(b)), _circle(unit(d))
    return first * x, first * y, second * z, second * w


@jit
def _uniform(part, parts, out, bits, low, span, seed, offset):
    blocks = (out.size + BLOCK - 1) // BLOCK
    for block in range(part * blocks // parts, (part + 1) * blocks // parts):
        start, drawn = uintp(block * BLOCK), bits[part]
        length = min(BLOCK, out.size - block * BLOCK)
        draw(drawn, length, seed, offset, block)
        for i in range(uintp(length)):
            out[start + i] = low + span * unit(drawn[i])


@jit
def _normal(part, parts, out, mean, std, seed, offset):
    whole = out.size // 4
    for k in range(uint64(part * whole // parts), uint64((part + 1) * whole // parts)):
        i, (a, b, c, d) = uint64(4) * k, _normals(seed, offset + k)
        out[i], out[i + uint64(1)] = mean + std * a, mean + std * b
        out[i + uint64(2)], out[i + uint64(3)] = mean + std * c, mean + std * d
    if part == parts - 1:                                  # the last one to three elements
        last = _normals(seed, offset + uint64(whole))
        for i in range(4 * whole, out.size):
            out[i] = mean + std * last[i - 4 * whole]
