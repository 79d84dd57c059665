"""Module: the base class of layers and networks. Its attributes are its structure; there is no other register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from ..shapes import FLOAT32, FLOAT64
from ..tensor import Tensor
from .parameter import Parameter, clear_grad, replace
from .state import LoadResult, load

M = TypeVar("M", bound="Module")
T = TypeVar("T")
Watcher = Callable[["Module", tuple[Any, ...], Any], None]

_watchers: list[Watcher] = []


@contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """Within the block `watcher(module, inputs, output)` is called after every module call, innermost first.

    Fusion is off meanwhile, so that every layer is seen. This is what `summary` and feature extraction are made of.
    """
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def watched() -> bool:
    """Whether somebody wants to see every module call."""
    return bool(_watchers)


class Module:
    """Base class of layers and networks.

    Assign a `Parameter`, a `Module` or, through `register_buffer`, a tensor to an attribute, and it becomes part of the
    network: it is trained, moved, saved and printed with it, in the order of first assignment. Subclasses define
    `forward`; call the module itself, not `forward`.
    """

    training: bool = True

    def _missing_forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: forward is not defined; define forward(self, x)")

    forward: Callable[..., Any] = _missing_forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        out = self.forward(*args, **kwargs)
        for watcher in _watchers:
            watcher(self, args, out)
        return out

    # ---- attributes --------------------------------------------------------------------------------------------------

    @property
    def _persistent(self) -> dict[str, bool]:
        """Names of the buffers; whether each is part of the state_dict."""
        found: dict[str, bool] = vars(self).setdefault("_buffer_names", {})
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        old = vars(self).get(name)
        buffer = Tensor if name in self._persistent else None
        kind = next((k for k in (Parameter, Module) if isinstance(old, k)), buffer)
        if kind is not None and value is not None and not isinstance(value, kind):
            raise TypeError(f"{type(self).__name__}: {name} is a {type(old).__name__} and cannot become a "
                            f"{type(value).__name__}; assign a {kind.__name__} or None, or delete it first")
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # as a typed method it would hide every misspelt attribute from the type checker

        def __getattr__(self, name: str) -> Any:
            near = get_close_matches(name, dir(self), 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'{hint}", name=name, obj=self)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the state but is not trained, such as a running mean.

        It is saved in the state_dict unless `persistent` is False.
        """
        self._register(name, tensor, Tensor)
        self._persistent[name] = persistent

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """The same as assigning the attribute; `name` may be computed."""
        self._register(name, parameter, Parameter)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as assigning the attribute; `name` may be computed, such as "0" or "denselayer1"."""
        self._register(name, module, Module)

    add_module = register_module

    def _register(self, name: str, value: Any, kind: type) -> None:
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{type(self).__name__}: {name} is a {type(value).__name__}; "
                            f"give a {kind.__name__} or None")
        if not name or "." in name or (name not in vars(self) and hasattr(type(self), name)):
            raise KeyError(f"{type(self).__name__}: {name!r} cannot name a {kind.__name__}; "
                           "use a name without dots that the class does not define")
        setattr(self, name, value)

    # ---- walking the tree --------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules directly below, each once."""
        return _once((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self) -> Iterator[Module]:
        """The modules directly below, each once."""
        return (module for _, module in self.named_children())

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """(path, module) of this module and all below, parents first."""
        return _once(self._walk(prefix)) if remove_duplicate else self._walk(prefix)

    def _walk(self, path: str) -> Iterator[tuple[str, Module]]:
        yield path, self
        for name, value in list(vars(self).items()):
            if isinstance(value, Module):
                yield from value._walk(_join(path, name))

    def modules(self) -> Iterator[Module]:
        """This module and all below, each once, parents first."""
        return (module for _, module in self.named_modules())

    def _own(self, kind: type[T]) -> Iterator[tuple[str, T]]:
        """Parameters or buffers of this module itself."""
        for name, value in list(vars(self).items()):
            if isinstance(value, kind) and (name in self._persistent) == (kind is Tensor):
                yield name, value

    def _members(self, kind: type[T], prefix: str, recurse: bool) -> Iterator[tuple[str, T]]:
        modules = self.named_modules(prefix) if recurse else iter([(prefix, self)])
        return _once((_join(path, name), value) for path, module in modules for name, value in module._own(kind))

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) of all parameters, each once, in the order of assignment."""
        return self._members(Parameter, prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once, in the order of assignment."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """(path, buffer) of all buffers, each once."""
        return self._members(Tensor, prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, path: str) -> Module:
        """The module at `path`, such as "layer1.0.conv2"; "" is this module."""
        module: Any = self
        for name in path.split(".") if path else ():
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"{type(self).__name__}: '{name}' in '{path}' is a {type(module).__name__}; "
                                     "name a Module")
        assert isinstance(module, Module)
        return module

    def apply(self: M, function: Callable[[Module], None]) -> M:
        """Call `function` on every module below and then on this one; returns this module."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # ---- modes, gradients, places ------------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Training mode for this module and all below: dropout drops, batch norm uses the batch. Returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze (False) or free (True) all parameters; returns this module."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self: M, *targets: Any, device: Any = None, dtype: Any = None) -> M:
        """Move to a device, to a floating dtype, or both; integer buffers keep their dtype. Returns this module."""
        for tensor in (*self.parameters(), *self.buffers()):
            moved = tensor.detach().to(*targets, device=device, dtype=dtype)
            if not tensor.is_floating_point():
                moved = tensor.detach().to(moved.device)
            elif not moved.is_floating_point():
                raise TypeError(f"{type(self).__name__}.to: dtype is {moved.dtype} but parameters are floating; "
                                "use float32 or float64")
            replace(tensor, moved)
            if tensor.grad is not None:
                tensor.grad = tensor.grad.detach().to(moved)
        return self

    def cpu(self: M) -> M:
        """To the CPU."""
        return self.to("cpu")

    def cuda(self: M) -> M:
        """To the GPU."""
        return self.to("cuda")

    def float(self: M) -> M:
        """To float32."""
        return self.to(FLOAT32)

    def double(self: M) -> M:
        """To float64."""
        return self.to(FLOAT64)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)

    # ---- saving ------------------------------------------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, Tensor]:
        """Parameters and persistent buffers by path: detached tensors that share the network's memory."""
        state = {}
        for path, module in self.named_modules(prefix.removesuffix("."), remove_duplicate=False):
            for name, parameter in module._own(Parameter):
                state[_join(path, name)] = parameter.detach()
            for name, buffer in module._own(Tensor):
                if module._persistent[name]:
                    state[_join(path, name)] = buffer.detach()
        return state

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> LoadResult:
        """Copy tensors (or NumPy arrays) into the network by path.

        All faults are reported in one error, before anything is copied. With `strict` False, missing and unexpected
        keys are only returned; wrong shapes and kinds of dtype are always errors.
        """
        return load(self, state, strict)

    # ---- printing ----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The arguments to print in the parentheses."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {module!r}".replace("\n", "\n  ") for name, module in vars(self).items()
                    if isinstance(module, Module)]
        extra = self.extra_repr()
        if not children:
            return f"{type(self).__name__}({extra})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(([extra] if extra else []) + children) + "\n)"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _once(pairs: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Each object at its first name only: tied weights are trained once."""
    seen: set[int] = set()
    for name, value in pairs:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
