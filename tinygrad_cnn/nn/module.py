"""Module: the base class of layers and networks. Its attributes are its structure; there is no other register."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from ..creation import empty
from ..shapes import FLOAT32, FLOAT64, ShapeError
from ..tensor import Tensor
from .hooks import EVERY
from .parameter import Parameter, clear_grad, replace
from .registers import Register
from .state import LoadResult, Stateful, load, saved

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


class Module(Stateful):
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
        hooks = vars(self).get("_hooks")
        if EVERY:
            hooks = EVERY | hooks if hooks else EVERY
        try:
            out = hooks.call(self, args, kwargs) if hooks else self.forward(*args, **kwargs)
        except ShapeError as error:
            made_for = vars(self).get("_made_for")  # a network of `models` says what it takes
            if made_for is None:
                raise
            raise made_for.refusal(args, error) from error
        for watcher in _watchers:
            watcher(self, args, out)
        return out

    # ---- attributes --------------------------------------------------------------------------------------------------

    def __init__(self) -> None:
        vars(self).setdefault("_buffer_names", {})

    @property
    def _persistent(self) -> dict[str, bool]:
        """Names of the buffers; whether each is part of the state_dict."""
        found: dict[str, bool] = vars(self).get("_buffer_names", {})
        return found

    _non_persistent_buffers_set = property(lambda self: {name for name, kept in self._persistent.items() if not kept})

    def __setattr__(self, name: str, value: Any) -> None:
        old = vars(self).get(name)
        buffer = Tensor if name in self._persistent else None
        kind = next((k for k in (Parameter, Module) if isinstance(old, k)), buffer)
        if kind is not None and value is not None and not isinstance(value, kind):
            raise TypeError(f"{type(self).__name__}: {name} is a {type(old).__name__} and cannot become a "
                            f"{type(value).__name__}; assign a {kind.__name__} or None, or delete it first")
        if isinstance(value, (Parameter, Module)):
            self._begun("a parameter or module")
        super().__setattr__(name, value)

    def _begun(self, what: str) -> None:
        """Refuse parts of a module that is none yet."""
        if "_buffer_names" not in vars(self):
            raise AttributeError(f"{type(self).__name__}: {what} is assigned before Module.__init__() is called; call "
                                 "super().__init__() first")

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._persistent.pop(name, None)

    if not TYPE_CHECKING:  # as a typed method it would hide every misspelt attribute from the type checker

        def __getattr__(self, name: str) -> Any:
            # Python itself asks for __deepcopy__ and the like, of every module; those are nobody's typing errors.
            near = [] if name.startswith("__") else get_close_matches(name, dir(self), 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'{hint}", name=name, obj=self)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the state but is not trained, such as a running mean.

        It is saved in the state_dict unless `persistent` is False.
        """
        self._begun("a buffer")
        self._register(name, tensor, Tensor)
        self._persistent[name] = persistent

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """The same as assigning the attribute; `name` may be computed."""
        self._register(name, param, Parameter)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as assigning the attribute; `name` may be computed, such as "0" or "denselayer1"."""
        self._register(name, module, Module)

    add_module = register_module

    def _register(self, name: str, value: Any, kind: type) -> None:
        if not isinstance(name, str) or (value is not None and not isinstance(value, kind)):
            raise TypeError(f"{type(self).__name__}: {name} is a {type(value).__name__}; "
                            f"give a {kind.__name__} or None")
        old = vars(self).get(name)
        fits = isinstance(old, kind) and (kind is not Tensor or name in self._persistent)
        taken = hasattr(type(self), name) if name not in vars(self) else old is not None and not fits
        if not name or "." in name or taken:
            raise KeyError(f"{type(self).__name__}: {name!r} cannot name a {kind.__name__}; "
                           "use a name without dots that nothing else has")
        setattr(self, name, value)

    _parameters = property(lambda self: Register(self, Parameter, self._own))
    _buffers = property(lambda self: Register(self, Tensor, self._own))
    _modules = property(lambda self: Register(self, Module, self._own))

    # ---- walking the tree --------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules directly below, each once."""
        return _once((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self) -> Iterator[Module]:
        """The modules directly below, each once."""
        return (module for _, module in self.named_children())

    def named_modules(self, memo: set[Any] | None = None, prefix: str = "",
                      remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """(path, module) of this module and all below, parents first. Those in `memo` are left out, and added to it."""
        return _once(self._walk(prefix), memo) if remove_duplicate else self._walk(prefix)

    def _walk(self, path: str) -> Iterator[tuple[str, Module]]:
        yield path, self
        for name, value in list(vars(self).items()):
            if isinstance(value, Module):
                yield from value._walk(_join(path, name))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below, each once unless told otherwise, parents first."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def _own(self, kind: type[T]) -> Iterator[tuple[str, T]]:
        """Parameters or buffers of this module itself."""
        for name, value in list(vars(self).items()):
            if isinstance(value, kind) and (name in self._persistent) == (kind is Tensor):
                yield name, value

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """What of this module itself is saved: the parameters, then the persistent buffers."""
        yield from self._own(Parameter)
        yield from ((name, buffer) for name, buffer in self._own(Tensor) if self._persistent[name])

    def parts(self) -> list[tuple[str, Module]]:
        """(name, module) of the modules directly below; one that is used twice is there twice."""
        return list(self._own(Module))

    def _members(self, kind: type[T], prefix: str, recurse: bool, once: bool = True) -> Iterator[tuple[str, T]]:
        modules = self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else iter([(prefix, self)])
        found = ((_join(path, name), value) for path, module in modules for name, value in module._own(kind))
        return _once(found) if once else found

    def named_parameters(self, prefix: str = "", recurse: bool = True,
                         remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) of all parameters, each once unless told otherwise, in the order of assignment."""
        return self._members(Parameter, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once, in the order of assignment."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True,
                      remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
        """(path, buffer) of all buffers, each once unless told otherwise."""
        return self._members(Tensor, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at the path `target`, such as "layer1.0.conv2"; "" is this module."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"{type(self).__name__}: '{name}' in '{target}' is a {type(module).__name__}; "
                                     "name a Module")
        assert isinstance(module, Module)
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a path such as "layer1.0.conv1"; with `strict` only where there is one already."""
        path, _, name = target.rpartition(".")
        if not target or not isinstance(module, Module):
            raise ValueError(f"{type(self).__name__}.set_submodule: target is {target!r} and module a {type(module).__name__}; "
                             "give a path and a Module")
        if strict:
            self.get_submodule(target)
        self.get_submodule(path).register_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as "layer1.0.weight"."""
        return self._member(target, Parameter)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as "layer1.1.running_mean"."""
        return self._member(target, Tensor)

    def _member(self, target: str, kind: type[T]) -> T:
        path, _, name = target.rpartition(".")
        for found, value in self.get_submodule(path)._own(kind):
            if found == name:
                return value
        raise AttributeError(f"{type(self).__name__}: '{target}' is no {'parameter' if kind is Parameter else 'buffer'}; "
                             "see named_parameters() and named_buffers()")

    def apply(self: M, fn: Callable[[Module], None]) -> M:
        """Call `fn` on every module below and then on this one; returns this module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # ---- modes, gradients, places ------------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Training mode for this module and all below: dropout drops, batch norm uses the batch. Returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"{type(self).__name__}.train: mode is {mode!r} but a bool is needed; use True or False")
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

    def to(self: M, *targets: Any, device: Any = None, dtype: Any = None, non_blocking: Any = False,
           memory_format: Any = None) -> M:
        """Move to a device, to a floating dtype, or both; integer buffers keep their dtype. Returns this module.

        `non_blocking` and `memory_format` make no difference."""
        del non_blocking, memory_format
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

    def cuda(self: M, device: Any = None) -> M:
        """To the GPU."""
        return self.to("cuda" if device is None or isinstance(device, int) else device)

    def type(self: M, dst_type: Any) -> M:
        """To a dtype, or to one of PyTorch's old types such as FloatTensor."""
        like = empty(0).type(dst_type)
        return self.to(device=like.device, dtype=like.dtype)

    def compile(self, *args: Any, **options: Any) -> None:
        """Nothing: kernels are compiled when they are first met."""

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """To a device without the numbers: those are whatever its memory held."""
        for tensor in (*self.parameters(recurse), *self.buffers(recurse)):
            replace(tensor, empty(tensor.shape, dtype=tensor.dtype, device=device))
        return self

    def float(self: M) -> M:
        """To float32."""
        return self.to(FLOAT32)

    def double(self: M) -> M:
        """To float64."""
        return self.to(FLOAT64)

    def half(self: M) -> M:
        """Refused: there is no float16 here."""
        raise NotImplementedError(f"{type(self).__name__}.half: dtype is float16 but only float32 and float64 are computed "
                                  "with; use float()")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)

    # ---- saving ------------------------------------------------------------------------------------------------------

    def state_dict(self, *args: Any, destination: dict[str, Any] | None = None, prefix: str = "",
                   keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers by path: detached tensors that share the network's memory.

        With `keep_vars` they are the parameters and buffers themselves. A `destination` is filled and returned. The three
        may be given in PyTorch's old order too.
        """
        return saved(self, *(*args, *(destination, prefix, keep_vars)[len(args):]))

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> LoadResult:
        """Copy tensors (or NumPy arrays) into the network by path; with `assign` they take the place of its own.

        All faults are reported in one error, before anything is copied. With `strict` False, missing and unexpected
        keys are only returned; wrong shapes are always errors.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict: state_dict is a {type(state_dict).__name__}; give a dictionary of tensors")
        return load(self, state_dict, strict, assign)

    # ---- printing ----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The arguments to print in the parentheses."""
        return ""

    def _printed(self) -> list[tuple[str, str]]:
        """(name, what is printed) of the modules directly below."""
        return [(name, repr(module)) for name, module in vars(self).items() if isinstance(module, Module)]

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        children = [f"({name}): {text}".replace("\n", "\n  ") for name, text in self._printed()]
        extra = self.extra_repr().splitlines()
        if not children and len(extra) <= 1:
            return f"{self._get_name()}({''.join(extra)})"
        return f"{self._get_name()}(\n  " + "\n  ".join(extra + children) + "\n)"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _once(pairs: Iterator[tuple[str, Any]], seen: set[Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Each object at its first name only: tied weights are trained once."""
    seen = set() if seen is None else seen
    for name, value in pairs:
        if value not in seen:
            seen.add(value)
            yield name, value
