"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from typing import Any, TypeVar

from ..nn.module import Module

B = TypeVar("B", bound=Callable[..., Module])


@dataclass(frozen=True)
class Entry:
    """How to build a network, and the shape of one input, such as (1, 28, 28)."""

    build: Callable[..., Module]
    input: tuple[int, ...]


_entries: dict[str, Entry] = {}


def register(input: tuple[int, ...]) -> Callable[[B], B]:
    """Decorator: list a function that returns a network under its own name; `input` is the shape of one input."""

    def add(build: B) -> B:
        if build.__name__ in _entries:
            raise ValueError(f"register: {build.__name__!r} is the name of two networks; rename one of them")
        _entries[build.__name__] = Entry(build, input)
        return build

    return add


def list_models(pattern: str = "*") -> list[str]:
    """The names of all networks that match `pattern`, such as "*resnet*", in alphabetical order."""
    return sorted(name for name in _entries if fnmatch(name, pattern))


def entry(name: str) -> Entry:
    """What is known of network `name`. Raises if there is none, and suggests the nearest name."""
    if name not in _entries:
        near = get_close_matches(name, _entries, 1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(list_models())}"
        raise ValueError(f"models: there is no network {name!r}; {hint}")
    return _entries[name]


def create(name: str, **kwargs: Any) -> Module:
    """A new network: `create("mnist_cnn", num_classes=10)`. Raises as `entry` does."""
    return entry(name).build(**kwargs)
