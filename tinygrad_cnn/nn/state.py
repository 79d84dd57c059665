"""Loading a state_dict: look for every fault first, then copy. A network is never left half loaded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..creation import tensor
from ..grad_mode import no_grad
from ..shapes import ShapeError
from ..tensor import Tensor
from .hooks import Hooked
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

EXTRA = "_extra_state"  # what a module adds of its own, by get_extra_state and set_extra_state
ASSIGN = "assign_to_params_buffers"  # in the metadata: whether tensors are put in place of a module's own
WAITING = "copies"  # in the metadata: the list of what will be done when all modules fit
SHOWN = 12


class LoadResult(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Stateful(Hooked):
    """A module's own part of a state_dict. Subclasses may define how it is saved and loaded, and raise `_version` when
    that changes: it is kept with the state."""

    _version: int = 1

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Put parameters, persistent buffers and extra state into `destination`."""
        module: Any = self
        for name, t in module._state():
            destination[prefix + name] = t if keep_vars else t.detach()
        if type(module).get_extra_state is not Hooked.get_extra_state:
            destination[prefix + EXTRA] = module.get_extra_state()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], strict: bool,
                              missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str]) -> None:
        """Take parameters, buffers and extra state from `state_dict`, or note what is wrong in the three lists.

        Under `load_state_dict` nothing is copied at once: that waits in `local_metadata` until all modules are looked at.
        """
        module: Any = self
        for hook in _hooks(module, "load_before"):
            hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own, copies = dict(module._state()), []
        for name, t in own.items():
            key = prefix + name
            fault = _misfit(key, t, state_dict[key]) if key in state_dict else None
            if fault:
                error_msgs.append(fault)
            elif key in state_dict:
                copies.append(partial(_put, module, name, state_dict[key], local_metadata.get(ASSIGN, False)))
            elif strict:
                missing_keys.append(key)
        extra = prefix + EXTRA
        if type(module).set_extra_state is not Hooked.set_extra_state:
            if extra in state_dict:
                copies.append(partial(module.set_extra_state, state_dict[extra]))
            elif strict:
                missing_keys.append(extra)
            own[EXTRA] = None
        if strict:
            known = {*own, *(f"{name}." for name, _ in module.parts())}
            unexpected_keys += [key for key in state_dict if key.startswith(prefix) and not known & set(_begins(key, prefix))]
        waiting = local_metadata.get(WAITING)
        for copy in copies:
            copy() if waiting is None else waiting.append(copy)


def saved(module: Module, state: dict[str, Any] | None, prefix: str, keep_vars: bool) -> dict[str, Any]:
    """Fill `state` with what `module` and all below are made of."""
    if state is None:
        state = OrderedDict()
        vars(state)["_metadata"] = OrderedDict()
    metadata = {"version": module._version}
    if hasattr(state, "_metadata"):
        state._metadata[prefix[:-1]] = metadata
    for hook in _hooks(module, "state_before"):
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(state, prefix, keep_vars)
    for name, child in module.parts():
        child.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook, replaces in _hooks(module, "state_after"):
        changed = hook(module, state, prefix, metadata)
        if changed is not None and not replaces:
            raise RuntimeError(f"{type(module).__name__}: a state_dict post-hook returned a {type(changed).__name__}; change "
                               "the state_dict in place and return None")
        state = state if changed is None else changed
    return state


def _hooks(module: Module, kind: str) -> list[Any]:
    found = vars(module).get("_hooks")  # which asking for `module.hooks` would make
    return [] if found is None else list(getattr(found, kind).values())


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool) -> LoadResult:
    """Copy `state` into `module`, or raise one error that lists all faults."""
    result, faults, waiting = LoadResult([], []), list[str](), list[Callable[[], None]]()
    versions = getattr(state, "_metadata", {})

    def look(part: Module, entries: dict[str, Any], prefix: str) -> None:
        metadata = {**versions.get(prefix[:-1], {}), WAITING: waiting, **({ASSIGN: True} if assign else {})}
        part._load_from_state_dict(entries, prefix, metadata, True, *result, faults)
        for name, child in part.parts():
            below = f"{prefix}{name}."
            look(child, {key: value for key, value in entries.items() if key.startswith(below)}, below)

    look(module, dict(state), "")
    hooks = [(each, hook) for each in reversed(list(module.modules())) for hook in _hooks(each, "load_after")]
    if faults or not hooks:
        _verdict(module, state, result, faults, strict)
    for copy in waiting:
        copy()
    for each, hook in hooks:
        if hook(each, result) is not None:
            raise AssertionError(f"{type(each).__name__}: a load_state_dict post-hook returned something; change the lists in "
                                 "place and return None")
    _verdict(module, state, result, [], strict)
    return result


def _verdict(module: Module, state: Mapping[str, Any], result: LoadResult, faults: list[str], strict: bool) -> None:
    """Raise where the state does not fit."""
    missing, unexpected = result
    if not faults and not (strict and (missing or unexpected)):
        return
    if strict:
        own = module.state_dict(keep_vars=True)
        faults = [*faults, *(f"missing: {key}{_shape(own.get(key))}" for key in missing),
                  *(f"unexpected: {key}{_shape(state.get(key))}" for key in unexpected)]
    shown = "".join(f"\n  {text}" for text in faults[:SHOWN])
    more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    raise ShapeError(f"load_state_dict: {len(faults)} of the keys do not fit {type(module).__name__}; "
                     f"{_remedy(missing, unexpected)}{shown}{more}")


def _begins(key: str, prefix: str) -> tuple[str, str]:
    """What of `key` behind `prefix` may be the name of a parameter, and of a module."""
    rest = key[len(prefix):]
    return rest, rest.partition(".")[0] + "."


def _put(module: Any, name: str, value: Any, assign: bool) -> None:
    """Copy `value` into a parameter or buffer, or let it take its place."""
    own = vars(module)[name]
    given = value if isinstance(value, Tensor) else tensor(value)
    if not assign:
        with no_grad():
            own.copy_(given.detach().to(own.device))
    elif isinstance(own, Parameter) and not isinstance(given, Parameter):
        setattr(module, name, Parameter(given, own.requires_grad))
    else:
        setattr(module, name, given.requires_grad_(own.requires_grad) if isinstance(own, Parameter) else given)


def _shape(value: Any) -> str:
    return f" {tuple(value.shape)}" if hasattr(value, "shape") else ""


def _misfit(key: str, own: Tensor, given: Any) -> str:
    """What is wrong with `given`, or nothing; of another dtype it is converted."""
    if not hasattr(given, "shape"):
        return f"kind: {key} is a {type(given).__name__} but a tensor or an array is needed"
    if tuple(own.shape) != tuple(given.shape):
        return f"shape: {key} is {tuple(given.shape)} but the network has {tuple(own.shape)}"
    return ""


def _remedy(missing: list[str], unexpected: list[str]) -> str:
    """Most often the network was wrapped when it was saved: then one prefix explains everything."""
    for longer, shorter, text in ((unexpected, missing, "remove the prefix {!r} from the keys"),
                                  (missing, unexpected, "add the prefix {!r} to the keys")):
        prefixes = [longer[0].removesuffix(key) for key in shorter if longer and longer[0].endswith("." + key)]
        if prefixes and all(key.startswith(prefixes[0]) for key in longer):
            return text.format(prefixes[0])
    return "build the network the file was saved from, or pass strict=False to load what is there"
