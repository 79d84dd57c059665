"""The parts of a module by name, as the dictionaries that PyTorch keeps them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any


class Register(MutableMapping[str, Any]):
    """The parameters, buffers or modules that stand directly in a module. What is put in or taken out here is put in or
    taken out of the module: its attributes are the only register there is."""

    def __init__(self, module: Any, kind: type, own: Callable[[type], Iterator[tuple[str, Any]]]) -> None:
        self.module, self.kind, self.own = module, kind, own

    def __getitem__(self, name: str) -> Any:
        if name in vars(self.module) and vars(self.module)[name] is None:
            return None
        return dict(self.own(self.kind))[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, self.kind) and name not in self:
            vars(self.module).pop(name, None)  # what else has this name makes room
        setattr(self.module, name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        delattr(self.module, name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.own(self.kind))

    def __len__(self) -> int:
        return len(list(self.own(self.kind)))

    def __repr__(self) -> str:
        return repr(dict(self))
