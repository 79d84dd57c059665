"""Loading a state_dict: look for every fault first, then copy. A network is never left half loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..creation import tensor
from ..grad_mode import no_grad
from ..shapes import ShapeError
from ..tensor import Tensor
from .hooks import Hooked
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

# Batch norm counts its batches, but files written for inference often leave the count out; PyTorch forgives that too.
OPTIONAL = "num_batches_tracked"
EXTRA = "_extra_state"  # what a module adds of its own, by get_extra_state and set_extra_state
SHOWN = 12


class LoadResult(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"LoadResult(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def saved(module: Module, state: dict[str, Any], prefix: str, keep_vars: bool) -> dict[str, Any]:
    """Fill `state` with what `module` and all below are made of."""
    for hook in _hooks(module, "state_before"):
        hook(module, prefix, keep_vars)
    for name, t in module._state():
        state[prefix + name] = t if keep_vars else t.detach()
    if type(module).get_extra_state is not Hooked.get_extra_state:
        state[prefix + EXTRA] = module.get_extra_state()
    for name, child in module.parts():
        child.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook, replaces in _hooks(module, "state_after"):
        changed = hook(module, state, prefix, {})
        if changed is not None and not replaces:
            raise RuntimeError(f"state_dict: a post-hook of {type(module).__name__} returned a {type(changed).__name__} but "
                               "must return None; change the dictionary that it is given")
        state = state if changed is None else changed
    return state


def _hooks(module: Module, kind: str) -> list[Any]:
    found = vars(module).get("_hooks")  # which asking for `module.hooks` would make
    return [] if found is None else list(getattr(found, kind).values())


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool) -> LoadResult:
    """Copy `state` into `module`, or raise one error that lists all faults."""
    state = _prepared(module, state, strict)
    own = module.state_dict(keep_vars=True)
    missing = [key for key in own if key not in state and key.rpartition(".")[2] != OPTIONAL]
    unexpected = [key for key in state if key not in own]
    shared = [key for key in own if key in state]
    tensors = [key for key in shared if key.rpartition(".")[2] != EXTRA]
    faults = [text for text in (_misfit(key, own[key], state[key]) for key in tensors) if text]
    result = LoadResult(missing, unexpected)
    for each in module.modules():
        for hook in _hooks(each, "load_after"):
            hook(each, result)
    if strict:
        faults += [f"missing: {key}{_shape(own[key])}" for key in missing]
        faults += [f"unexpected: {key}{_shape(state[key])}" for key in unexpected]
    if faults:
        shown = "".join(f"\n  {text}" for text in faults[:SHOWN])
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ShapeError(f"load_state_dict: {len(faults)} of the keys do not fit {type(module).__name__}; "
                         f"{_remedy(missing, unexpected)}{shown}{more}")
    for key in shared:
        path, _, name = key.rpartition(".")
        owner: Any = module.get_submodule(path)
        if name == EXTRA:
            owner.set_extra_state(state[key])
        elif assign:
            setattr(owner, name, _in_place_of(own[key], state[key]))
        else:
            with no_grad():
                own[key].copy_(state[key].detach().to(own[key].device) if isinstance(state[key], Tensor) else state[key])
    return result


def _prepared(module: Module, state: Mapping[str, Any], strict: bool) -> Mapping[str, Any]:
    """The state after the hooks of all modules that want to change it."""
    changed = dict(state)
    for path, each in module.named_modules():
        prefix = f"{path}." if path else ""
        arguments: Any = changed, prefix, {}, strict, [], [], []
        for hook in _hooks(each, "load_before"):
            hook(each, *arguments)
        each._load_from_state_dict(*arguments)
    return changed


def _in_place_of(own: Tensor, value: Any) -> Tensor:
    """What takes the place of a parameter or buffer when a state is assigned."""
    given = value if isinstance(value, Tensor) else tensor(value)
    if not isinstance(own, Parameter) or isinstance(given, Parameter):
        return given
    return Parameter(given, own.requires_grad)


def _shape(value: Any) -> str:
    return f" {tuple(value.shape)}" if hasattr(value, "shape") else ""


def _misfit(key: str, own: Tensor, given: Any) -> str:
    """What is wrong with `given`, or nothing. float64 weights may enter a float32 network, integers may not."""
    if tuple(own.shape) != tuple(given.shape):
        return f"shape: {key} is {tuple(given.shape)} but the network has {tuple(own.shape)}"
    if own.dtype.kind != given.dtype.kind:
        return f"dtype: {key} is {given.dtype} but the network has {own.dtype}"
    return ""


def _remedy(missing: list[str], unexpected: list[str]) -> str:
    """Most often the network was wrapped when it was saved: then one prefix explains everything."""
    for longer, shorter, text in ((unexpected, missing, "remove the prefix {!r} from the keys"),
                                  (missing, unexpected, "add the prefix {!r} to the keys")):
        prefixes = [longer[0].removesuffix(key) for key in shorter if longer and longer[0].endswith("." + key)]
        if prefixes and all(key.startswith(prefixes[0]) for key in longer):
            return text.format(prefixes[0])
    return "build the network the file was saved from, or pass strict=False to load what is there"
