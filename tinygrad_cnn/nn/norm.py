"""Batch normalization (arXiv 1502.03167) in one, two and three dimensions."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd import no_grad
from ..creation import ones, tensor, zeros
from ..shapes import ShapeError
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter


class BatchNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel, x (n, num_features, ...).

    Training uses mean and biased variance of the batch, and moves `running_mean` and `running_var` (the unbiased one)
    towards them by `momentum`; momentum None keeps the plain average over all batches. Evaluation uses the running
    statistics. `affine` False leaves out weight and bias, `bias` False the bias alone; `track_running_stats` False
    always uses the batch.
    """

    ranks: ClassVar[tuple[int, ...]]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        size = (num_features,)
        self.weight = Parameter(ones(size, device=device, dtype=dtype)) if affine else None
        self.bias = Parameter(zeros(size, device=device, dtype=dtype)) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(size, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(size, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, device=device) if tracked else None)

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, running statistics forgotten."""
        self.reset_running_stats()
        with no_grad():
            if self.weight is not None:
                self.weight.fill_(1)
            if self.bias is not None:
                self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.normalize(x, relu=False)

    def normalize(self, x: Tensor, relu: bool) -> Tensor:
        """`forward`, with a ReLU in the same pass where `relu` says so."""
        if x.ndim not in self.ranks or x.shape[1] != self.num_features:
            shape = " or ".join(str(rank) for rank in self.ranks)
            raise ShapeError(f"{type(self).__name__}: input has shape {tuple(x.shape)} but {shape} axes with "
                             f"{self.num_features} channels in the second are needed; change the input or num_features")
        momentum = self._count_batch() if self.training else 0.0
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias,
                            self.training or self.running_mean is None, momentum, self.eps, relu=relu)

    def _count_batch(self) -> float:
        """One batch more; the weight of this batch in the running statistics."""
        if self.num_batches_tracked is None:
            return 0.0
        self.num_batches_tracked.add_(1)
        return 1 / float(self.num_batches_tracked.item()) if self.momentum is None else self.momentum

    def extra_repr(self) -> str:
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
                f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}")


class BatchNorm1d(BatchNorm):
    """Batch normalization of (n, c) or sequences (n, c, w), with PyTorch's arguments."""

    ranks = (2, 3)


class BatchNorm2d(BatchNorm):
    """Batch normalization of images (n, c, h, w), with PyTorch's arguments."""

    ranks = (4,)


class BatchNorm3d(BatchNorm):
    """Batch normalization of volumes (n, c, d, h, w), with PyTorch's arguments."""

    ranks = (5,)
