"""Losses."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class CrossEntropyLoss(Module):
    """-log softmax(x)[target] over axis 1: x (n, classes, ...), target int64 (n, ...); by default their mean.

    `reduction` is "mean", "sum" or "none"; targets equal to `ignore_index` count nowhere, not in the mean either.
    `label_smoothing` takes that share of probability from the target and spreads it over all classes. Class weights are
    not supported and raise.
    """

    def __init__(self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean",
                 label_smoothing: float = 0.0) -> None:
        super().__init__()
        F.check_cross_entropy("CrossEntropyLoss", weight, reduction, label_smoothing)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(x, target, None, self.ignore_index, self.reduction, self.label_smoothing)
