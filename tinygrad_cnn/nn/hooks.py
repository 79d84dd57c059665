"""Functions that are called on the way through a module and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd import Function
from ..creation import zeros
from ..handles import Handle
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

__all__ = ["EVERY", "Handle", "Hook", "Hooked", "Hooks"]

Hook = Callable[..., Any]


CALLED = ("before", "after", "backward_before", "backward")  # the hooks of a call; the others are of a state


class Hooks:
    """The hooks of one module. Those before and after `forward` stand beside whether they see keyword arguments."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Hook, bool]] = {}
        self.after: dict[int, tuple[Hook, bool, bool]] = {}
        self.backward_before: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}
        self.full: bool | None = None  # which way of being called backward its hooks were registered for
        self.state_before: dict[int, Hook] = {}
        self.state_after: dict[int, Hook] = {}
        self.load_before: dict[int, Hook] = {}
        self.load_after: dict[int, Hook] = {}

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.backward_before or self.backward)  # asked at every call of a module

    def __or__(self, more: Hooks) -> Hooks:
        """These hooks and after them `more`."""
        both = Hooks()
        for kind in CALLED:
            getattr(both, kind).update(getattr(self, kind))
            getattr(both, kind).update(getattr(more, kind))
        return both

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
                changed = hook(module, *_told(args, kwargs, with_kwargs), out)
                out = out if changed is None else changed
            return out if passage is None else passage.leave(out)
        except BaseException:
            for key, (hook, with_kwargs, always) in self.after.items():
                if always and key not in told:
                    hook(module, *_told(args, kwargs, with_kwargs), None)
            raise


EVERY = Hooks()  # those of all modules


def register_module_forward_pre_hook(hook: Hook) -> Handle:
    """Call `hook(module, args)` before the `forward` of every module; see `Module.register_forward_pre_hook`."""
    return Handle(EVERY.before, (hook, False))


