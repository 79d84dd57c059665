"""Parameters computed of others: `register_parametrization(layer, "weight", Symmetric())`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ...grad_mode import no_grad
from ...tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)

_cache: dict[tuple[int, str], Tensor] | None = None


@contextmanager
def cached() -> Iterator[None]:
    """Within the block every parametrized tensor is computed once."""
    global _cache
    before, _cache = _cache, {} if _cache is None else _cache
    try:
        yield
    finally:
        _cache = before


class ParametrizationList(ModuleList):
    """Parametrizations one after another, and what the first of them takes: `original`, or `original0`, `original1`, ..."""

    def __init__(self, modules: Iterable[Module], original: Tensor) -> None:
        super().__init__(modules)
        value: Any = original.detach()
        for module in reversed(list(self)):
            value = module.right_inverse(value) if hasattr(module, "right_inverse") else value
        self.names = ["original"] if isinstance(value, Tensor) else [f"original{k}" for k in range(len(value))]
        for name, part in zip(self.names, [value] if isinstance(value, Tensor) else value):
            if isinstance(original, Parameter):
                self.register_parameter(name, Parameter(part.detach(), original.requires_grad))
            else:
                self.register_buffer(name, part)

    def forward(self) -> Any:
        first, *others = self
        value = first(*[getattr(self, name) for name in self.names])
        for module in others:
            value = module(value)
        return value

    def right_inverse(self, value: Tensor) -> None:
        """Make the parametrized tensor `value`, as far as the parametrizations can."""
        found: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"right_inverse: {type(module).__name__} has none, so that its result cannot be "
                                       "assigned; define right_inverse(self, value)")
                found = module.right_inverse(found)
            for name, part in zip(self.names, [found] if isinstance(found, Tensor) else found):
                getattr(self, name).copy_(part)


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """From now on the parameter or buffer `tensor_name` is what `parametrization` makes of it, computed when it is asked for.

    `parametrization(x)` keeps shape and dtype unless `unsafe`; a `right_inverse(value)` gives the x, or several tensors,
    of a value that is assigned. What it is computed of stands in `module.parametrizations`. Returns the module.
    """
    layer: Any = module
    if is_parametrized(module, tensor_name):
        layer.parametrizations[tensor_name].append(parametrization)
        return module
    original = dict((*module._own(Parameter), *module._own(Tensor))).get(tensor_name)
    if original is None:
        raise ValueError(f"register_parametrization: {type(module).__name__} has no parameter or buffer {tensor_name!r}; "
                         "name one that it has")
    made = ParametrizationList([parametrization], original)
    result = made()
    if not unsafe and (result.shape != original.shape or result.dtype != original.dtype):
        raise ValueError(f"register_parametrization: {tensor_name} has shape {original.shape} and dtype {original.dtype} but "
                         f"becomes {result.shape} and {result.dtype}; pass unsafe=True if that is meant")
    delattr(module, tensor_name)
    if not is_parametrized(module):
        kind = type(module)
        module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {"_unparametrized": kind})
        layer.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, _computed(tensor_name))
    layer.parametrizations[tensor_name] = made
    return module


def _computed(name: str) -> property:
    """The attribute `name` by its parametrizations."""

    def get(self: Any) -> Any:
        if _cache is None:
            return self.parametrizations[name]()
        if (id(self), name) not in _cache:
            _cache[id(self), name] = self.parametrizations[name]()
        return _cache[id(self), name]

    def put(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a parameter of the module, or the one of that name, is computed of others."""
    found = vars(module).get("parametrizations")
    return isinstance(found, ModuleDict) and (len(found) > 0 if tensor_name is None else tensor_name in found)


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make `tensor_name` a plain parameter or buffer again: as it is computed now, or the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"remove_parametrizations: {tensor_name} of {type(module).__name__} is not parametrized; name another")
    layer: Any = module
    made = layer.parametrizations[tensor_name]
    if not leave_parametrized and len(made.names) > 1:
        raise ValueError(f"remove_parametrizations: {tensor_name} is made of {len(made.names)} tensors, none of which can take "
                         "its place; pass leave_parametrized=True")
    original = getattr(made, made.names[0])
    value = made().detach() if leave_parametrized else original.detach()
    delattr(type(module), tensor_name)
    del layer.parametrizations[tensor_name]
    if not len(layer.parametrizations):
        del layer.parametrizations
        layer.__class__ = type(layer)._unparametrized
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, Parameter(value, original.requires_grad))
    else:
        module.register_buffer(tensor_name, value)
    return module
