"""Loading a state_dict: look for every fault first, then copy. A network is never left half loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..autograd import no_grad
from ..shapes import ShapeError
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

# Batch norm counts its batches, but files written for inference often leave the count out; PyTorch forgives that too.
OPTIONAL = "num_batches_tracked"
SHOWN = 12


class LoadResult(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"LoadResult(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def load(module: Module, state: Mapping[str, Any], strict: bool) -> LoadResult:
    """Copy `state` into `module`, or raise one error that lists all faults."""
    own = module.state_dict()
    missing = [key for key in own if key not in state and key.rpartition(".")[2] != OPTIONAL]
    unexpected = [key for key in state if key not in own]
    shared = [key for key in own if key in state]
    faults = [text for text in (_misfit(key, own[key], state[key]) for key in shared) if text]
    if strict:
        faults += [f"missing: {key} {tuple(own[key].shape)}" for key in missing]
        faults += [f"unexpected: {key} {tuple(state[key].shape)}" for key in unexpected]
    if faults:
        shown = "".join(f"\n  {text}" for text in faults[:SHOWN])
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ShapeError(f"load_state_dict: {len(faults)} of the keys do not fit {type(module).__name__}; "
                         f"{_remedy(missing, unexpected)}{shown}{more}")
    with no_grad():
        for key in shared:
            value = state[key]
            own[key].copy_(value.detach().to(own[key].device) if isinstance(value, Tensor) else value)
    return LoadResult(missing, unexpected)


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
