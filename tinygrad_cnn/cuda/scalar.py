"""The mathematics a formula is compiled with: `m` of formulas. CPU twin: cpu/scalar.py. float32 in, float32 out."""

import math

import numpy as np

from .driver import device
from .intrinsics import by_kind

inf = np.float32(np.inf)
F = np.float32       # of constants that it holds exactly: beside a float64 they become one


@device
def where(condition, a, b):
    return a if condition else b


@device
def exp(x):
    return math.exp(x)


@device
def expm1(x):
    return math.expm1(x)


@device
def log(x):
    return math.log(x)


@device
def log1p(x):
    return math.log1p(x)


@device
def log2(x):
    return math.log2(x)


@device
def log10(x):
    return math.log10(x)


@device
def sin(x):
    return math.sin(x)


@device
def cos(x):
    return math.cos(x)


@device
def tan(x):
    return math.tan(x)


@device
def asin(x):
    return math.asin(x)


@device
def acos(x):
    return math.acos(x)


@device
def atan(x):
    return math.atan(x)


@device
def sinh(x):
    return math.sinh(x)


@device
def cosh(x):
    return math.cosh(x)


@device
def asinh(x):
    return math.asinh(x)


@device
def acosh(x):
    return math.acosh(x)


@device
def atanh(x):
    return math.atanh(x)


@device
def tanh(x):
    return math.tanh(x)


@device
def erf(x):
    return math.erf(x)


@device
def erfc(x):
    return math.erfc(x)


@device
def sqrt(x):
    return math.sqrt(x)


@device
def power(a, b):
    return a ** b


@device
def atan2(a, b):
    return math.atan2(a, b)


@device
def sigmoid(x):
    return F(1) / (F(1) + math.exp(-x))


@device
def softplus(x):
    return where(x > F(20), x, math.log1p(math.exp(x)))


@device
def abs(x):
    return where(x < F(0), -x, x)


@device
def sign(x):
    return where(x > F(0), F(1), where(x < F(0), F(-1), F(0)))


@device
def floor(x):
    return math.floor(x)


@device
def trunc(x):
    return math.trunc(x)


@device
def fmod(a, b):
    return math.fmod(a, b)


def _integer_remainder(a, b):
    return a % b


def _integer_floor_divide(a, b):
    return a // b


def _remainder(a, b):
    rest = math.fmod(a, b)
    return rest + b if rest != F(0) and (rest < F(0)) != (b < F(0)) else rest


def _floor_divide(a, b):
    if b == F(0):
        return a / b
    rest = math.fmod(a, b)
    ratio = (a - rest) / b               # whole, but for rounding
    if rest != F(0) and (rest < F(0)) != (b < F(0)):
        ratio -= F(1)
    if ratio == F(0):
        return math.copysign(F(0), a / b)
    below = math.floor(ratio)
    return below + F(1) if ratio - below > F(0.5) else below


remainder = by_kind(_integer_remainder, _remainder)
floor_divide = by_kind(_integer_floor_divide, _floor_divide)
