"""The mathematics a formula is compiled with: `m` of formulas. CUDA twin: cuda/scalar.py.

float32 in, float32 out. The exponential and what follows from it are written out for float32, in steps that the
compiler turns into vector instructions; a call into the C library would take one element at a time.
"""
import math
from builtins import abs as magnitude

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload, register_jitable

inf = np.float32(np.inf)
F = np.float32
inlined = register_jitable(forceinline=True)    # twice in a loop, too: a call would keep it from becoming vectors


@intrinsic
def fma(typing, a, b, c):
    """a * b + c, rounded once."""
    return a(a, a, a), lambda context, builder, signature, args: builder.fma(*args)


@register_jitable
def where(condition, a, b):
    return a if condition else b


@register_jitable
def abs(x):
    return magnitude(x)


@intrinsic
def bits(typing, x):
    """The 32 bits of a float32 as int32: its sign, 8 of the exponent, 23 of the fraction."""
    return types.int32(types.float32), lambda context, builder, signature, x: builder.bitcast(*x, ir.IntType(32))


@intrinsic
def from_bits(typing, i):
    """The float32 that has these 32 bits."""
    return types.float32(types.int32), lambda context, builder, signature, i: builder.bitcast(*i, ir.FloatType())


@inlined
def power_of_two(k):
    """2**k as float32 for -127 < k < 128."""
    return from_bits(np.int32((k + 127) << 23))


@inlined
def reduced(x):
    """k, r with x = k ln 2 + r and |r| <= ln 2 / 2; ln 2 is subtracted in two pieces, the first with few bits."""
    k = np.floor(fma(x, F(1.44269504), F(0.5)))
    return np.int32(k), fma(k, F(2.12194440e-4), fma(k, F(-0.693359375), x))


@inlined
def expm1_reduced(r):
    """exp(r) - 1 for |r| <= ln 2 / 2 by a polynomial (Cephes, expf)."""
    p = fma(r, F(1.9875691500e-4), F(1.3981999507e-3))
    p = fma(p, r, F(8.3334519073e-3))
    p = fma(p, r, F(4.1665795894e-2))
    p = fma(p, r, F(1.6666665459e-1))
    p = fma(p, r, F(5.0000001201e-1))
    return fma(p, r * r, r)


@inlined
def exp_float32(x):
    """exp(x) = 2**k exp(r); 2**k in two factors, since it alone can leave the range of float32."""
    k, r = reduced(min(max(x, F(-104)), F(89)))
    half = np.int32(k >> 1)
    y = (expm1_reduced(r) + F(1)) * power_of_two(half) * power_of_two(np.int32(k - half))
    return where(x == x, y, x)


@inlined
def tanh_float32(x):
    """tanh(x) = (e - 1) / (e + 1) with e = exp(2 x), e - 1 = 2**k (exp(r) - 1) + (2**k - 1) keeps small x exact."""
    k, r = reduced(min(max(x + x, F(-18)), F(18)))
    s = power_of_two(k)
    d = fma(s, expm1_reduced(r), s - F(1))
    y = d / (d + F(2))
    return where(x == x, y, x)


@inlined
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


@inlined
def expm1_float32(x):
    """exp(x) - 1 = 2**k (exp(r) - 1) + (2**k - 1), with 2**k in two factors as in `exp_float32`."""
    k, r = reduced(min(max(x, F(-30)), F(89)))
    half = np.int32(k >> 1)
    s = power_of_two(half)
    y = fma(s, expm1_reduced(r), s - power_of_two(np.int32(half - k))) * power_of_two(np.int32(k - half))
    return where(x == x, y, x)


@inlined
def log1p_float32(x):
    """log(1 + x) = log(u) x / (u - 1) with u = 1 + x rounded: both factors are off by the same (Kahan)."""
    u = F(1) + x
    y = log_float32(u) * (x / (u - F(1)))
    return where((u == F(1)) | (x == inf), x, y)


@inlined
def erf_float32(x):
    """erf(x) by a polynomial below 1, by 1 - exp(-x x) p(1 / x x) / x above (Cephes, ndtrf)."""
    a = abs(x)
    z = x * x
    t = fma(z, F(7.853861353153693e-5), F(-8.010193625184903e-4))
    t = fma(t, z, F(5.188327685732524e-3))
    t = fma(t, z, F(-2.685381193529856e-2))
    t = fma(t, z, F(1.128358514861418e-1))
    t = fma(t, z, F(-3.761262582423300e-1))
    t = fma(t, z, F(1.128379165726710))
    far = max(a, F(1))
    q = F(1) / (far * far)
    p = fma(q, F(2.326819970068386e-2), F(-1.387039388740657e-1))
    p = fma(p, q, F(3.687424674597105e-1))
    p = fma(p, q, F(-5.824733027278666e-1))
    p = fma(p, q, F(6.210004621745983e-1))
    p = fma(p, q, F(-4.944515323274145e-1))
    p = fma(p, q, F(3.404879937665872e-1))
    p = fma(p, q, F(-2.741127028184656e-1))
    p = fma(p, q, F(5.638259427386472e-1))
    y = F(1) - exp_float32(-far * far) * p / far
    y = where(a < F(1), x * t, where(x < F(0), -y, y))
    return where(x == x, y, x)


@inlined
def quarter_turns(x):
    """k, r in float64 with x = k pi / 2 + r and |r| <= pi / 4."""
    wide = np.float64(x)
    k = np.floor(fma(wide, 0.6366197723675814, 0.5))
    r = fma(k, -6.123233995736766e-17, fma(k, -1.5707963267948966, wide))
    return k, where(abs(r) < 1.0, r, r * 0.0)              # beyond 1e15, where float32 is too coarse for an angle


