"""Fully convolutional networks (Long, Shelhamer and Darrell, arXiv 1411.4038): a classifier that answers for every pixel.

A dense layer on a map of 7x7 is a 7x7 convolution, so VGG-16 can slide over an image of any size and give a coarse map of
scores, one for each 32nd pixel; bilinear interpolation, written as a transposed convolution, brings it to the pixels. What
is lost in pooling comes back by adding scores of the finer maps of the fourth pool (16s) and of the third one (8s), zero at
first, so that each network starts as the coarser one. A border of 100 pixels keeps even the smallest image in the picture.
Exact here: 134,346,581, 134,357,354 and 134,362,751 trained parameters (the paper's 134M), fixed interpolation kernels not
counted, and the crops of the authors' code: 19; 5, 27; 5, 9, 31. The paper lets kernels learn, that code does not. The mean
IU of 59.4, 62.4 and 62.7 needs PASCAL VOC and the ImageNet weights of VGG-16.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..creation import tensor
from ..grad_mode import no_grad
from ..nn import functional as F
from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d, ConvTranspose2d
from ..nn.dropout import Dropout
from ..nn.fused import fused
from ..nn.module import Module
from ..nn.pool import MaxPool2d
from ..tensor import Tensor
from .registry import Paper, register
from .vgg import WIDTHS, D, vgg_features

PAPER = Paper(2014, "Fully convolutional networks for semantic segmentation", "arXiv 1411.4038")

CROPS = {32: 19, 16: 27, 8: 31}
"""How far from the upper left corner the image begins in the upsampled scores, by stride."""


class BilinearUpsampling(ConvTranspose2d):
    """Bilinear interpolation as a fixed transposed convolution: (n, c, h, w) -> (n, c, f h + f, f w + f), f the `factor`.

    The kernel (c, c, 2 f, 2 f) does not require grad, and is zero between different channels.
    """

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__(channels, channels, 2 * factor, stride=factor, bias=False)
        self.weight.requires_grad = False

    def reset_parameters(self) -> None:
        """Triangles of width 2 f in height and width, for each channel by itself."""
        size = self.kernel_size[0]
        triangle = 1 - np.abs(np.arange(size) - (size - 1) / 2) / self.stride[0]
        kernel = np.eye(self.in_channels)[:, :, None, None] * np.outer(triangle, triangle)
        with no_grad():
            self.weight.copy_(tensor(kernel, dtype=self.weight.dtype, device=self.weight.device))


def crop(x: Tensor, offset: int, like: Tensor) -> Tensor:
    """The part of x (n, c, h, w) that begins at (offset, offset) and has the height and width of `like`; a view."""
    height, width = like.shape[2:]
    return x[:, :, offset:offset + height, offset:offset + width]


class FCN(Module):
    """VGG-16 without its last layer, as convolutions, and upsampling from `stride` 32, 16 or 8; see `fcn32s`.

    `width` is the number of channels of the first stage and `hidden` that of the two dense layers, 64 and 4096 in the paper.
    """

    def __init__(self, stride: int, num_classes: int, in_channels: int, dropout: float, width: int, hidden: int) -> None:
        super().__init__()
        self.stride = stride
        widths = [w * width // WIDTHS[0] for w in WIDTHS]
        self.features = vgg_features(D, in_channels, widths=widths)
        _surgery(self.features)
        self.fc6, self.relu6, self.drop6 = Conv2d(widths[4], hidden, 7), ReLU(), Dropout(dropout)
        self.fc7, self.relu7, self.drop7 = Conv2d(hidden, hidden, 1), ReLU(), Dropout(dropout)
        self.apply(_he)
        self.score_fr = _score(hidden, num_classes)
        if stride <= 16:
            self.upscore2, self.score_pool4 = BilinearUpsampling(num_classes, 2), _score(widths[3], num_classes)
        if stride <= 8:
            self.upscore_pool4, self.score_pool3 = BilinearUpsampling(num_classes, 2), _score(widths[2], num_classes)
        # Named by its stride, so that `load_state_dict(strict=False)` takes the weights of the coarser network.
        self.register_module(f"upscore{stride}", BilinearUpsampling(num_classes, stride))

    def forward(self, x: Tensor) -> Tensor:
        pool3, pool4, pool5 = self._pools(x)
        y = fused(self.fc6, self.relu6, self.drop6, self.fc7, self.relu7, self.drop7)(pool5)
        scores = self.score_fr(y)
        if self.stride <= 16:
            scores = self.upscore2(scores)
            scores = scores + crop(self.score_pool4(pool4), 5, scores)
        if self.stride <= 8:
            scores = self.upscore_pool4(scores)
            scores = scores + crop(self.score_pool3(pool3), 9, scores)
        return crop(self.get_submodule(f"upscore{self.stride}")(scores), CROPS[self.stride], x)

    def _pools(self, x: Tensor) -> list[Tensor]:
        """The maps behind the third, fourth and fifth pool."""
        found, start = [], 0
        for end, layer in enumerate(self.features, 1):
            if isinstance(layer, MaxPool2d):
                x, start = self.features[start:end](x), end
                found.append(x)
        return found[2:]

    def load_vgg16(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state_dict of a `vgg16`: convolutions as they are, dense layers as convolutions ("net surgery").

        The last dense layer is left out. Raises ValueError, and loads nothing, where the state is that of another network.
        """
        dense = {"fc6": "classifier.0", "fc7": "classifier.3"}
        pairs = []
        for key, own in self.state_dict().items():
            layer, _, kind = key.rpartition(".")
            if layer in dense or layer.startswith("features"):
                name = f"{dense.get(layer, layer)}.{kind}"
                given = state.get(name)
                if given is None or given.numel() != own.numel():
                    found = "missing" if given is None else given.shape
                    raise ValueError(f"load_vgg16: {name} is {found} but {key} has shape {own.shape}; give the state_dict "
                                     "of vgg16")
                pairs.append((own, given))
        with no_grad():
            for own, given in pairs:
                own.copy_(given.detach().reshape(own.shape))


