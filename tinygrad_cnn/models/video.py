"""Convolution in space and time: C3D (Tran et al., arXiv 1412.0767) and the 3D ResNet R3D-18 (arXiv 1711.11248).

A convolution with a third axis sees motion, where one over each frame sees only images: its window is 3 frames by 3x3
pixels. C3D is a VGG with such windows, whose first pool leaves time alone, so that motion is not lost too early. R3D-18 is
ResNet-18 with them, and pools only once, at the end.
Exact here: 79,991,015 parameters of C3D for the 487 classes of Sports-1M, and 33,371,472 of R3D-18 for the 400 of Kinetics,
with torchvision's keys and results. With windows of 1 frame both become networks of single images, frame by frame. The
papers' accuracies need Sports-1M and Kinetics, hundreds of thousands of videos, and are not repeated here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv3d
from ..nn.dropout import Dropout
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm3d
from ..nn.pool import AdaptiveAvgPool3d, MaxPool3d
from ..tensor import Tensor
from .registry import Paper, register

C3D_PAPER = Paper(2014, "Learning spatiotemporal features with 3D convolutional networks", "arXiv 1412.0767")
R3D_PAPER = Paper(2017, "A closer look at spatiotemporal convolutions for action recognition", "arXiv 1711.11248")


class C3D(Sequential):
    """Eight 3x3x3 convolutions in five stages, each closed by a pool, then three dense layers; see `c3d`."""

    def __init__(self, num_classes: int, in_channels: int, dropout: float) -> None:
        super().__init__({
            "conv1a": _conv(in_channels, 64), "relu1a": ReLU(), "pool1": MaxPool3d((1, 2, 2), ceil_mode=True),
            "conv2a": _conv(64, 128), "relu2a": ReLU(), "pool2": MaxPool3d(2, ceil_mode=True),
            "conv3a": _conv(128, 256), "relu3a": ReLU(),
            "conv3b": _conv(256, 256), "relu3b": ReLU(), "pool3": MaxPool3d(2, ceil_mode=True),
            "conv4a": _conv(256, 512), "relu4a": ReLU(),
            "conv4b": _conv(512, 512), "relu4b": ReLU(), "pool4": MaxPool3d(2, ceil_mode=True),
            "conv5a": _conv(512, 512), "relu5a": ReLU(),
            "conv5b": _conv(512, 512), "relu5b": ReLU(), "pool5": MaxPool3d(2, ceil_mode=True),
            "flatten": Flatten(),
            "fc6": Linear(512 * 1 * 4 * 4, 4096), "relu6": ReLU(), "drop6": Dropout(dropout),
            "fc7": Linear(4096, 4096), "relu7": ReLU(), "drop7": Dropout(dropout),
            "fc8": Linear(4096, num_classes),
        })
        self.apply(_he)


def _conv(in_channels: int, out_channels: int) -> Conv3d:
    return Conv3d(in_channels, out_channels, 3, padding=1)


def _he(module: Module) -> None:
    """He's initialization by the inputs; biases 0."""
    if isinstance(module, (Conv3d, Linear)) and module.bias is not None:
        init.kaiming_normal_(module.weight, nonlinearity="relu")
        init.zeros_(module.bias)


@register(input=(3, 16, 112, 112), paper=C3D_PAPER)
def c3d(num_classes: int = 487, in_channels: int = 3, dropout: float = 0.5) -> C3D:
    """C3D: clips (n, in_channels, 16, 112, 112) -> (n, num_classes); `dropout` is the probability in the dense layers.

    Up to 15 pixels or frames less lead to the same sizes, as the pools round up; others are refused.
    """
    return C3D(num_classes, in_channels, dropout)


class BasicBlock3d(Module):
    """Two 3x3x3 convolutions beside an identity: (n, in_channels, t, h, w) -> (n, out_channels, t / s, h / s, w / s).

    With a stride s of 2, or with more channels, a 1x1x1 convolution takes the place of the identity.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = Sequential(_plain(in_channels, out_channels, 3, stride), BatchNorm3d(out_channels), ReLU())
        self.conv2 = Sequential(_plain(out_channels, out_channels, 3), BatchNorm3d(out_channels))
        self.relu = ReLU()
        self.downsample: Sequential | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = Sequential(_plain(in_channels, out_channels, 1, stride), BatchNorm3d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv2(self.conv1(x)) + (x if self.downsample is None else self.downsample(x)))


def _plain(in_channels: int, out_channels: int, window: int, stride: int = 1) -> Conv3d:
    return Conv3d(in_channels, out_channels, window, stride, window // 2, bias=False)


class R3D(Module):
    """A ResNet of 3x3x3 convolutions with torchvision's keys; `depths` counts the blocks of its four stages."""

    def __init__(self, depths: Sequence[int], num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.stem = Sequential(Conv3d(in_channels, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), BatchNorm3d(64), ReLU())
        self.layer1 = _stage(64, 64, depths[0], 1)
        self.layer2 = _stage(64, 128, depths[1], 2)
        self.layer3 = _stage(128, 256, depths[2], 2)
        self.layer4 = _stage(256, 512, depths[3], 2)
        self.avgpool = AdaptiveAvgPool3d(1)
        self.fc = Linear(512, num_classes)
        self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        return self.fc(self.avgpool(x).flatten(1))


def _stage(in_channels: int, out_channels: int, depth: int, stride: int) -> Sequential:
    rest = [BasicBlock3d(out_channels, out_channels) for _ in range(depth - 1)]
    return Sequential(BasicBlock3d(in_channels, out_channels, stride), *rest)


def _start(module: Module) -> None:
    """He's initialization by the outputs, and a narrow one of the last layer."""
    if isinstance(module, Conv3d):
        init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, Linear) and module.bias is not None:
        init.normal_(module.weight, 0.0, 0.01)
        init.zeros_(module.bias)


@register(input=(3, 16, 112, 112), paper=R3D_PAPER)
def r3d_18(num_classes: int = 400, in_channels: int = 3) -> R3D:
    """R3D-18: clips (n, in_channels, t, h, w) of any size -> (n, num_classes), with torchvision's keys."""
    return R3D((2, 2, 2, 2), num_classes, in_channels)
