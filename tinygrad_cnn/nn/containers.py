"""Containers of modules: Sequential, one of less memory, ModuleList and ModuleDict."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from math import ceil, sqrt
from typing import TypeVar, overload

from ..checkpoint import checkpoint
from ..tensor import Tensor
from .fused import fused
from .module import Module

C = TypeVar("C", bound="_Numbered")


class _Numbered(Module):
    """Modules in order, under the names "0", "1", ... or names of their own."""

    def _named(self) -> dict[str, Module]:
        """The modules by name, in order; a module used twice is there twice."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def __len__(self) -> int:
        return len(self._named())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._named().values())

    @overload
    def __getitem__(self: C, idx: slice) -> C: ...
    @overload
    def __getitem__(self, idx: int) -> Module: ...

    def __getitem__(self: C, idx: int | slice) -> C | Module:
        if not isinstance(idx, slice):
            return list(self)[idx]
        part = type(self)()
        part._place(list(self._named().items())[idx])
        return part

    def __setitem__(self, idx: int, module: Module) -> None:
        setattr(self, list(self._named())[idx], module)

    def __delitem__(self, idx: int | slice) -> None:
        kept = list(self)
        del kept[idx]
        self._renumber(kept)

    def __iadd__(self: C, other: Iterable[Module]) -> C:
        return self.extend(other)

    def __add__(self: C, other: Iterable[Module]) -> C:
        both = type(self)()
        both._renumber([*self, *other])
        return both

    def _place(self, modules: Iterable[tuple[str, Module]]) -> None:
        for name, module in modules:
            self.register_module(name, module)

    def _renumber(self, modules: Iterable[Module]) -> None:
        """Hold these modules, under numbers."""
        modules = list(modules)
        for name in self._named():
            delattr(self, name)
        self._place((str(k), module) for k, module in enumerate(modules))

    def _insert(self, index: int, module: Module) -> None:
        if not -len(self) <= index <= len(self):
            raise IndexError(f"{type(self).__name__}: index {index} lies outside of {len(self)} modules; "
                             f"use {-len(self)} to {len(self)}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def pop(self, key: int | slice) -> Module:
        """Take out module number `key` and return it."""
        module: Module = self[key]
        del self[key]
        return module

    def append(self: C, module: Module) -> C:
        """Add `module` at the end; returns the container."""
        self.register_module(str(len(self)), module)
        return self

    def extend(self: C, modules: Iterable[Module]) -> C:
        """Add all of `modules` at the end; returns the container."""
        for module in modules:
            self.append(module)
        return self


class Sequential(_Numbered):
    """Modules called one after another, each on the result of the one before: `Sequential(Conv2d(1, 8, 3), ReLU())`.

    A dictionary gives names of one's own: `Sequential({"conv": Conv2d(1, 8, 3), "relu": ReLU()})`. Neighbors that have
    a fused kernel run on it (see `fused`); keys and results are those of the modules.
    """

    def __init__(self, *modules: Module | dict[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            self._place(modules[0].items())
        else:
            self._place((str(k), module) for k, module in enumerate(modules))  # type: ignore[misc]

    def __iadd__(self, other: Iterable[Module]) -> Sequential:
        return self.extend(_sequential(other))

    def __add__(self, other: Iterable[Module]) -> Sequential:
        return super().__add__(_sequential(other))

    def __mul__(self, other: int) -> Sequential:
        both = Sequential()
        both._renumber(list(self) * _times(other))
        return both

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Sequential:
        return self.extend(list(self) * (_times(other) - 1))

    def insert(self, index: int, module: Module) -> Sequential:
        """Add `module` before number `index`; returns the container."""
        if not isinstance(module, Module):
            raise AssertionError(f"Sequential.insert: module is a {type(module).__name__}; give a Module")
        self._insert(index, module)
        return self

    def forward(self, input: Tensor) -> Tensor:
        return fused(*self)(input)


def _sequential(other: object) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(f"Sequential: a {type(other).__name__} cannot be added; give a Sequential")
    return other


def _times(other: object) -> int:
    if not isinstance(other, int):
        raise TypeError(f"Sequential: it is multiplied by a {type(other).__name__}; give an int")
    if other <= 0:
        raise ValueError(f"Sequential: it is multiplied by {other}; give a positive int")
    return other


class Checkpointed(Sequential):
    """A Sequential with the same keys and results that backward needs less memory for, and one forward pass more.

    Of n modules, for each ceil(sqrt(n)) in a row, only the input is kept; see `checkpoint`.
    """

    def forward(self, input: Tensor) -> Tensor:
        modules = list(self)
        size = ceil(sqrt(len(modules))) or 1
        for start in range(0, len(modules), size):
            input = checkpoint(fused(*modules[start:start + size]), input)
        return input


class ModuleList(_Numbered):
    """A list whose modules belong to the network; it has no `forward`."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(() if modules is None else modules)

    def insert(self, index: int, module: Module) -> None:
        """Add `module` before number `index`."""
        self._insert(index, module)

    def _place(self, modules: Iterable[tuple[str, Module]]) -> None:
        super()._place((str(k), module) for k, (_, module) in enumerate(modules))  # a part counts anew

    def _printed(self) -> list[tuple[str, str]]:
        found = []
        for text, group in groupby(super()._printed(), key=lambda pair: pair[1]):  # equal neighbors are printed once
            names = [name for name, _ in group]
            found.append((names[0], text) if len(names) == 1 else (f"{names[0]}-{names[-1]}", f"{len(names)} x {text}"))
        return found


class ModuleDict(Module):
    """A dictionary whose modules belong to the network, in the order in which they came; it has no `forward`."""

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key: str) -> Module:
        return dict(self.items())[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.register_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self.items())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: str) -> bool:
        return key in self.keys()  # `in self` is what this defines

    def items(self) -> ItemsView[str, Module]:
        """(name, module) of all."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}.items()

    def keys(self) -> KeysView[str]:
        """The names."""
        return dict(self.items()).keys()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return dict(self.items()).values()

    def pop(self, key: str) -> Module:
        """Take out the module of a name and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take out all modules."""
        for key in self.keys():
            del self[key]

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, from a dictionary or (name, module) pairs; those of known names are replaced."""
        if not isinstance(modules, (Mapping, ModuleDict, Iterable)):
            raise TypeError(f"ModuleDict: modules is a {type(modules).__name__}; give a dictionary or pairs")
        for key, module in dict(modules).items():
            self[key] = module
