"""Functions that are called on the way through a module and back, and the handles that take them off again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from ..autograd import Function
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]

_numbers = count()


class Handle:
    """What registering a hook returns. `remove()` takes the hook off; as a context manager it does so at the end."""

    def __init__(self, hooks: dict[int, Any], hook: Any, first: bool = False) -> None:
        self.hooks, self.id = hooks, next(_numbers)
        others = dict(hooks) if first else {}
        for key in others:
            del hooks[key]
        hooks[self.id] = hook
        hooks.update(others)

    def remove(self) -> None:
        """Take the hook off; nothing happens the second time."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one module. Those before and after `forward` stand beside whether they see keyword arguments."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Hook, bool]] = {}
        self.after: dict[int, tuple[Hook, bool, bool]] = {}
        self.backward_before: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.backward_before or self.backward)

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`module.forward` with all hooks."""
        told: set[int] = set()
        try:
            for hook, with_kwargs in list(self.before.values()):
                args, kwargs = _prepared(module, hook, with_kwargs, args, kwargs)
            passage = Passage(module, self) if self.backward or self.backward_before else None
            entered = args if passage is None else passage.enter(args)
            out = module.forward(*entered, **kwargs)
            for key, (hook, with_kwargs, _) in list(self.after.items()):
                told.add(key)
                changed = hook(module, args, kwargs, out) if with_kwargs else hook(module, args, out)
                out = out if changed is None else changed
            return out if passage is None else passage.leave(out)
        except BaseException:
            for key, (hook, with_kwargs, always) in self.after.items():
                if always and key not in told:
                    hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)
            raise


def _prepared(module: Module, hook: Hook, with_kwargs: bool, args: tuple[Any, ...],
              kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments after a hook that may change them."""
    changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
    if changed is None:
        return args, kwargs
    if with_kwargs:
        if not isinstance(changed, tuple) or len(changed) != 2:
            raise RuntimeError(f"{type(module).__name__}: a forward pre-hook returned a {type(changed).__name__}; with_kwargs "
                               "needs None or (args, kwargs)")
        return changed
    return (changed if isinstance(changed, tuple) else (changed,)), kwargs


class Passage:
    """One call of a module with backward hooks: its tensors pass through a node before and one behind it."""

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module, self.hooks, self.count = module, hooks, 0
        self.watched: list[int] = []
        self.arrived: tuple[Any, ...] = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with those that require grad behind a node."""
        self.count = len(args)
        self.watched = [k for k, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        return _through(Entrance(self), args, self.watched)

    def leave(self, out: Any) -> Any:
        """The result, with its tensors before a node."""
        outs = tuple(out) if isinstance(out, (tuple, list)) else (out,)
        found = _through(Exit(self), outs, [k for k, x in enumerate(outs) if isinstance(x, Tensor) and x.requires_grad])
        return type(out)(found) if isinstance(out, (tuple, list)) else found[0]

    def left(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the results have arrived."""
        for hook in list(self.hooks.backward_before.values()):
            changed = hook(self.module, grads)
            grads = grads if changed is None else changed if isinstance(changed, tuple) else (changed,)
        self.arrived = grads
        if not self.watched:
            self.entered((None,) * self.count)
        return grads

    def entered(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the arguments are known."""
        for hook in list(self.hooks.backward.values()):
            changed = hook(self.module, grads, self.arrived)
            grads = grads if changed is None else changed if isinstance(changed, tuple) else (changed,)
        return grads


class Gate(Function):
    """Tensors unchanged, on either side of a module."""

    view = True

    def __init__(self, passage: Passage) -> None:
        self.passage = passage

    def forward(self, *arrays: Any) -> Any:
        return arrays


class Entrance(Gate):
    """The arguments unchanged; on the way back, their gradients."""

    def backward(self, *grads: Any) -> Any:
        every: list[Any] = [None] * self.passage.count
        for place, g in zip(self.passage.watched, grads):
            every[place] = g
        found = self.passage.entered(tuple(every))
        return tuple(found[place] for place in self.passage.watched)


class Exit(Gate):
    """The results unchanged; on the way back, their gradients."""

    def backward(self, *grads: Any) -> Any:
        return self.passage.left(grads)


def _through(node: Function, values: tuple[Any, ...], places: list[int]) -> tuple[Any, ...]:
    """`values` with those at `places` passed through the node."""
    if not places:
        return values
    passed, found = node(*[values[k] for k in places]), list(values)
    for place, value in zip(places, passed):
        found[place] = value
    return tuple(found)
