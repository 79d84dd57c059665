"""U-Net (Ronneberger, Fischer and Brox, arXiv 1505.04597): segmentation of cells from few annotated images.

A contracting path of convolutions and pools finds out what is there; an expanding path of up-convolutions brings it back to
the pixels, and at each level gets the fine maps of the way down beside its own, cropped, because no convolution is padded.
So only pixels with full context are answered for (388x388 of 572x572), and images of any size are worked through in tiles.
The loss weighs the narrow background between touching cells, so that they come apart.
Exact here: 31,030,658 parameters for one input channel and two classes, 23 convolutions, and every size of the paper's
figure 1. The warping error of 0.000353 and the IoU of 92.0 and 77.6 % need the challenges' data and hidden labels; nobody
can repeat the paper's training from its text, which leaves out rate and epochs. The slides' 31.03M is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np

from ..functions import cat
from ..nn import functional as F
from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import ModuleList, Sequential
from ..nn.conv import Conv2d, ConvTranspose2d
from ..nn.dropout import Dropout
from ..nn.module import Module
from ..nn.pool import MaxPool2d
from ..shapes import ShapeError
from ..tensor import Tensor
from .registry import Paper, register

PAPER = Paper(2015, "U-Net: convolutional networks for biomedical image segmentation", "arXiv 1505.04597")

Labels = np.ndarray[tuple[int, ...], np.dtype[np.integer]]
Map = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


class DoubleConv(Sequential):
    """Two 3x3 convolutions, each with a ReLU: (n, in_channels, h, w) -> (n, out_channels, h - 4, w - 4), `padding` 0."""

    def __init__(self, in_channels: int, out_channels: int, padding: int = 0) -> None:
        super().__init__(
            Conv2d(in_channels, out_channels, 3, padding=padding), ReLU(),
            Conv2d(out_channels, out_channels, 3, padding=padding), ReLU(),
        )


class UpConv(ConvTranspose2d):
    """The 2x2 up-convolution: (n, in_channels, h, w) -> (n, in_channels / 2, 2 h, 2 w)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__(in_channels, in_channels // 2, 2, stride=2)


def center_crop(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of x (n, c, h, w), a view; where the margins cannot be equal, the one behind is larger by 1."""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top:top + height, left:left + width]


class UNet(Module):
    """The U of the paper's figure 1: (n, in_channels, 572, 572) -> (n, num_classes, 388, 388).

    `width` is the number of channels at the top, doubled at each of `depth` pools; `padding` 1 keeps the image's size;
    `dropout` acts at the bottom of the U. Every pool needs an even size; others raise.
    """

    def __init__(self, num_classes: int, in_channels: int, width: int, depth: int, padding: int, dropout: float) -> None:
        super().__init__()
        self.padding = padding
        widths = [width * 2**k for k in range(depth + 1)]
        self.down = ModuleList(DoubleConv(a, b, padding) for a, b in zip([in_channels, *widths], widths))
        self.pool, self.dropout = MaxPool2d(2), Dropout(dropout)
        self.up = ModuleList(UpConv(b) for b in reversed(widths[1:]))
        self.merge = ModuleList(DoubleConv(2 * a, a, padding) for a in reversed(widths[:-1]))
        self.out = Conv2d(width, num_classes, 1)
        self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        self._check(x.shape)
        skips: list[Tensor] = []
        for k, block in enumerate(self.down):
            x = block(self.pool(x) if k else x)
            skips.append(x)
        x = self.dropout(skips.pop())
        for up, merge in zip(self.up, self.merge):
            x = up(x)
            x = merge(cat([center_crop(skips.pop(), *x.shape[2:]), x], 1))
        return self.out(x)

    def output_size(self, size: int) -> int:
        """How many pixels come out, along one axis, where `size` go in; 0 for a size that the network does not take."""
        lost = 4 - 4 * self.padding  # by the two convolutions of a block
        for _ in self.up:
            size -= lost
            if size % 2:
                return 0
            size //= 2
        for _ in self.up:
            size = 2 * max(size - lost, 0)
        return max(size - lost, 0)

    def _check(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 4:
            raise ShapeError(f"unet: the input has {len(shape)} axes but 4 are needed; give (n, channels, height, width)")
        height, width = shape[2:]
        if not (self.output_size(height) and self.output_size(width)):
            fits = [next(n for n in count(size) if self.output_size(n)) for size in (height, width)]
            raise ValueError(f"unet: the image is {height}x{width} but every pooling needs an even size, and something must "
                             f"be left; mirror it beyond its border to {fits[0]}x{fits[1]}")


def _start(module: Module) -> None:
    """Section 3: normal with standard deviation sqrt(2 / N), N the number of incoming nodes of a neuron."""
    if isinstance(module, (Conv2d, ConvTranspose2d)) and module.bias is not None:
        init.kaiming_normal_(module.weight, nonlinearity="relu")
        init.zeros_(module.bias)


@register(input=(1, 572, 572), paper=PAPER)
def unet(num_classes: int = 2, in_channels: int = 1, width: int = 64, depth: int = 4, padding: int = 0,
         dropout: float = 0.5) -> UNet:
    """U-Net: (n, in_channels, 572, 572) -> (n, num_classes, 388, 388), a score for each class and pixel.

    `width` is the number of channels at the top and `depth` that of the pools; `padding` 1 (not the paper's) gives as many
    pixels as come in, and `dropout` is the probability at the bottom. Convolutions start normal with variance
    2 / fan_in. Raises ValueError for a size that does not stay even down to the last pool.
    """
    return UNet(num_classes, in_channels, width, depth, padding, dropout)


# ---- the loss, equations 1 and 2 -------------------------------------------------------------------------------------


def weight_map(cells: Labels, class_weights: Sequence[float] | None = None, w0: float = 10.0, sigma: float = 5.0) -> Map:
    """How much each pixel counts: w_c + w0 exp(-(d1 + d2)^2 / (2 sigma^2)), (h, w) in float32.

    `cells` (h, w) holds 0 in the background and another number in each cell. d1 and d2 are a background pixel's distances
    to the nearest and the second nearest cell, in pixels; within cells the term is left out, as it is with fewer than two
    cells. w_c is `class_weights` (background, cell), by default what lets both classes count the same in all.
    """
    inside = cells != 0
    if class_weights is None:
        class_weights = [inside.size / max(2 * int(n), 1) for n in (inside.size - inside.sum(), inside.sum())]
    weights = np.where(inside, class_weights[1], class_weights[0]).astype(np.float64)
    numbers = np.unique(cells[inside])
    if len(numbers) > 1:
        nearest = np.full((2, *cells.shape), np.inf)
        for number in numbers:
            d = distance_to(cells == number)
            nearest = np.sort([*nearest, d], axis=0)[:2]
        weights += np.where(inside, 0.0, w0 * np.exp(-nearest.sum(0) ** 2 / (2 * sigma**2)))
    return weights.astype(np.float32)


def distance_to(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The Euclidean distance of each pixel to the nearest one that is set in mask (h, w), exact; inf where none is set.

    First along the columns, then, of dx^2 plus the column's distance squared, the least along the rows.
    """
    height, width = mask.shape
    rows = np.arange(height, dtype=np.float64)[:, None]
    above = np.maximum.accumulate(np.where(mask, rows, -np.inf), 0)
    below = np.minimum.accumulate(np.where(mask, rows, np.inf)[::-1], 0)[::-1]
    column = np.minimum(rows - above, below - rows) ** 2
    found = column.copy()
    for dx in range(1, width):
        np.minimum(found[:, dx:], column[:, :-dx] + dx**2, out=found[:, dx:])
        np.minimum(found[:, :-dx], column[:, dx:] + dx**2, out=found[:, :-dx])
    return np.sqrt(found)


def weighted_cross_entropy(input: Tensor, target: Tensor, weight: Tensor, reduction: str = "mean") -> Tensor:
    """-weight * log softmax(input)[target], pixel by pixel: input (n, classes, h, w), target int64 and weight (n, h, w).

    `reduction` is "mean" over the pixels (whose number, not the sum of their weights, divides), "sum" as in the paper, or
    "none". Raises ValueError where target or weight have not the size of the input, which without padding is the crop
    `center_crop` takes.
    """
    size = (input.shape[0], *input.shape[2:])
    for name, given in (("target", target), ("weight", weight)):
        if given.shape != size:
            raise ValueError(f"weighted_cross_entropy: {name} has shape {given.shape} but the input {input.shape} needs "
                             f"{size}; crop it to the size of the network's output")
    losses = F.cross_entropy(input, target, reduction="none") * weight
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"weighted_cross_entropy: reduction is {reduction!r}; use 'mean', 'sum' or 'none'")
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()
