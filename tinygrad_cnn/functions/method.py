"""A function from a method: `tg.exp(x)` beside `x.exp()`; and what all functions of tensors refuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from ..creation import written
from ..tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])


def of_tensors(function: F) -> F:
    """Decorator: an argument that is annotated as a Tensor must be one, else a TypeError says what it is."""
    places = {name: k for k, (name, parameter) in enumerate(inspect.signature(function).parameters.items())
              if parameter.annotation == "Tensor"}

    @wraps(function)
    def checked(*arguments: Any, **options: Any) -> Any:
        for name, k in places.items():
            value = arguments[k] if k < len(arguments) else options.get(name)
            if not isinstance(value, Tensor) and (k < len(arguments) or name in options):
                raise TypeError(f"{function.__name__}: {name} is {type(value).__name__} but a tensor is needed; use "
                                "tg.tensor(...)")
        return function(*arguments, **options)

    return checked  # type: ignore[return-value]


def method(name: str) -> Any:
    """The function that calls the method `name` of its first argument, which PyTorch calls `input`."""

    def function(input: Tensor, *arguments: Any, out: Tensor | None = None, **options: Any) -> Any:
        result = getattr(input, name)(*arguments, **options)
        return result if out is None else written(name, result, out)

    of = getattr(Tensor, name)
    function.__name__ = function.__qualname__ = name
    function.__module__, function.__doc__ = __package__, of.__doc__
    function.__signature__ = _with_out(inspect.signature(of))  # type: ignore[attr-defined]  # what help() shows
    return of_tensors(function)


def _with_out(own: inspect.Signature) -> inspect.Signature:
    """The arguments of a method as a function's: `input` in the place of self, and `out` at the end."""
    this, *others = own.parameters.values()
    out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Tensor | None")
    return own.replace(parameters=[this.replace(name="input", annotation="Tensor"), *others, out])