def register_module_forward_hook(hook: Hook, *, with_kwargs: bool = False, always_call: bool = False) -> Handle:
    """Call `hook(module, args, output)` after the `forward` of every module; see `Module.register_forward_hook`."""
    return Handle(EVERY.after, (hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Hook) -> Handle:
    """Call `hook(module, grad_output)` when the gradients of any module's results arrive."""
    return Handle(EVERY.backward_before, hook)


def register_module_full_backward_hook(hook: Hook) -> Handle:
    """Call `hook(module, grad_input, grad_output)` once the gradients of any module's arguments are known."""
    return Handle(EVERY.backward, hook)


register_module_backward_hook = register_module_full_backward_hook  # PyTorch's older name


def _told(args: tuple[Any, ...], kwargs: dict[str, Any], with_kwargs: bool) -> tuple[Any, ...]:
    """What a hook is told of the arguments."""
    return (args, kwargs) if with_kwargs else (args,)


def _prepared(module: Module, hook: Hook, with_kwargs: bool, args: tuple[Any, ...],
              kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments after a hook that may change them."""
    changed = hook(module, *_told(args, kwargs, with_kwargs))
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
        self.others: dict[int, Any] = {}
        self.arrived: tuple[Any, ...] | None = None

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with those that require grad behind a node."""
        self.count = len(args)
        self.watched = [k for k, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        if self.watched:
            self.others = {k: (x.shape, x.dtype, x.device) for k, x in enumerate(args) if isinstance(x, Tensor)}
        return _through(Entrance(self), args, self.watched)

    def leave(self, out: Any) -> Any:
        """The result, with its tensors before a node."""
        outs = tuple(out) if isinstance(out, (tuple, list)) else (out,)
        places = [k for k, x in enumerate(outs) if isinstance(x, Tensor) and x.requires_grad]
        found = _through(Exit(self), outs, places)
        return type(out)(found) if isinstance(out, (tuple, list)) else found[0]

    def left(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the results have arrived."""
        for hook in list(self.hooks.backward_before.values()):
            grads = self._changed("grad_output", grads, hook(self.module, grads))
        self.arrived = grads
        if not self.watched:
            self.entered((None,) * self.count)
        return grads

    def entered(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the arguments are known; nobody is told where they came past the results."""
        for hook in list(self.hooks.backward.values()) if self.arrived is not None else ():
            grads = self._changed("grad_input", grads, hook(self.module, grads, self.arrived))
        return grads

    def _changed(self, name: str, grads: tuple[Any, ...], returned: Any) -> tuple[Any, ...]:
        """The gradients after a hook that may return others."""
        if returned is None:
            return grads
        found = returned if isinstance(returned, tuple) else (returned,)
        if len(found) != len(grads):
            raise RuntimeError(f"{type(self.module).__name__}: a backward hook returned {len(found)} {name} but there are "
                               f"{len(grads)}; return one for each, or None")
        return found


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
        for place, (shape, dtype, device) in self.passage.others.items():
            every[place] = zeros(shape, dtype=dtype, device=device)
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


class Hooked:
    """What a module offers to those who want to be called."""

    @property
    def hooks(self) -> Hooks:
        """What is called before and after `forward`, and on the way back."""
        found: Hooks = vars(self).setdefault("_hooks", Hooks())
        return found

    def register_forward_pre_hook(self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False) -> Handle:
        """Call `hook(module, args)` before `forward`; what it returns, if not None, takes the place of the arguments.

        With `with_kwargs` it is `hook(module, args, kwargs)` and returns both. The handle's `remove()` takes it off.
        """
        return Handle(self.hooks.before, (hook, with_kwargs), prepend)

    def register_forward_hook(self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False,
                              always_call: bool = False) -> Handle:
        """Call `hook(module, args, output)` after `forward`; what it returns, if not None, takes the output's place.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`; with `always_call` it is called, with None for the
        output, even if `forward` raises.
        """
        return Handle(self.hooks.after, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Call `hook(module, grad_input, grad_output)` once the gradients of the arguments are known.

        Both are tuples, with None for what has no gradient; what the hook returns, if not None, takes the place of
        `grad_input`.
        """
        return Handle(self._for_backward(True), hook, prepend)

    def register_backward_hook(self, hook: Hook) -> Handle:
        """PyTorch's older way: the same, but no module may have hooks of both ways."""
        return Handle(self._for_backward(False), hook)

    def _for_backward(self, full: bool) -> dict[int, Hook]:
        if self.hooks.full is (not full):
            raise RuntimeError(f"{type(self).__name__}: it has backward hooks of the {'older' if full else 'newer'} way; "
                               "register all by register_full_backward_hook")
        self.hooks.full = full
        return self.hooks.backward

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Call `hook(module, grad_output)` when the gradients of the results arrive; it may return others."""
        return Handle(self.hooks.backward_before, hook, prepend)

    def register_state_dict_pre_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, prefix, keep_vars)` before the module's part of a state_dict is made."""
        return Handle(self.hooks.state_before, hook)

    def register_state_dict_post_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, state_dict, prefix, metadata)` once the module and all below are in the state_dict, which it
        may change but not replace."""
        return Handle(self.hooks.state_after, (hook, False))

    def register_load_state_dict_pre_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, state_dict, prefix, metadata, strict, missing_keys, unexpected_keys, error_msgs)` before a
        state is loaded: it may change the dictionary, a copy of the one given."""
        return Handle(self.hooks.load_before, hook)

    def register_load_state_dict_post_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, result)` once a state is loaded; it may change the lists of keys in the result."""
        return Handle(self.hooks.load_after, hook)

    def _register_load_state_dict_pre_hook(self, hook: Hook, with_module: bool = False) -> Handle:
        """PyTorch's older way, whose hooks need not be given the module."""
        return self.register_load_state_dict_pre_hook(hook if with_module else lambda module, *found: hook(*found))

    def _register_state_dict_hook(self, hook: Hook) -> Handle:
        """PyTorch's older way: what the hook returns, if not None, takes the place of the state_dict."""
        return Handle(self.hooks.state_after, (hook, True))

    def get_extra_state(self) -> Any:
        """A subclass may define it, and `set_extra_state(state)`: what it returns is saved with the module."""
        raise RuntimeError(f"{type(self).__name__}.get_extra_state: it is not defined; define it and set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Restore what `get_extra_state` returned."""
        raise RuntimeError(f"{type(self).__name__}.set_extra_state: it is not defined; define it and get_extra_state")