def _surgery(features: Sequential) -> None:
    """The wide border, and pools that round up as Caffe's do."""
    for k, layer in enumerate(features):
        if isinstance(layer, Conv2d) and k == 0:
            layer.padding = (100, 100)
        elif isinstance(layer, MaxPool2d):
            layer.ceil_mode = True


def _he(module: Module) -> None:
    """He's initialization, for want of VGG-16's weights."""
    if isinstance(module, Conv2d) and module.bias is not None:
        init.kaiming_normal_(module.weight, nonlinearity="relu")
        init.zeros_(module.bias)


def _score(in_channels: int, num_classes: int) -> Conv2d:
    """A 1x1 convolution that begins with zeros: every pixel of the coarser network's opinion."""
    layer = Conv2d(in_channels, num_classes, 1)
    init.zeros_(layer.weight)
    assert layer.bias is not None
    init.zeros_(layer.bias)
    return layer


@register(input=(3, 500, 500), paper=PAPER)
def fcn32s(num_classes: int = 21, in_channels: int = 3, dropout: float = 0.5, width: int = 64, hidden: int = 4096) -> FCN:
    """FCN-32s: images (n, in_channels, h, w) of any size -> scores (n, num_classes, h, w).

    `dropout` is the probability in the former dense layers; `width` and `hidden` make a smaller network. Scores start at
    zero. The paper starts from VGG-16 trained on ImageNet (`load_vgg16`); without it weights are He's.
    """
    return FCN(32, num_classes, in_channels, dropout, width, hidden)


@register(input=(3, 500, 500), paper=PAPER)
def fcn16s(num_classes: int = 21, in_channels: int = 3, dropout: float = 0.5, width: int = 64, hidden: int = 4096) -> FCN:
    """FCN-16s, with scores of the fourth pool added; otherwise as `fcn32s`, whose weights it starts from in the paper."""
    return FCN(16, num_classes, in_channels, dropout, width, hidden)


@register(input=(3, 500, 500), paper=PAPER)
def fcn8s(num_classes: int = 21, in_channels: int = 3, dropout: float = 0.5, width: int = 64, hidden: int = 4096) -> FCN:
    """FCN-8s, with scores of the fourth and the third pool added; starts from `fcn16s` in the paper."""
    return FCN(8, num_classes, in_channels, dropout, width, hidden)


def pixel_loss(input: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """The cross-entropies of all pixels, added up and not divided: input (n, classes, h, w), target int64 (n, h, w).

    Pixels of `ignore_index`, in PASCAL VOC the outlines of the objects, do not count. For so large a loss the authors' rates
    are small: 1e-10 with momentum 0.99 and one image at a time for `fcn32s`.
    """
    return F.cross_entropy(input, target, ignore_index=ignore_index, reduction="sum")
