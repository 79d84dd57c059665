"""The mathematics a formula is compiled with: `m` of formulas.py. CUDA twin: cuda/scalar.py.

float32 in, float32 out. The exponential and what follows from it are written out for float32, in steps that the
compiler turns into vector instructions; a call into the C library would take one element at a time.
"""
import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload, register_jitable

inf = np.float32(np.inf)
F = np.float32


@intrinsic
def fma(typing, a, b, c):
    """a * b + c, rounded once."""
    return a(a, a, a), lambda context, builder, signature, args: builder.fma(*args)


@register_jitable
def where(condition, a, b):
    return a if condition else b


@intrinsic
def bits(typing, x):
    """The 32 bits of a float32 as int32: its sign, 8 of the exponent, 23 of the fraction."""
    return types.int32(types.float32), lambda context, builder, signature, x: builder.bitcast(*x, ir.IntType(32))


@intrinsic
def from_bits(typing, i):
    """The float32 that has these 32 bits."""
    return types.float32(types.int32), lambda context, builder, signature, i: builder.bitcast(*i, ir.FloatType())


@register_jitable
def power_of_two(k):
    """2**k as float32 for -127 < k < 128."""
    return from_bits(np.int32((k + 127) << 23))


@register_jitable
def reduced(x):
    """k, r with x = k ln 2 + r and |r| <= ln 2 / 2; ln 2 is subtracted in two pieces, the first with few bits."""
    k = np.floor(fma(x, F(1.44269504), F(0.5)))
    return np.int32(k), fma(k, F(2.12194440e-4), fma(k, F(-0.693359375), x))


@register_jitable
def expm1_reduced(r):
    """exp(r) - 1 for |r| <= ln 2 / 2 by a polynomial (Cephes, expf)."""
    p = fma(r, F(1.9875691500e-4), F(1.3981999507e-3))
    p = fma(p, r, F(8.3334519073e-3))
    p = fma(p, r, F(4.1665795894e-2))
    p = fma(p, r, F(1.6666665459e-1))
    p = fma(p, r, F(5.0000001201e-1))
    return fma(p, r * r, r)


@register_jitable
def exp_float32(x):
    """exp(x) = 2**k exp(r); 2**k in two factors, since it alone can leave the range of float32."""
    k, r = reduced(min(max(x, F(-104)), F(89)))
    half = np.int32(k >> 1)
    y = (expm1_reduced(r) + F(1)) * power_of_two(half) * power_of_two(np.int32(k - half))
    return where(x == x, y, x)


@register_jitable
def tanh_float32(x):
    """tanh(x) = (e - 1) / (e + 1) with e = exp(2 x), e - 1 = 2**k (exp(r) - 1) + (2**k - 1) keeps small x exact."""
    k, r = reduced(min(max(x + x, F(-18)), F(18)))
    s = power_of_two(k)
    d = fma(s, expm1_reduced(r), s - F(1))
    y = d / (d + F(2))
    return where(x == x, y, x)


@register_jitable
def log_float32(x):
    """log(x) = k ln 2 + log(1 + f) with x = 2**k (1 + f), sqrt(1/2) < 1 + f < sqrt(2) (Cephes, logf)."""
    small = x < F(1.17549435e-38)                          # subnormal numbers have no exponent of their own
    i = bits(where(small, x * F(8388608), x))
    f = from_bits(np.int32((i & 0x7fffff) | 0x3f000000))
    low = f < F(0.70710678)
    k = F(np.int32((i >> 23) - where(small, 149, 126) - where(low, 1, 0)))
    f = where(low, f + f, f) - F(1)
    p = fma(f, F(7.0376836292e-2), F(-1.1514610310e-1))
    p = fma(p, f, F(1.1676998740e-1))
    p = fma(p, f, F(-1.2420140846e-1))
    p = fma(p, f, F(1.4249322787e-1))
    p = fma(p, f, F(-1.6668057665e-1))
    p = fma(p, f, F(2.0000714765e-1))
    p = fma(p, f, F(-2.4999993993e-1))
    p = fma(p, f, F(3.3333331174e-1))
    z = f * f
    y = fma(k, F(-2.12194440e-4), p * f * z)
    y = fma(k, F(0.693359375), f + fma(F(-0.5), z, y))
    y = where(x < inf, y, x)                               # infinity and NaN stay
    return where(x > F(0), y, where(x == F(0), -inf, F(np.nan)))


def _function(name, float32=None):
    """`name` of the math module, in the precision of its argument, with our own version for float32 if there is one."""
    general = getattr(math, name)

    def function(x):
        return general(x)

    @overload(function)
    def compiled(x):
        if x == types.float32 and float32 is not None:
            return lambda x: float32(x)
        return lambda x: general(x)
    return function


exp = _function("exp", exp_float32)
log = _function("log", log_float32)
tanh = _function("tanh", tanh_float32)
sqrt = _function("sqrt")


@register_jitable
def power(a, b):
    return a ** b
