"""A function from a method: `tg.exp(x)` beside `x.exp()`."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def method(name: str) -> Any:
    """The function that calls the method `name` of its first argument, which PyTorch calls `input`."""

    def function(input: Tensor, *arguments: Any, **options: Any) -> Any:
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}: input is {type(input).__name__} but a tensor is needed; use tg.tensor(...)")
        return getattr(input, name)(*arguments, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(Tensor, name).__doc__
    return function
