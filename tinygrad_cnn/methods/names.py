"""NumPy's names of arguments, which PyTorch's operations take beside their own: `axis` for `dim`, `keepdims` for `keepdim`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])
NAMES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: F) -> F:
    """Decorator of a function with a `dim`: it may be called `axis`, and `keepdim` `keepdims`."""
    takes = {theirs: ours for theirs, ours in NAMES.items() if ours in inspect.signature(function).parameters}

    @wraps(function)
    def renamed(*arguments: Any, **options: Any) -> Any:
        for theirs, ours in takes.items():
            if theirs in options:
                options[ours] = options.pop(theirs)
        return function(*arguments, **options)

    return renamed  # type: ignore[return-value]


def each_by_numpy_names(methods: C) -> C:
    """Decorator of a class: `numpy_names` of every method that has a `dim`."""
    for name, method in list(vars(methods).items()):
        if inspect.isfunction(method) and set(NAMES.values()) & set(inspect.signature(method).parameters):
            setattr(methods, name, numpy_names(method))
    return methods


def by_name(name: str) -> Callable[[F], F]:
    """Decorator of a method of several numbers, f(2, 3) or f((2, 3)): `f(name=(2, 3))` calls it too."""

    def decorate(method: F) -> F:
        @wraps(method)
        def named(self: Any, *values: Any, **options: Any) -> Any:
            if name in options:
                values = (*values, options.pop(name))
            return method(self, *values, **options)

        return named  # type: ignore[return-value]

    return decorate
