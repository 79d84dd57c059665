"""Random numbers beside a tensor, of the one stream that `manual_seed` starts. Kernels: random.py."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import random, shapes
from ..arrays import is_tensor, view
from ..devices import kernels
from .elementwise import apply, cast


def draw(name: str, out: Any, a: float, b: float) -> None:
    """Overwrite a contiguous array: "uniform" in [a, b), or "normal" of mean a and standard deviation b."""
    if out.size:
        getattr(kernels(out).random, name)(view(out, (out.size,)), a, b, *random.take(out.size))


def drawn(name: str, like: Any, a: float, b: float, shape: tuple[int, ...] | None = None, dtype: Any = None) -> Any:
    """A tensor of random numbers, in the shape and dtype of `like` unless given."""
    dtype = like.array.dtype if dtype is None else dtype
    if dtype not in shapes.FLOATS:
        raise RuntimeError(f"{name}_: the tensor has dtype {dtype.name} but a floating one is needed; use x.float()")
    if (b < a) if name == "uniform" else (b < 0):
        raise RuntimeError(f"{name}_: the bounds {a} and {b} are the wrong way round; give the lesser first"
                           if name == "uniform" else f"{name}_: std is {b} but at least 0 is needed; give another")
    out = kernels(like.array).empty(like.array.shape if shape is None else shape, dtype)
    draw(name, out, a, b)
    return like.result(out, None)


def bernoulli(operation: str, like: Any, p: Any) -> Any:
    """1 with probability `p`, a number or a tensor that broadcasts, else 0: in the shape and dtype of `like`."""
    if is_tensor(p) and p.array.size:
        values = kernels(p.array).download(p.array) if p.device != "meta" else None
        wrong = None if values is None or ((values >= 0) & (values <= 1)).all() else values.max()
    else:
        wrong = None if is_tensor(p) or 0 <= p <= 1 else p
    if wrong is not None:
        raise RuntimeError(f"{operation}: p is {wrong} but a probability of 0 to 1 is needed; give another")
    uniform = drawn("uniform", like, 0.0, 1.0, dtype=shapes.FLOAT32)
    return cast(apply("lt", uniform, p), like.array.dtype)


def fractions(like: Any, shape: tuple[int, ...]) -> Any:
    """Uniform float64 in [0, 1) of 48 random bits: two draws of 24."""
    high, low = (drawn("uniform", like, 0.0, 1.0, shape, shapes.FLOAT64) for _ in range(2))
    return apply("add", high, apply("mul", low, 2.0**-24))


def integers(operation: str, like: Any, low: int, high: int, shape: tuple[int, ...]) -> Any:
    """Integers from `low` to `high` - 1, each as likely."""
    if low >= high:
        raise RuntimeError(f"{operation}: low is {low} and high {high} but low must be less; give a higher one")
    whole = cast(apply("mul", fractions(like, shape), float(high - low)), shapes.INT64)
    return apply("add", whole, low) if prod(shape) else whole
