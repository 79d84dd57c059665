"""Numbers as the CUDA emulator computes them: float32 stays float32, overflow is infinity, integers wrap."""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np


class Integer:
    """`int32(x)`: x truncated and wrapped to so many bits, as a Python integer (the device widens all to 64 bits)."""

    def __init__(self, dtype: type[np.integer]) -> None:
        self.numpy, self.bits = dtype, np.dtype(dtype).itemsize * 8
        self.signed = np.dtype(dtype).kind == "i"

    def __call__(self, value: Any) -> int:
        return wrap(value, self.bits, self.signed)


class Unsigned64(Integer):
    """`uint64(x)`: a numpy scalar, so that sums and products wrap at 64 bits."""

    def __call__(self, value: Any) -> Any:
        return np.uint64(super().__call__(value))


def wrap(value: Any, bits: int, signed: bool) -> int:
    """The integer that the low bits of `value` mean; NaN and infinity are 0, as in PTX conversions of NaN."""
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return 0
    low = int(value) & ((1 << bits) - 1)
    return low - (1 << bits) if signed and low >> (bits - 1) else low


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """The numpy function: float32 in, float32 out; inf and NaN instead of exceptions."""
    def kept(*x: Any) -> Any:
        return function(*(v if isinstance(v, np.floating) else np.float64(v) for v in x))
    return kept


def _exactly(function: Callable[[float], float]) -> Callable[..., Any]:
    """A function of Python's math that numpy lacks."""
    def exactly(x: Any) -> Any:
        return type(x)(function(x))
    return exactly


device_math = types.SimpleNamespace(
    **{name: _kept(getattr(np, numpy_name)) for name, numpy_name in {
        "exp": "exp", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
        "pow": "power", "sqrt": "sqrt", "tanh": "tanh", "sin": "sin", "cos": "cos", "tan": "tan", "atan": "arctan",
        "atan2": "arctan2", "fabs": "fabs", "copysign": "copysign", "hypot": "hypot", "fmod": "fmod", "sinh": "sinh",
        "cosh": "cosh", "asin": "arcsin", "acos": "arccos", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
        "floor": "floor", "ceil": "ceil", "trunc": "trunc"}.items()},
    erf=_exactly(math.erf), erfc=_exactly(math.erfc), isnan=lambda x: bool(np.isnan(x)),
    isinf=lambda x: bool(np.isinf(x)), isfinite=lambda x: bool(np.isfinite(x)), pi=math.pi, e=math.e, inf=math.inf,
    nan=math.nan)


def _extreme(ours: Callable[..., Any], numpys: Callable[..., Any]) -> Callable[..., Any]:
    """`max` and `min` of the device: of a number and NaN, the number."""
    def extreme(*values: Any) -> Any:
        if any(isinstance(v, (float, np.floating)) for v in values):
            result = values[0]
            for v in values[1:]:
                result = numpys(result, v)
            return result
        return ours(*values)
    return extreme


TYPES: dict[str, Any] = {
    "float32": np.float32, "float64": np.float64, "boolean": np.bool_, "uint64": Unsigned64(np.uint64),
    **{t.__name__: Integer(t) for t in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32)}}
"""The compiler's types by name: what a call of one does to a number."""

BUILTINS: list[tuple[Any, Any]] = [
    (builtins.int, Integer(np.int64)), (builtins.max, _extreme(max, np.fmax)), (builtins.min, _extreme(min, np.fmin))]
