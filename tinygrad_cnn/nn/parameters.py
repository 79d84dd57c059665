"""Lists and dictionaries of parameters that belong to the network."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from ..tensor import Tensor
from .module import Module
from .parameter import Parameter


class _Parameters(Module):
    """Parameters by name, in the order in which they came."""

    def _named(self) -> dict[str, Parameter]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}

    def _put(self, name: str, value: Any) -> None:
        self.register_parameter(name, Parameter(value) if type(value) is Tensor else value)

    def __len__(self) -> int:
        return len(self._named())

    def extra_repr(self) -> str:
        kinds = (f"  ({name}): Parameter of shape {tuple(p.shape)}, {p.dtype.name}" for name, p in self._named().items())
        return "".join(f"\n{kind}" for kind in kinds) + "\n" * bool(len(self))


class ParameterList(_Parameters):
    """A list of parameters; plain tensors become parameters."""

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        self.extend(() if values is None else values)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return list(self)[index]

    def __setitem__(self, index: int, value: Tensor) -> None:
        self._put(list(self._named())[index], value)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._named().values())

    def __iadd__(self, values: Iterable[Tensor]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Tensor) -> ParameterList:
        """Add a parameter at the end; returns the list."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Tensor]) -> ParameterList:
        """Add several at the end; returns the list."""
        if isinstance(values, Tensor):
            raise TypeError(f"ParameterList: values is a tensor of shape {values.shape}; give a list of tensors")
        for value in values:
            self.append(value)
        return self


class ParameterDict(_Parameters):
    """A dictionary of parameters; plain tensors become parameters."""

    def __init__(self, parameters: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]] | None = None) -> None:
        super().__init__()
        self.update(parameters or {})

    def __getitem__(self, key: str) -> Parameter:
        return self._named()[key]

    def __setitem__(self, key: str, value: Tensor) -> None:
        self._put(key, value)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __contains__(self, key: str) -> bool:
        return key in self._named()

    def items(self) -> ItemsView[str, Parameter]:
        """(name, parameter) of all."""
        return self._named().items()

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._named().keys()

    def values(self) -> ValuesView[Parameter]:
        """The parameters."""
        return self._named().values()

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of a name, or `default`."""
        return self._named().get(key, default)

    def pop(self, key: str) -> Parameter:
        """Take out the parameter of a name and return it."""
        found = self[key]
        del self[key]
        return found

    def clear(self) -> None:
        """Take out all parameters."""
        for key in self._named():
            del self[key]

    def update(self, parameters: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]]) -> None:
        """Add parameters, from a dictionary or (name, tensor) pairs; those of known names are replaced."""
        for key, value in dict(parameters).items():
            self[key] = value
