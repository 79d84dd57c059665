"""VGG (Simonyan and Zisserman, arXiv 1409.1556): nothing but 3x3 convolutions, in depth.

Two 3x3 windows in a row see as far as one of 5x5, with fewer weights and a rectifier more between them. So the network is
made of one kind of layer, doubles its channels whenever pooling halves the image, and is deepened until it stops to help,
at 16 to 19 layers. The forms with batch normalization are torchvision's, which came after the paper.
Exact here: 132,863,336, 133,047,848, 138,357,544 and 143,667,240 parameters of the paper's networks A, B, D and E, as
torchvision counts them; 123.6 of VGG-16's 138.4 million stand in the dense layers. No VGG has the 180 million of the
slides: that is the "3x AlexNet" of arXiv 1512.00567. The error rates need ImageNet, and the paper's weights of network A to
start from.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d
from ..nn.dropout import Dropout
from ..nn.linear import Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm2d
from ..nn.pool import AdaptiveAvgPool2d, MaxPool2d
from ..tensor import Tensor
from .registry import Paper, register

PAPER = Paper(2014, "Very deep convolutional networks for large-scale image recognition", "arXiv 1409.1556")

WIDTHS = (64, 128, 256, 512, 512)
A, B, D, E = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
"""Convolutions of each width in the columns of the paper's table 1."""


class VGG(Module):
    """Stages of 3x3 convolutions, each closed by a 2x2 max pool, then three dense layers; torchvision's keys.

    `depths` says how many convolutions each of the five stages has; `batch_norm` puts a normalization behind each.
    """

    def __init__(self, depths: Sequence[int], num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5,
                 init_weights: bool = True, batch_norm: bool = False) -> None:
        super().__init__()
        self.features = vgg_features(depths, in_channels, batch_norm)
        self.avgpool = AdaptiveAvgPool2d((7, 7))
        self.classifier = Sequential(
            Linear(512 * 7 * 7, 4096), ReLU(), Dropout(dropout),
            Linear(4096, 4096), ReLU(), Dropout(dropout),
            Linear(4096, num_classes),
        )
        if init_weights:
            self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def vgg_features(depths: Sequence[int], in_channels: int = 3, batch_norm: bool = False,
                 widths: Sequence[int] = WIDTHS) -> Sequential:
    """The convolutions and pools of a VGG: (n, in_channels, h, w) -> (n, widths[-1], h // 32, w // 32)."""
    layers = Sequential()
    for depth, width in zip(depths, widths, strict=True):
        for _ in range(depth):
            layers.append(Conv2d(in_channels, width, 3, padding=1))
            layers.extend([BatchNorm2d(width), ReLU()] if batch_norm else [ReLU()])
            in_channels = width
        layers.append(MaxPool2d(2, 2))
    return layers


def _start(module: Module) -> None:
    """He's initialization by the outputs, narrow normal numbers in the dense layers, no biases."""
    if isinstance(module, Conv2d):
        init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, Linear):
        init.normal_(module.weight, 0.0, 0.01)
    if isinstance(module, (Conv2d, Linear)) and module.bias is not None:
        init.zeros_(module.bias)


@register(input=(3, 224, 224), paper=PAPER)
def vgg11(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network A, 11 layers: (n, in_channels, h, w) -> (n, num_classes), h and w at least 32.

    `dropout` is the probability in the dense layers; without `init_weights` PyTorch's default initialization stays.
    """
    return VGG(A, num_classes, in_channels, dropout, init_weights)


@register(input=(3, 224, 224), paper=PAPER)
def vgg13(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network B, 13 layers; otherwise as `vgg11`."""
    return VGG(B, num_classes, in_channels, dropout, init_weights)


@register(input=(3, 224, 224), paper=PAPER)
def vgg16(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network D, 16 layers; otherwise as `vgg11`."""
    return VGG(D, num_classes, in_channels, dropout, init_weights)


@register(input=(3, 224, 224), paper=PAPER)
def vgg19(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network E, 19 layers; otherwise as `vgg11`."""
    return VGG(E, num_classes, in_channels, dropout, init_weights)


@register(input=(3, 224, 224), paper=PAPER)
def vgg11_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network A with a batch normalization behind every convolution; otherwise as `vgg11`."""
    return VGG(A, num_classes, in_channels, dropout, init_weights, batch_norm=True)


@register(input=(3, 224, 224), paper=PAPER)
def vgg13_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network B with a batch normalization behind every convolution; otherwise as `vgg11`."""
    return VGG(B, num_classes, in_channels, dropout, init_weights, batch_norm=True)


@register(input=(3, 224, 224), paper=PAPER)
def vgg16_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network D with a batch normalization behind every convolution; otherwise as `vgg11`."""
    return VGG(D, num_classes, in_channels, dropout, init_weights, batch_norm=True)


@register(input=(3, 224, 224), paper=PAPER)
def vgg19_bn(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, init_weights: bool = True) -> VGG:
    """Network E with a batch normalization behind every convolution; otherwise as `vgg11`."""
    return VGG(E, num_classes, in_channels, dropout, init_weights, batch_norm=True)
