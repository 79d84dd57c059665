"""Functions that move elements between channels and places, and those of classes and tables of vectors."""

from __future__ import annotations

from ... import shapes
from ...devices import kernels
from ...ops import arrange, composite, select
from ...ops.elementwise import apply
from ...ops.gather import checked
from ...ops.shape import reshape
from ...tensor import Tensor


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., c * r^2, h, w) as (..., c, h * r, w * r), r the factor (Shi et al. 2016, "Real-time single image and video
    super-resolution", section 3.2)."""
    return arrange.pixel_shuffle(input, upscale_factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., c, h * r, w * r) as (..., c * r^2, h, w), r the factor: the inverse of `pixel_shuffle`."""
    return arrange.pixel_unshuffle(input, downscale_factor)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels in turns from each of the groups (Zhang et al. 2018, "ShuffleNet", figure 1): (n, c, ...)."""
    n, c, *size = input.shape
    if groups < 1 or c % groups:
        raise shapes.ShapeError(f"channel_shuffle: groups {groups} for {c} channels; use a divisor of the channels")
    return input.reshape(n, groups, c // groups, *size).transpose(1, 2).reshape(input.shape)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 at the class that each int64 element names, else 0: shape (..., num_classes), as many as needed for -1.
    Raises RuntimeError for a class below 0 or beyond the last."""
    if tensor.dtype != shapes.INT64:
        raise shapes.KindError(f"one_hot: the classes have dtype {tensor.dtype.name} but int64 is needed; use x.long()")
    if num_classes == -1:
        if not tensor.numel():
            raise RuntimeError("one_hot: a tensor without elements names no classes, of which at least 1 is needed; give "
                               "num_classes")
        num_classes = int(kernels(tensor.array).download(tensor.array).max()) + 1
    if num_classes < 1 and tensor.numel():
        raise shapes.ShapeError(f"one_hot: num_classes is {num_classes} but at least 1 is needed; give more")
    return composite.one_hot(checked("one_hot", tensor, num_classes, tensor.ndim), num_classes, shapes.INT64)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
              norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:
    """The rows of `weight` (rows, features) that `input` names: (..., features). The row `padding_idx` receives no
    gradient. Raises IndexError outside of the rows."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise NotImplementedError(f"embedding: max_norm {max_norm}, scale_grad_by_freq {scale_grad_by_freq} and sparse "
                                  f"{sparse} are not supported; leave them out")
    if weight.ndim != 2:
        raise shapes.ShapeError(f"embedding: weight has shape {weight.shape} but two axes are needed; give (rows, features)")
    rows = weight.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise AssertionError(f"embedding: padding_idx is {padding_idx} but weight has {rows} rows; use {-rows} to {rows - 1}")
    picked = select.index_select(weight, 0, reshape(input, (input.numel(),)), "embedding")
    out = reshape(picked, (*input.shape, weight.shape[1]))
    if padding_idx is None:
        return out
    here = apply("eq", reshape(input, (*input.shape, 1)), padding_idx % rows)
    return apply("where", here, out.detach(), out)
