"""Lengths of vectors, and angles and distances between them."""

from __future__ import annotations

from ...shapes import broadcast
from ...tensor import Tensor


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input / max(norm, eps), the `p`-norm over `dim`: vectors along it get a length of 1."""
    out: Tensor = input / input.norm(p, dim, keepdim=True).clamp_min(eps)
    return out


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between the vectors of `x1` and `x2`, broadcast, along `dim`; lengths below `eps` count as
    `eps`."""
    shape = broadcast("cosine_similarity", x1.shape, x2.shape)
    out: Tensor = (normalize(x1.expand(shape), 2.0, dim, eps) * normalize(x2.expand(shape), 2.0, dim, eps)).sum(dim)
    return out


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The `p`-norm of x1 - x2 + eps, broadcast, over the last axis; `eps` keeps it differentiable where both agree."""
    out: Tensor = (x1 - x2 + eps).norm(p, -1, keepdim)
    return out
