"""Containers: Sequential and ModuleList."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar, overload

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
        for name in list(self._named())[index]:
            part.register_module(name, getattr(self, name))
        return part

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._named())[index], module)

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
            for name, module in modules[0].items():
                self.register_module(name, module)
        else:
            for k, given in enumerate(modules):
                self.register_module(str(k), given)  # type: ignore[arg-type]  # register_module says what is wrong

    def forward(self, x: Tensor) -> Tensor:
        return fused(*self)(x)


class ModuleList(_Numbered):
    """A list whose modules belong to the network; it has no `forward`."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)
