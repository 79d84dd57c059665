"""Inputs of an operation: a Case says the shapes and the hyper-parameters, `fill` makes arrays of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

FLOATS = ("float32", "float64")
INTEGERS = ("int64", "int32", "uint8")
DTYPES = (*FLOATS, *INTEGERS, "bool")


@dataclass(frozen=True, repr=False)
class Array:
    """An array still to be filled. `kind`: "distinct" (no ties, no zeros), "positive", "whole" (with ties), "flags", or
    "classes" (integers below `below`). The first two are differentiated; `axis` 0 of the first array is the batch."""

    shape: tuple[int, ...]
    kind: str = "distinct"
    below: int = 0

    @property
    def floating(self) -> bool:
        return self.kind in ("distinct", "positive")

    def __repr__(self) -> str:
        extra = (
            "" if self.kind == "distinct" else f", kind={self.kind!r}" + (f", below={self.below}" if self.below else "")
        )
        return f"A({', '.join(map(str, self.shape))}{extra})"

    def fill(self, rng: np.random.Generator, dtype: Any = np.float64, whole: bool = False) -> np.ndarray:
        """Values of a size near 1. `whole`: small integers, whose sums and products no dtype rounds."""
        size = prod(self.shape)
        if self.kind == "classes":
            return rng.integers(0, self.below, self.shape)
        if self.kind == "flags":
            return rng.integers(0, 2, self.shape).astype(bool)
        if whole or self.kind == "whole" or np.dtype(dtype).kind in "iub":
            least = 1 if self.kind == "positive" else 0 if np.dtype(dtype).kind in "ub" else -3
            return rng.integers(least, 4, self.shape).astype(dtype)
        values = (rng.permutation(size) - size // 2 + rng.uniform(0.2, 0.8, size)) * (4 / max(size, 1))
        return (np.exp(values / 3) if self.kind == "positive" else values).reshape(self.shape).astype(dtype)


def A(*shape: int, kind: str = "distinct", below: int = 0) -> Array:
    """`A(2, 3)` is an array of that shape."""
    return Array(shape, kind, below)


@dataclass(frozen=True, repr=False)
class Case:
    """The arguments of one call. Arrays may stand anywhere in them, in lists too."""

    args: tuple[Any, ...]
    options: dict[str, Any]

    def leaves(self) -> list[Array]:
        """The arrays in the order of the arguments."""
        return [leaf for leaf in _flat((self.args, self.options)) if isinstance(leaf, Array)]

    def differentiable(self) -> list[int]:
        """Which of the leaves are floating and given by position: those that gradients are asked of."""
        return [k for k, leaf in enumerate(_flat(self.args)) if leaf.floating]

    def given_by_position(self) -> list[Array]:
        """The leaves among `args`, which come first."""
        return list(_flat(self.args))

    def given(self, values: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """(arguments, options) with the leaves replaced by `values`."""
        return _replaced((self.args, self.options), iter(values))

    def fill(self, seed: int = 0, dtype: Any = np.float64, whole: bool = False) -> list[np.ndarray]:
        """Values for the leaves."""
        rng = np.random.default_rng(seed)
        return [leaf.fill(rng, dtype, whole) for leaf in self.leaves()]

    def __repr__(self) -> str:
        words = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.options.items())]
        return f"case({', '.join(words)})"


def case(*args: Any, **options: Any) -> Case:
    """The arguments of a call, as one would write them."""
    return Case(args, options)


def _flat(value: Any) -> Iterator[Array]:
    if isinstance(value, Array):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))


def _replaced(value: Any, values: Iterator[Any]) -> Any:
    if isinstance(value, Array):
        return next(values)
    if isinstance(value, (list, tuple)):
        return type(value)([_replaced(item, values) for item in value])
    if isinstance(value, dict):
        return {name: _replaced(item, values) for name, item in value.items()}
    return value


class Draw:
    """What a row of specs.py draws its cases from: a source of integers, and the batch."""

    def __init__(self, integer: Callable[[int, int], int], batch: int | None = None) -> None:
        self.integer, self._batch = integer, batch

    def batch(self) -> int:
        """The extent of the batch, 0 where an empty one is asked for."""
        return self.integer(1, 3) if self._batch is None else self._batch

    def choice(self, *options: Any) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def several(self, count: int, low: int, high: int) -> tuple[int, ...]:
        return tuple(self.integer(low, high) for _ in range(count))

    def image(self, ranks: tuple[int, int] = (0, 3)) -> tuple[int, ...]:
        """(n, c, ...) with so many spatial axes."""
        return self.batch(), *self.several(1 + self.integer(*ranks), 1, 5)


def seeded(seed: int, batch: int | None = None) -> Draw:
    """Draws that a seed decides, the same everywhere."""
    return Draw(random.Random(seed).randint, batch)


def cases(row: Any) -> Any:
    """The Hypothesis strategy of a row's cases: drawn by Hypothesis, which starts small, or by a seed, where every
    number is as likely as the next."""
    from hypothesis import strategies as st

    drawn = st.composite(lambda draw: row.cases(Draw(lambda low, high: draw(st.integers(low, high)))))()
    return st.one_of(drawn, st.integers(0, 2**16).map(lambda seed: row.cases(seeded(seed))))
