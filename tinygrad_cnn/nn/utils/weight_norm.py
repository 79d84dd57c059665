"""Weight normalization (Salimans and Kingma 2016, arXiv 1602.07868): a weight as a length times a direction."""

from __future__ import annotations

from typing import Any, TypeVar

from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


def normed(v: Tensor, dim: int | None) -> Tensor:
    """The Euclidean norms of `v` along `dim`, which stays with all other axes at extent 1; of all of it for None."""
    if dim is None or dim == -1:
        return (v * v).sum().sqrt()
    axes = [k for k in range(v.ndim) if k != dim % v.ndim]
    return (v * v).sum(axes, keepdim=True).sqrt() if axes else v.abs()


def composed(g: Tensor, v: Tensor, dim: int | None) -> Tensor:
    """g * v / |v|."""
    return v * (g / normed(v, dim))


class WeightNorm:
    """Computes the weight anew before every call."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def weight(self, module: Any) -> Tensor:
        """The weight by its present length and direction."""
        return composed(getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v"), self.dim)

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace the parameter `name` by `name`_g, its norms along `dim` (None: of all of it), and `name`_v, its direction;
    the weight is computed of both before every call. Returns the module."""
    if any(isinstance(h, WeightNorm) and h.name == name for h, _ in module.hooks.before.values()):
        raise RuntimeError(f"weight_norm: {name} of {type(module).__name__} is normalized already; call it once")
    weight = getattr(module, name)
    hook = WeightNorm(name, dim)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(normed(weight, dim).detach()))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    hook(module, None)
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again."""
    for key, (hook, _) in list(module.hooks.before.items()):
        if isinstance(hook, WeightNorm) and hook.name == name:
            weight = hook.weight(module).detach()
            for old in (name, f"{name}_g", f"{name}_v"):
                delattr(module, old)
            module.register_parameter(name, Parameter(weight))
            del module.hooks.before[key]
            return module
    raise ValueError(f"remove_weight_norm: {name} of {type(module).__name__} is not normalized; there is nothing to remove")
