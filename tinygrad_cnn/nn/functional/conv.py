"""Convolution and its transpose in one, two and three dimensions."""

from __future__ import annotations

from ...ops import conv as _conv
from ...ops import pad as _pad
from ...shapes import Shape, ShapeError, spatial
from ...tensor import Tensor
from .checks import Padding, Size, axes, batched, one_dtype


def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Padding = 0,
           dilation: Size = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of input (n, c, w) or (c, w) with weight (o, c / groups, k); `padding` may be "valid" or "same"."""
    return conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Padding = 0,
           dilation: Size = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of input (n, c, h, w) or (c, h, w) with weight (o, c / groups, i, j).

    `padding` may be "valid" or "same"."""
    return conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Padding = 0,
           dilation: Size = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of input (n, c, d, h, w) or (c, d, h, w) with weight (o, c / groups, i, j, k).

    `padding` may be "valid" or "same"."""
    return conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv(rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Size, padding: Padding, dilation: Size,
         groups: int, relu: bool = False) -> Tensor:
    """`conv1d`, `conv2d` or `conv3d`, by `rank`; with `relu`, max(., 0) in the same pass."""
    name = f"conv{rank}d"
    input, single = batched(name, input, rank)
    axes(name, "weight", weight, rank + 2)
    one_dtype(name, input, weight, bias)
    stride, dilation = spatial(name, "stride", stride, rank, 1), spatial(name, "dilation", dilation, rank, 1)
    if isinstance(padding, str):
        check_padding(name, padding, stride)
        input, amounts = _named_padding(input, padding, weight.shape[2:], dilation)
    else:
        amounts = spatial(name, "padding", padding, rank)
    out = _conv.conv(input, weight, bias, _conv.Window(stride, amounts, dilation, groups), relu)
    return out[0] if single else out


def check_padding(name: str, padding: Padding, stride: Shape) -> None:
    """Refuse a padding that is no word we know, or "same" with a stride."""
    if isinstance(padding, str) and padding not in ("valid", "same"):
        raise ShapeError(f"{name}: padding is {padding!r}; use 'valid', 'same' or numbers")
    if padding == "same" and any(s != 1 for s in stride):
        raise ShapeError(f"{name}: padding is 'same' with stride {stride} but a stride of 1 is needed; "
                         "give padding as numbers")


def _named_padding(input: Tensor, padding: str, kernel: Shape, dilation: Shape) -> tuple[Tensor, Shape]:
    """(input, padding on both sides): where "same" needs an odd amount, the input gets the odd zero behind its end."""
    if padding == "valid":
        return input, (0,) * len(kernel)
    total = tuple(d * (k - 1) for k, d in zip(kernel, dilation))
    if any(n % 2 for n in total):
        input = _pad.Pad(((0, 0), (0, 0), *((0, n % 2) for n in total)))(input)
    return input, tuple(n // 2 for n in total)


def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
                     output_padding: Size = 0, groups: int = 1, dilation: Size = 1) -> Tensor:
    """Transposed convolution of input (n, c, w) or (c, w) with weight (c, o / groups, k)."""
    return conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
                     output_padding: Size = 0, groups: int = 1, dilation: Size = 1) -> Tensor:
    """Transposed convolution of input (n, c, h, w) or (c, h, w) with weight (c, o / groups, i, j)."""
    return conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
                     output_padding: Size = 0, groups: int = 1, dilation: Size = 1) -> Tensor:
    """Transposed convolution of input (n, c, d, h, w) with weight (c, o / groups, i, j, k)."""
    return conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose(rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Size, padding: Size,
                   output_padding: Size, groups: int, dilation: Size) -> Tensor:
    """`conv_transpose1d`, `conv_transpose2d` or `conv_transpose3d`, by `rank`."""
    name = f"conv_transpose{rank}d"
    input, single = batched(name, input, rank)
    axes(name, "weight", weight, rank + 2)
    one_dtype(name, input, weight, bias)
    window = _conv.Window(spatial(name, "stride", stride, rank, 1), spatial(name, "padding", padding, rank),
                          spatial(name, "dilation", dilation, rank, 1), groups)
    out = _conv.conv_transpose(input, weight, bias, window, spatial(name, "output_padding", output_padding, rank))
    return out[0] if single else out
