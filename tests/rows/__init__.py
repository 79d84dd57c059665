"""A row of specs.py: an operation and all that the generic tests and the benchmarks know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from ..cases import FLOATS, Case, Draw, case, seeded

Function = str | Callable[..., Any]


@dataclass(frozen=True)
class Refusal:
    """A call that must raise `error` with all `words` in its sentence."""

    error: type[Exception]
    words: str
    case: Case


def refuse(error: type[Exception], words: str, *args: Any, **options: Any) -> Refusal:
    return Refusal(error, words, case(*args, **options))


@dataclass(frozen=True)
class Row:
    """An operation and all that tests know of it."""

    name: str
    function: Function
    reference: Callable[..., Any]
    cases: Callable[[Draw], Case]
    big: tuple[Case, Case]  # at least 10 MFLOP or 4 MB
    refuses: tuple[Refusal, ...] = ()
    torch: Function | None = ""  # its counterpart: "" the same function, None there is none
    linear: tuple[int, ...] = ()  # leaves in which it is affine while the others stay
    exact: bool = False  # integers come out exact in every dtype
    sums: bool = True  # an element of the result is a sum
    empty: bool = True  # a batch of 0 has a result
    dtypes: tuple[str, ...] = FLOATS
    result: Callable[[str], str] | None = field(
        default=lambda dtype: dtype
    )  # dtype of the first result; None: the case says

    @property
    def small(self) -> Case:
        """One case that fits the emulator."""
        return self.cases(seeded(1))

    def call(self, library: Any, args: Any, options: Any) -> Any:
        """The operation of `library` (the package or torch)."""
        return _find(self.function, library)(*args, **options)

    def counterpart(self, torch: Any, args: Any, options: Any) -> Any:
        """What PyTorch calls the operation."""
        return _find(self.torch or self.function, torch)(*args, **options)


def _find(function: Function, library: Any) -> Callable[..., Any]:
    if isinstance(function, str):
        return reduce(getattr, function.split("."), library)
    return lambda *args, **options: function(library, *args, **options)


ROWS: dict[str, Row] = {}


def row(
    name: str, function: Function, reference: Callable[..., Any], cases: Callable[[Draw], Case], **more: Any
) -> None:
    ROWS[name] = Row(name, function, reference, cases, **more)
