"""Lists and dictionaries of parameters that belong to the network."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, NoReturn

from ..tensor import Tensor
from .module import Module
from .parameter import Parameter


class _Parameters(Module):
    """Parameters by name, in the order in which they came; other objects may stand among them and belong to no network."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, None] = {}

    def _named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names}

    def _put(self, name: str, value: Any) -> None:
        setattr(self, name, Parameter(value) if type(value) is Tensor else value)
        self._names[name] = None

    def __len__(self) -> int:
        return len(self._names)

    def extra_repr(self) -> str:
        return "\n".join(f"  ({name}): {_described(value)}" for name, value in self._named().items())

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(f"{type(self).__name__}: it is called but holds parameters only; call a module that uses them")


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{value.dtype} of size {'x'.join(map(str, value.shape))}]"


class ParameterList(_Parameters):
    """A list of parameters; plain tensors become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(() if values is None else values)

    def __getitem__(self, idx: Any) -> Any:
        values = list(self)
        return type(self)(values[idx]) if isinstance(idx, slice) else values[idx]

    def __setitem__(self, idx: int, param: Any) -> None:
        self._put(list(self._names)[idx], param)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._named().values())

    def __iadd__(self, parameters: Iterable[Any]) -> ParameterList:
        return self.extend(parameters)

    def append(self, value: Any) -> ParameterList:
        """Add a parameter at the end; returns the list."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several at the end; returns the list."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(f"ParameterList: values is a {type(values).__name__}; give a list of tensors")
        for value in values:
            self.append(value)
        return self


class ParameterDict(_Parameters):
    """A dictionary of parameters; plain tensors become parameters."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self.update(parameters or {})

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(key, value)

    def __delitem__(self, key: str) -> None:
        del self._names[key]
        delattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._names)

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __or__(self, other: Any) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ror__(self, other: Any) -> ParameterDict:
        return ParameterDict(other) | self

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def items(self) -> ItemsView[str, Any]:
        """(name, parameter) of all."""
        return self._named().items()

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._names.keys()

    def values(self) -> ValuesView[Any]:
        """The parameters."""
        return self._named().values()

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of a name, or `default`."""
        return self._named().get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The parameter of a name, which becomes `default` where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        made = ParameterDict()
        for key, value in self.items():
            made[key] = value
        return made

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A dictionary with `default` under each of `keys`."""
        return ParameterDict((key, default) for key in keys)

    def pop(self, key: str) -> Any:
        """Take out the parameter of a name and return it."""
        found = self[key]
        del self[key]
        return found

    def popitem(self) -> tuple[str, Any]:
        """Take out the last parameter and return its name and it."""
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take out all parameters."""
        for key in list(self):
            del self[key]

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add parameters, from a dictionary or (name, tensor) pairs; those of known names are replaced. The names of a plain
        dictionary come in their alphabetical order, as PyTorch has it."""
        if not isinstance(parameters, Iterable):
            raise TypeError(f"ParameterDict: parameters is a {type(parameters).__name__}; give a dictionary or pairs")
        pairs: Any = parameters.items() if hasattr(parameters, "items") else parameters
        for key, value in sorted(pairs) if type(parameters) is dict else pairs:
            self[key] = value
