"""Xception (Chollet 2016, arXiv 1610.02357): Inception to the extreme, one spatial filter for each channel.

A depthwise separable convolution filters every channel on its own and then mixes the channels by a 1x1 convolution, with
nothing in between: where things are and what they are is learned apart. From 728 to 728 channels that takes 536,536
weights instead of 4,769,856. Thirty-six such layers stand in fourteen modules, all but the first and the last with a
shortcut around them.

The network is timm's, exact to the last parameter: 22,855,952, the paper's own figure. Keras pads differently where the
stride is 2, so its weights fit and its features do not; timm calls the dropout in front of the classifier and throws its
result away, here it drops. The paper's error rates need ImageNet, and JFT for the rest; none is repeated here.
"""

from __future__ import annotations

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d
from ..nn.dropout import Dropout
from ..nn.fused import fused
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm2d
from ..nn.pool import AdaptiveAvgPool2d, MaxPool2d
from ..tensor import Tensor
from .registry import Paper, register

PAPER = Paper(2016, "Xception: deep learning with depthwise separable convolutions", "arXiv 1610.02357")


class SeparableConv2d(Module):
    """A filter for each channel, then a 1x1 convolution: x (n, in_channels, h, w) -> (n, out_channels, h', w').

    It has kernel_size^2 * in_channels + in_channels * out_channels weights and no bias.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1, padding: int = 0,
                 dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, in_channels, kernel_size, stride, padding, dilation, groups=in_channels, bias=False)
        self.pointwise = Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.conv1(x))


class XceptionBlock(Module):
    """Separable 3x3 convolutions with a shortcut: x (n, in_channels, h, w) -> (n, out_channels, h / strides, w / strides).

    Each of the `reps` convolutions is ReLU, convolution, batch norm (the first ReLU is left out where
    `start_with_relu` is False); with `strides` 2 a max pooling follows. The first changes the number of channels if
    `grow_first`, else the last. The shortcut is a 1x1 convolution with batch norm where the shape changes.
    """

    skip: Conv2d | None

    def __init__(self, in_channels: int, out_channels: int, reps: int, strides: int = 1, start_with_relu: bool = True,
                 grow_first: bool = True) -> None:
        super().__init__()
        if out_channels != in_channels or strides != 1:
            self.skip = Conv2d(in_channels, out_channels, 1, strides, bias=False)
            self.skipbn = BatchNorm2d(out_channels)
        else:
            self.skip = None
        between = out_channels if grow_first else in_channels
        widths = [in_channels, *[between] * (reps - 1), out_channels]
        steps: list[Module] = []
        for inputs, outputs in zip(widths, widths[1:]):
            steps += [ReLU(), SeparableConv2d(inputs, outputs, 3, padding=1), BatchNorm2d(outputs)]
        pool = [MaxPool2d(3, strides, padding=1)] if strides != 1 else []
        self.rep = Sequential(*steps[not start_with_relu:], *pool)

    def forward(self, x: Tensor) -> Tensor:
        return self.rep(x) + (fused(self.skip, self.skipbn)(x) if self.skip else x)


class Xception(Module):
    """Figure 5, from the left: entry flow, middle flow, exit flow; see `xception`."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, drop_rate: float = 0.5) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, 32, 3, stride=2, bias=False)
        self.bn1, self.act1 = BatchNorm2d(32), ReLU()
        self.conv2 = Conv2d(32, 64, 3, bias=False)
        self.bn2, self.act2 = BatchNorm2d(64), ReLU()
        self.block1 = XceptionBlock(64, 128, reps=2, strides=2, start_with_relu=False)
        self.block2 = XceptionBlock(128, 256, reps=2, strides=2)
        self.block3 = XceptionBlock(256, 728, reps=2, strides=2)

        self.block4, self.block5, self.block6, self.block7 = (XceptionBlock(728, 728, reps=3) for _ in range(4))
        self.block8, self.block9, self.block10, self.block11 = (XceptionBlock(728, 728, reps=3) for _ in range(4))

        self.block12 = XceptionBlock(728, 1024, reps=2, strides=2, grow_first=False)
        self.conv3 = SeparableConv2d(1024, 1536, 3, padding=1)
        self.bn3, self.act3 = BatchNorm2d(1536), ReLU()
        self.conv4 = SeparableConv2d(1536, 2048, 3, padding=1)
        self.bn4, self.act4 = BatchNorm2d(2048), ReLU()
        self.global_pool = Sequential(AdaptiveAvgPool2d(1), Flatten())
        self.head_drop = Dropout(drop_rate)
        self.fc = Linear(2048, num_classes)
        for module in self.modules():
            if isinstance(module, Conv2d):
                init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = fused(self.conv1, self.bn1, self.act1, self.conv2, self.bn2, self.act2)(x)
        x = fused(self.block1, self.block2, self.block3)(x)
        x = fused(self.block4, self.block5, self.block6, self.block7)(x)
        x = fused(self.block8, self.block9, self.block10, self.block11)(x)
        x = fused(self.block12, self.conv3, self.bn3, self.act3, self.conv4, self.bn4, self.act4)(x)
        return fused(self.global_pool, self.head_drop, self.fc)(x)


@register(input=(3, 299, 299), paper=PAPER)
def xception(num_classes: int = 1000, in_channels: int = 3, drop_rate: float = 0.5) -> Xception:
    """Xception with timm's keys: (n, in_channels, 299, 299) -> (n, num_classes); any size from 7 up.

    `drop_rate` is the paper's, in front of the classifier.
    """
    return Xception(num_classes, in_channels, drop_rate)
