"""Windows as columns, and back."""

from __future__ import annotations

from ...ops import unfold as _unfold
from ...shapes import ShapeError, spatial
from ...tensor import Tensor
from .checks import Size, batched


def unfold(input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """The windows of input (n, c, h, w) or (c, h, w) as columns: (n, c * taps, windows), 0 in the padding."""
    input, single = batched("unfold", input, 2)
    out = _unfold.unfold(input, spatial("unfold", "kernel_size", kernel_size, 2, 1), spatial("unfold", "stride", stride, 2, 1),
                         spatial("unfold", "padding", padding, 2), spatial("unfold", "dilation", dilation, 2, 1))
    return out[0] if single else out


def fold(input: Tensor, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0,
         stride: Size = 1) -> Tensor:
    """Columns (n, c * taps, windows), or without n, added up to an image (n, c, *output_size): the adjoint of `unfold`."""
    if input.ndim not in (2, 3):
        raise ShapeError(f"fold: input has shape {input.shape} but (n, c * taps, windows) or (c * taps, windows) is needed; "
                         "reshape it")
    out = _unfold.fold(input if input.ndim == 3 else input.unsqueeze(0), spatial("fold", "output_size", output_size, 2, 1),
                       spatial("fold", "kernel_size", kernel_size, 2, 1), spatial("fold", "stride", stride, 2, 1),
                       spatial("fold", "padding", padding, 2), spatial("fold", "dilation", dilation, 2, 1))
    return out if input.ndim == 3 else out[0]
