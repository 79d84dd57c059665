"""A function from a method: `tg.exp(x)` beside `x.exp()`."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def method(name: str) -> Any:
    """The function that calls the method `name` of its first argument, which PyTorch calls `input`."""

    def function(input: Tensor, *arguments: Any, out: Tensor | None = None, **options: Any) -> Any:
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}: input is {type(input).__name__} but a tensor is needed; use tg.tensor(...)")
        result = getattr(input, name)(*arguments, **options)
        return result if out is None else written(name, result, out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(Tensor, name).__doc__
    return function


def written(name: str, result: Any, out: Any) -> Any:
    """`out`, made to hold the result; or one tensor each for several."""
    if isinstance(result, tuple):
        return type(result)(*[written(name, each, into) for each, into in zip(result, out)])
    if result.requires_grad:
        raise RuntimeError(f"{name}: out is given but the result requires grad, which is recorded for new tensors only; use "
                           "no_grad, or leave out away")
    if out.shape != result.shape:
        out.array = out.new_empty(result.shape).array
    return out.copy_(result)
