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
    def __getitem__(self: C, index: slice) -> C: ...
    @overload
    def __getitem__(self, index: int) -> Module: ...

    def __getitem__(self: C, index: int | slice) -> C | Module:
        if isinstance(index, int):
            return list(self)[index]
        part = type(self)()
        part._place(list(self._named().items())[index])
        return part

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._named())[index], module)

    def __delitem__(self, index: int | slice) -> None:
        kept = list(self)
        del kept[index]
        self._renumber(kept)

    def __iadd__(self: C, modules: Iterable[Module]) -> C:
        return self.extend(modules)

    def __add__(self: C, modules: Iterable[Module]) -> C:
        both = type(self)()
        both._renumber([*self, *modules])
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

    def insert(self: C, index: int, module: Module) -> C:
        """Add `module` before number `index`; returns the container."""
        if not -len(self) <= index <= len(self):
            raise IndexError(f"{type(self).__name__}: index {index} lies outside of {len(self)} modules; "
                             f"use {-len(self)} to {len(self)}")
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: {index} is a {type(module).__name__}; give a Module")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, key: int | slice = -1) -> Module:
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

    def forward(self, input: Tensor) -> Tensor:
        return fused(*self)(input)


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

    def __init__(self, modules: Iterable[Module] | None = ()) -> None:
        super().__init__()
        self.extend(modules or ())

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
        delattr(self, key)

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
