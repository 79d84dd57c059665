"""PyTorch's places for the layers, which programs name: `nn.modules.batchnorm._BatchNorm`, `nn.modules.utils._pair`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import repeat
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..left_out import guard
from . import activation, containers, conv, distance, dropout, hooks, linear, loss, norm, pad, pool, unfold, upsample, vision
from . import module as module

_BatchNorm, _InstanceNorm, _NormBase, _ConvNd = norm.BatchNorm, norm.InstanceNorm, norm.Tracking, conv.ConvBase
_Loss, _WeightedLoss, _DropoutNd = loss.Loss, loss.WeightedLoss, dropout.DropoutBase


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """The function that makes a number a tuple of it n times, and leaves sequences as they are."""
    return lambda value: tuple(value) if isinstance(value, Iterable) else tuple(repeat(value, n))


_single, _pair, _triple, _quadruple = map(_ntuple, (1, 2, 3, 4))

PLACES: dict[str, Any] = {
    "activation": activation, "container": containers, "distance": distance, "flatten": linear,
    "fold": unfold, "linear": linear, "padding": pad, "pixelshuffle": vision, "pooling": pool,
    "sparse": vision, "upsampling": upsample, "normalization": norm,
    "module": {**vars(hooks), **vars(module)},
    "batchnorm": {"_BatchNorm": _BatchNorm, "_NormBase": _NormBase, **vars(norm)},
    "instancenorm": {"_InstanceNorm": _InstanceNorm, **vars(norm)},
    "dropout": {"_DropoutNd": _DropoutNd, **vars(dropout)},
    "conv": {"_ConvNd": _ConvNd, **vars(conv)},
    "loss": {"_Loss": _Loss, "_WeightedLoss": _WeightedLoss, **vars(loss)},
    "utils": {"_ntuple": _ntuple, "_single": _single, "_pair": _pair, "_triple": _triple, "_quadruple": _quadruple},
}
"""{PyTorch's place: the file of the same layers here, or the names in it}."""


def _at(name: str, names: Any) -> ModuleType:
    """The place as a module that can be imported."""
    if not isinstance(names, ModuleType):
        made = ModuleType(f"{__name__}.{name}", f"PyTorch's place: nn.modules.{name}.")
        vars(made).update({key: value for key, value in names.items() if not key.startswith("__")})
        names = made
    sys.modules[f"{__name__}.{name}"] = names
    return names


globals().update({name: _at(name, names) for name, names in PLACES.items()})
for _place in PLACES.values():
    globals().update({key: value for key, value in (_place if isinstance(_place, dict) else vars(_place)).items()
                      if isinstance(value, type) and issubclass(value, module.Module)})

if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("nn.modules", globals())
