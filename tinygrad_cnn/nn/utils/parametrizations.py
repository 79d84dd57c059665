"""Weight and spectral normalization as parametrizations: keys are `parametrizations.weight.original...`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ...left_out import guard
from ...tensor import Tensor
from ..module import Module
from . import spectral
from .parametrize import register_parametrization
from .weight_norm import composed, normed

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    """(g, v) -> g * v / |v|."""

    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        return composed(g, v, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The lengths of a weight, and itself as the direction."""
        return normed(weight, self.dim), weight


class _SpectralNorm(Module):
    """weight -> weight / its largest singular value."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, steps: int, dim: int, eps: float) -> None:
        super().__init__()
        self.steps, self.dim, self.eps = steps, dim, eps
        matrix = spectral.as_matrix(weight.detach(), dim)
        u, v = spectral.start(matrix, eps)
        spectral.iterated(matrix, u, v, 15, eps)
        self.register_buffer("_u", u)
        self.register_buffer("_v", v)

    def forward(self, weight: Tensor) -> Tensor:
        matrix = spectral.as_matrix(weight, self.dim)
        spectral.iterated(matrix.detach(), self._u, self._v, self.steps if self.training else 0, self.eps)
        return weight / spectral.largest(matrix, self._u, self._v)

    def right_inverse(self, value: Tensor) -> Tensor:
        """A value is taken as it is."""
        return value


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """See `nn.utils.weight_norm`; `original0` are the lengths, `original1` is the direction."""
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
                  dim: int | None = None) -> M:
    """See `nn.utils.spectral_norm`; the power method has made 15 steps before the first call."""
    axis = spectral.axis_of(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(getattr(module, name), n_power_iterations, axis, eps))


if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("nn.utils.parametrizations", globals())
