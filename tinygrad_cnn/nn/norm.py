"""Normalization of batches (arXiv 1502.03167), instances (arXiv 1607.08022), groups of channels (arXiv 1803.08494), last
axes (arXiv 1607.06450), and local response normalization."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from ..creation import ones, tensor, zeros
from ..grad_mode import no_grad, recomputing
from ..shapes import ShapeError
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter


class Tracking(Module):
    """What batch and instance normalization share: weight, bias and running statistics of `num_features` channels."""

    _version = 2
    ranks: ClassVar[tuple[int, ...]]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool,
                 device: Any, dtype: Any, bias: bool) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        size = (num_features,)
        self.weight, self.bias = _affine(size, affine, affine and bias, device, dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(size, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(size, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, device=device) if tracked else None)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any],
                              *rest: Any) -> None:
        """States that were written for inference, or before batches were counted, need not have the count."""
        if self.num_batches_tracked is not None and local_metadata.get("version", 1) < self._version:
            state_dict.setdefault(f"{prefix}num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, running statistics forgotten."""
        self.reset_running_stats()
        _start(self.weight, self.bias)

    def extra_repr(self) -> str:
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
                f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}")


def _affine(size: tuple[int, ...], weight: bool, bias: bool, device: Any,
            dtype: Any) -> tuple[Parameter | None, Parameter | None]:
    """(weight of ones, bias of zeros), None where not asked for."""
    return (Parameter(ones(size, device=device, dtype=dtype)) if weight else None,
            Parameter(zeros(size, device=device, dtype=dtype)) if bias else None)


def _start(weight: Parameter | None, bias: Parameter | None) -> None:
    """Weight 1, bias 0."""
    with no_grad():
        if weight is not None:
            weight.fill_(1)
        if bias is not None:
            bias.zero_()


class BatchNorm(Tracking):
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel, x (n, num_features, ...).

    Training uses mean and biased variance of the batch, and moves `running_mean` and `running_var` (the unbiased one)
    towards them by `momentum`; momentum None keeps the plain average over all batches. Evaluation uses the running
    statistics. `affine` False leaves out weight and bias, `bias` False the bias alone; `track_running_stats` False
    always uses the batch.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        return self.normalize(input, relu=False)

    def normalize(self, x: Tensor, relu: bool) -> Tensor:
        """`forward`, with a ReLU in the same pass where `relu` says so."""
        if x.ndim not in self.ranks or x.shape[1] != self.num_features:
            shape = " or ".join(str(rank) for rank in self.ranks)
            raise ShapeError(f"{type(self).__name__}: input has shape {tuple(x.shape)} but {shape} axes with "
                             f"{self.num_features} channels in the second are needed; change the input or num_features")
        moving = self.training and self.track_running_stats
        momentum = self._count_batch() if moving else 0.0
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias,
                            self.training or self.running_mean is None, momentum, self.eps, relu=relu)

    def _count_batch(self) -> float:
        """One batch more; the weight of this batch in the running statistics."""
        if self.num_batches_tracked is None or recomputing():
            return 0.0
        self.num_batches_tracked.add_(1)
        return 1 / float(self.num_batches_tracked.item()) if self.momentum is None else self.momentum


class BatchNorm1d(BatchNorm):
    """Batch normalization of (n, c) or sequences (n, c, w), with PyTorch's arguments."""

    ranks = (2, 3)


class BatchNorm2d(BatchNorm):
    """Batch normalization of images (n, c, h, w), with PyTorch's arguments."""

    ranks = (4,)


class BatchNorm3d(BatchNorm):
    """Batch normalization of volumes (n, c, d, h, w), with PyTorch's arguments."""

    ranks = (5,)


class SyncBatchNorm(BatchNorm):
    """Batch normalization over the batches of all processes, of which there is one: that of x (n, c, ...) of any rank.
    `process_group` is accepted and ignored."""

    ranks = (2, 3, 4, 5)

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, process_group: Any = None, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """`module` with a SyncBatchNorm, of the same parameters and buffers, for each BatchNorm in it."""
        if isinstance(module, BatchNorm):
            made: Module = cls(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats,
                               process_group)
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(made, name, getattr(module, name))
            return made.train(module.training)
        for name, child in module.named_children():
            module.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return module


class InstanceNorm(Tracking):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and variance of each channel of each sample.

    x is (n, num_features, ...) or a single sample (num_features, ...). With `track_running_stats` training moves the
    running statistics by `momentum`, and evaluation uses them. Without `affine` there is no weight, and any number of
    channels is taken.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = False,
                 track_running_stats: bool = False, device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        rank = self.ranks[0]
        if input.ndim not in (rank, rank - 1):
            raise ShapeError(f"{type(self).__name__}: input has shape {input.shape} but {rank} axes are needed, or "
                             f"{rank - 1} of a single sample; reshape it")
        if input.shape[1 - rank] != self.num_features:
            text = (f"{type(self).__name__}: input {input.shape} has {input.shape[1 - rank]} channels but "
                    f"{self.num_features} are needed; change the input or num_features")
            if self.affine:
                raise ShapeError(text)
            warnings.warn(text, stacklevel=3)
        batch = input if input.ndim == rank else input.unsqueeze(0)
        own = self.training or not self.track_running_stats
        out = F.instance_norm(batch, self.running_mean, self.running_var, self.weight, self.bias, own,
                              0.0 if self.momentum is None else self.momentum, self.eps)
        return out if input.ndim == rank else out[0]


class InstanceNorm1d(InstanceNorm):
    """Instance normalization of sequences (n, c, w) or (c, w), with PyTorch's arguments."""

    ranks = (3,)


class InstanceNorm2d(InstanceNorm):
    """Instance normalization of images (n, c, h, w) or (c, h, w), with PyTorch's arguments."""

    ranks = (4,)


class InstanceNorm3d(InstanceNorm):
    """Instance normalization of volumes (n, c, d, h, w) or (c, d, h, w), with PyTorch's arguments."""

    ranks = (5,)


class GroupNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and variance of each of `num_groups` groups of the `num_channels`
    channels of each sample of x (n, c, ...). Raises where the groups do not divide the channels."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups is {num_groups} for {num_channels} channels; use a divisor")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight, self.bias = _affine((num_channels,), affine, affine and bias, device, dtype)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _start(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
                f"bias={self.bias is not None}")


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and variance over the last axes of x, whose extents are
    `normalized_shape`."""

    def __init__(self, normalized_shape: int | Sequence[int], eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight, self.bias = _affine(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device,
                                         dtype)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _start(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
                f"bias={self.bias is not None}")


class RMSNorm(Module):
    """x / sqrt(mean of x ** 2 + eps) * weight, the mean over the last axes of x, whose extents are `normalized_shape`
    (arXiv 1910.07467). An `eps` of None is the smallest that counts beside 1."""

    def __init__(self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True,
                 device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight, _ = _affine(self.normalized_shape, elementwise_affine, False, device, dtype)

    def reset_parameters(self) -> None:
        """Weight 1."""
        _start(self.weight, None)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """x / (k + alpha * s) ** beta, s the sum of the squares in `size` neighboring channels, divided by `size` unless
    `average` is False, which is the formula of the AlexNet paper (section 3.3)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0, average: bool = True) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k, self.average = size, alpha, beta, k, average

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k, self.average)

    def extra_repr(self) -> str:
        text = f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
        return text if self.average else f"{text}, average=False"
