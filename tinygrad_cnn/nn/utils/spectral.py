"""Spectral normalization (Miyato et al. 2018, arXiv 1802.05957): a weight over its largest singular value."""

from __future__ import annotations

from typing import Any, TypeVar

from ...creation import randn
from ...grad_mode import no_grad
from ...tensor import Tensor
from ..conv import ConvTranspose
from ..functional import normalize
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight as (extent of `dim`, all others)."""
    return (weight if dim == 0 else weight.movedim(dim, 0)).flatten(1)


def iterated(matrix: Tensor, u: Tensor, v: Tensor, count: int, eps: float) -> None:
    """`count` steps of the power method, which turn u and v towards the singular vectors, in place."""
    with no_grad():
        for _ in range(count):
            v.copy_(normalize(matrix.t() @ u, dim=0, eps=eps))
            u.copy_(normalize(matrix @ v, dim=0, eps=eps))


def largest(matrix: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """u . matrix v, the largest singular value where u and v are its vectors."""
    return (u.clone() * (matrix @ v.clone())).sum()


def start(matrix: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Random directions to start from."""
    rows, columns = matrix.shape
    u, v = (normalize(randn(n, dtype=matrix.dtype, device=matrix.device), dim=0, eps=eps) for n in (rows, columns))
    return u, v


def axis_of(module: Module) -> int:
    """The axis of a layer's weight that its results lie along."""
    return 1 if isinstance(module, ConvTranspose) else 0


class SpectralNorm:
    """Computes the weight anew before every call, in training after a step or more of the power method."""

    def __init__(self, name: str, steps: int, dim: int, eps: float) -> None:
        self.name, self.n_power_iterations, self.dim, self.eps = name, steps, dim, eps

    def weight(self, module: Any, steps: int) -> Tensor:
        """The weight over its largest singular value."""
        original, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = as_matrix(original, self.dim)
        iterated(matrix.detach(), u, v, steps, self.eps)
        return original / largest(matrix, u, v)

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.weight(module, self.n_power_iterations if module.training else 0))


def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
                  dim: int | None = None) -> M:
    """Replace the parameter `name` by `name`_orig and the buffers `name`_u and `name`_v, which approach its first singular
    vectors; the weight is computed of them before every call. `dim` is the axis of the results (0, or 1 for transposed
    convolutions). Returns the module."""
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: n_power_iterations is {n_power_iterations} but must be at least 1")
    if any(isinstance(h, SpectralNorm) and h.name == name for h, _ in module.hooks.before.values()):
        raise RuntimeError(f"spectral_norm: {name} of {type(module).__name__} is normalized already; call it once")
    hook = SpectralNorm(name, n_power_iterations, axis_of(module) if dim is None else dim, eps)
    weight = getattr(module, name)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.detach())
    u, v = start(as_matrix(weight.detach(), hook.dim), eps)
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the weight, as it is now, a parameter again."""
    for key, (hook, _) in list(module.hooks.before.items()):
        if isinstance(hook, SpectralNorm) and hook.name == name:
            weight = hook.weight(module, 0).detach()
            for old in (name, f"{name}_orig", f"{name}_u", f"{name}_v"):
                delattr(module, old)
            module.register_parameter(name, Parameter(weight))
            del module.hooks.before[key]
            return module
    raise ValueError(f"remove_spectral_norm: {name} of {type(module).__name__} is not normalized; there is nothing to remove")
