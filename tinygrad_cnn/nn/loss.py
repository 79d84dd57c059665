"""Losses."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class CrossEntropyLoss(Module):
    """-log softmax(x)[target] over axis 1, x (n, classes, ...), target int64 (n, ...); the mean over all targets by default.

    `reduction` is "mean", "sum" or "none"; targets equal to `ignore_index` count nowhere, not in the mean either.
    Class weights and label smoothing are not supported and raise.
    """

    def __init__(self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean",
                 label_smoothing: float = 0.0) -> None:
        super().__init__()
        F.check_cross_entropy("CrossEntropyLoss", weight, reduction, label_smoothing)
        self.ignore_index, self.reduction = ignore_index, reduction

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(x, target, ignore_index=self.ignore_index, reduction=self.reduction)
