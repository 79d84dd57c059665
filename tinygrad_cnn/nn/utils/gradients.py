"""What is done to all parameters at once: limiting their gradients, and seeing them as one vector."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, prod
from typing import Any

from ...creation import tensor
from ...functions import cat, stack
from ...grad_mode import no_grad
from ...tensor import Tensor


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False, foreach: bool | None = None) -> Tensor:
    """Scale all gradients, in place, so that their norm as one vector is at most `max_norm`; returns what it was.

    `norm_type` is the p of the p-norm, inf for the largest element (arXiv 1211.5063, section 3.2). A norm that is not
    finite raises if `error_if_nonfinite`. `foreach` makes no difference.
    """
    gradients = _gradients(parameters)
    total = get_total_norm(gradients, norm_type, error_if_nonfinite, foreach)
    _scale(gradients, max_norm, total)
    return total


def get_total_norm(tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:
    """The norm of several tensors as one vector; 0 of none."""
    del foreach
    given, p = [tensors] if isinstance(tensors, Tensor) else list(tensors), float(norm_type)
    with no_grad():
        norms = [_norm(t.detach(), p) for t in given]
        total = _norm(stack([n.to(norms[0].device) for n in norms]), p) if norms else tensor(0.0)
    if error_if_nonfinite and not abs(float(total.item())) < inf:
        raise RuntimeError(f"clip_grad_norm_: the norm of order {p} of the gradients is {total.item()} and cannot be scaled; "
                           "pass error_if_nonfinite=False to go on all the same")
    return total


def clip_grads_with_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor,
                          foreach: bool | None = None) -> None:
    """Scale all gradients, in place, by max_norm / total_norm where that is below 1."""
    del foreach
    _scale(_gradients(parameters), max_norm, total_norm)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Limit each element of the gradients, in place, to between -clip_value and clip_value. `foreach` makes no difference."""
    del foreach
    with no_grad():
        for g in _gradients(parameters):
            g.copy_(g.clamp(-float(clip_value), float(clip_value)))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements, parameter after parameter, as one vector."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Overwrite the parameters by the elements of a vector."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: vec is a {type(vec).__name__}; give a tensor")
    begin = 0
    with no_grad():
        for p in parameters:
            size = prod(p.shape)
            p.copy_(vec[begin:begin + size].reshape(p.shape))
            begin += size


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in given if p.grad is not None]


def _norm(x: Tensor, p: float) -> Any:
    """The p-norm of all elements; of order 0 how many are not 0, of -inf the smallest."""
    x = x.abs().reshape(-1)
    if p in (inf, -inf):
        return x.max() if p > 0 else x.min()
    if p == 0:
        return (x != 0).to(x.dtype).sum()
    return (x * x).sum().sqrt() if p == 2 else x.sum() if p == 1 else (x**p).sum() ** (1 / p)


def _scale(gradients: list[Tensor], max_norm: float, total: Tensor) -> None:
    with no_grad():
        factor = (float(max_norm) / (total + 1e-6)).clamp(max=1.0)
        for g in gradients:
            g.mul_(factor.to(g.device))
