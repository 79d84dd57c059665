"""Fusion: neighbors that have a common kernel run as one. Results and keys stay those of the modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..tensor import Tensor
from . import functional as F
from .activation import ReLU
from .conv import Conv
from .hooks import EVERY
from .linear import Linear
from .module import Module, watched
from .norm import BatchNorm
from .pool import MaxPool

Step = Callable[[Tensor], Tensor]

_on = True


@contextmanager
def fusion(on: bool) -> Iterator[None]:
    """Within the block, `fused` and `Sequential` fuse (True, the default) or call module after module (False)."""
    global _on
    before, _on = _on, on
    try:
        yield
    finally:
        _on = before


def fused(*modules: Module) -> Step:
    """The modules one after another, as a function: `fused(conv, bn, relu)(x)`.

    These neighbors run as one: convolution, linear or batch norm with a ReLU behind; convolution with a batch norm that
    is in evaluation mode. A max pooling behind a ReLU goes first. The function owns nothing: build it where it is
    called, the network keeps the modules.
    """

    def run(x: Tensor) -> Tensor:
        start = 0
        while start < len(modules):
            step, length = _first(modules[start:start + 3], x) if _on and not (watched() or EVERY) else (modules[start], 1)
            x = step(x)
            start += length
        return x

    return run


def _first(modules: tuple[Module, ...], x: Tensor) -> tuple[Step, int]:
    """What to do with the modules in front, and how many that are."""
    head: Any
    second: Any
    third: Any
    head, second, third = (*modules, None, None)[:3]
    if _is(head, Conv) and _is(second, BatchNorm) and _folds(head, second, x):
        relu = _is(third, ReLU)
        return (lambda x: _folded(head, second, x, relu)), 2 + relu
    if not _is(second, ReLU):
        return head, 1
    if _is(third, MaxPool) and not third.return_indices:
        return (lambda x: third(head(x)).relu()), 3  # the maximum of max(., 0) is max(., 0) of the maximum: less to look at
    if _is(head, Conv):
        return (lambda x: head.convolve(x, head.weight, head.bias, relu=True)), 2
    if _is(head, BatchNorm):
        return (lambda x: head.normalize(x, relu=True)), 2
    if _is(head, Linear):
        return (lambda x: F.linear(x, head.weight, head.bias, relu=True)), 2
    return head, 1


def _is(module: Any, kind: Any) -> bool:
    """Whether `module` computes just what `kind` does: one with a forward or hooks of its own is left alone."""
    if not isinstance(module, kind) or type(module).forward is not kind.forward:
        return False
    own = vars(module)
    return "forward" not in own and not own.get("_hooks")


def _folds(conv: Any, bn: Any, x: Tensor) -> bool:
    """Whether the batch norm is a fixed scale and shift, and scaling the weight less work than scaling the result."""
    fits = bn.num_features == conv.out_channels and conv.rank + 2 in bn.ranks and x.ndim == conv.rank + 2
    return fits and not bn.training and bn.running_mean is not None and conv.weight.array.size < x.array.size


def _folded(conv: Any, bn: Any, x: Tensor, relu: bool) -> Tensor:
    """(w * x + b - mean) * scale + shift = (scale w) * x + (b - mean) scale + shift."""
    scale = (bn.running_var + bn.eps) ** -0.5
    scale = scale if bn.weight is None else scale * bn.weight
    bias = -bn.running_mean if conv.bias is None else conv.bias - bn.running_mean
    bias = bias * scale if bn.bias is None else bias * scale + bn.bias
    weight: Tensor = conv.weight * scale.reshape(-1, *(1,) * (conv.rank + 1))
    folded: Tensor = conv.convolve(x, weight, bias, relu)
    return folded