@inlined
def sine_float32(k, r):
    """The sine of k quarter turns and r: by Taylor's series of the sine or the cosine of r."""
    z = r * r
    s = fma(fma(fma(fma(z, 2.7557319223985893e-6, -1.984126984126984e-4), z, 8.333333333333333e-3), z,
                -0.16666666666666666), z * r, r)
    c = fma(fma(fma(fma(fma(z, -2.755731922398589e-7, 2.48015873015873e-5), z, -1.388888888888889e-3), z,
                    4.1666666666666664e-2), z, -0.5), z, 1.0)
    y = where(k - 2.0 * np.floor(0.5 * k) == 0.0, s, c)
    return F(where(k - 4.0 * np.floor(0.25 * k) >= 2.0, -y, y))


@inlined
def sin_float32(x):
    k, r = quarter_turns(x)
    return sine_float32(k, r)


@inlined
def cos_float32(x):
    k, r = quarter_turns(x)
    return sine_float32(k + 1.0, r)


@intrinsic
def wide_bits(typing, x):
    """The 64 bits of a float64 as int64: its sign, 11 of the exponent, 52 of the fraction."""
    return types.int64(types.float64), lambda context, builder, signature, x: builder.bitcast(*x, ir.IntType(64))


@intrinsic
def from_wide_bits(typing, i):
    """The float64 that has these 64 bits."""
    return types.float64(types.int64), lambda context, builder, signature, i: builder.bitcast(*i, ir.DoubleType())


@inlined
def log_wide(x):
    """log(x) of a positive float32 in float64: k ln 2 + 2 artanh((f - 1) / (f + 1)), f near 1."""
    i = wide_bits(np.float64(x))
    f = from_wide_bits((i & 0xfffffffffffff) | 0x3fe0000000000000)
    low = f < 0.7071067811865476
    k = np.float64((i >> 52) - 1022 - where(low, 1, 0))
    f = where(low, f + f, f)
    s = (f - 1.0) / (f + 1.0)
    z = s * s
    p = fma(fma(fma(fma(fma(fma(fma(z, 1 / 15, 1 / 13), z, 1 / 11), z, 1 / 9), z, 1 / 7), z, 0.2), z, 1 / 3), z, 1.0)
    return fma(k, 0.6931471805599453, 2.0 * s * p)


@inlined
def exp_wide(t):
    """exp(t) in float64 to 11 digits, as much as a float32 needs, for -150 < t < 150."""
    k = np.floor(fma(t, 1.4426950408889634, 0.5))
    r = fma(k, -0.6931471805599453, t)
    p = fma(fma(fma(fma(r, 1 / 40320, 1 / 5040), r, 1 / 720), r, 1 / 120), r, 1 / 24)
    p = fma(fma(fma(fma(p, r, 1 / 6), r, 0.5), r, 1.0), r, 1.0)
    return p * from_wide_bits((np.int64(k) + 1023) << 52)


@inlined
def power_float32(a, b):
    """a**b = exp(b log |a|), negative for a negative `a` and an odd `b`, as C's powf where either is no usual number."""
    size = abs(a)
    log = where(size == F(0), -np.inf, where(size < inf, log_wide(size), np.float64(size)))
    t = np.float64(b) * log
    y = F(where(t == t, exp_wide(min(max(t, -140.0), 140.0)), t))
    whole = np.floor(b) == b
    odd = whole & (b - F(2) * np.floor(F(0.5) * b) != F(0)) & (abs(b) < inf)
    y = where(size == F(1), F(1), y)
    y = where(odd & (bits(a) < 0), -y, where(whole | (a >= F(0)) | (size == inf), y, F(np.nan)))
    return where((b == F(0)) | (a == F(1)), F(1), where((a == a) & (b == b), y, a + b))


def _function(name, float32=None):
    """`name` of the math module, in the precision of its argument, with our own version for float32 if there is one.

    Uncompiled it is NumPy's where NumPy has it: infinity and NaN instead of exceptions, as compiled.
    """
    general = getattr(math, name)
    uncompiled = getattr(np, name, general)

    def function(x):
        return type(x)(uncompiled(x))      # a Python float beside a float32 constant would become a float32

    @overload(function)
    def compiled(x):
        if x == types.float32 and float32 is not None:
            return lambda x: float32(x)
        return lambda x: general(x)
    return function


exp, expm1 = _function("exp", exp_float32), _function("expm1", expm1_float32)
log, log1p = _function("log", log_float32), _function("log1p", log1p_float32)
sin, cos = _function("sin", sin_float32), _function("cos", cos_float32)
tanh, erf = _function("tanh", tanh_float32), _function("erf", erf_float32)
sqrt, erfc, log2, log10 = map(_function, ("sqrt", "erfc", "log2", "log10"))
tan, asin, acos, atan = map(_function, ("tan", "asin", "acos", "atan"))
sinh, cosh, asinh, acosh, atanh = map(_function, ("sinh", "cosh", "asinh", "acosh", "atanh"))


def power(a, b):
    return a ** b


@overload(power)
def _power(a, b):
    return power_float32 if a == types.float32 else lambda a, b: a ** b


@register_jitable
def atan2(a, b):
    return math.atan2(a, b)


@register_jitable
def sigmoid(x):
    return F(1) / (F(1) + exp(-x))


@register_jitable
def softplus(x):
    return where(x > F(20), x, log1p(exp(x)))


@register_jitable
def sign(x):
    return where(x > F(0), F(1), where(x < F(0), F(-1), F(0)))


@register_jitable
def floor(x):
    return np.floor(x)


@register_jitable
def trunc(x):
    return np.trunc(x)


@register_jitable
def fmod(a, b):
    return np.fmod(a, b)


@register_jitable
def remainder(a, b):
    return a % b


@register_jitable
def floor_divide(a, b):
    return a // b
