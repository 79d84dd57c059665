"""Inception v4 and Inception-ResNet-v2 (Szegedy et al. 2016, arXiv 1602.07261): uniform modules, and a shortcut around each.

Inception v4 is Inception v3 tidied up: one kind of module for each size of the maps, and reductions between them. The
Inception-ResNets add what a smaller module finds to its input, as residual networks do, and so learn several times
faster to about the same end. With many channels that addition is unstable, hence the module's part is first scaled down.

Both are timm's networks, exact to the last parameter: 42,679,816 and 55,843,464. The latter is the network released with
weights, on the stem of Inception v3 and with 10, 20 and 10 modules, which differs from the paper's figures; Keras has
55,813,192, because its batch norms have no scale. The slides' 3.08 % top-5 error is that of an ensemble of four networks
on the ImageNet test set, which nobody repeats from one network.
"""

from __future__ import annotations

from ..functions import cat
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d
from ..nn.dropout import Dropout
from ..nn.fused import fused
from ..nn.linear import Flatten, Identity, Linear
from ..nn.module import Module
from ..nn.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from ..tensor import Tensor
from .googlenet import BasicConv2d, FilterConcat
from .inception_v3 import same
from .registry import Paper, register

PAPER = Paper(2016, "Inception-v4, Inception-ResNet and the impact of residual connections on learning", "arXiv 1602.07261")


def valid(in_channels: int, out_channels: int, size: int, stride: int = 1) -> BasicConv2d:
    """A convolution without padding, marked V in the paper's figures; those without a mark are `same`."""
    return BasicConv2d(in_channels, out_channels, size, stride)


def pool_then(in_channels: int, out_channels: int) -> Sequential:
    """3x3 average pooling, in which the padding does not count, and a 1x1 convolution."""
    return Sequential(AvgPool2d(3, stride=1, padding=1, count_include_pad=False), same(in_channels, out_channels, 1))


# ---- Inception v4 ----------------------------------------------------------------------------------------------------


class Mixed4a(FilterConcat):
    """Third fork of the stem (Figure 3): x (n, 160, h, w) -> (n, 192, h - 2, w - 2)."""

    def __init__(self) -> None:
        super().__init__(
            branch0=Sequential(same(160, 64, 1), valid(64, 96, 3)),
            branch1=Sequential(same(160, 64, 1), same(64, 64, 1, 7), same(64, 64, 7, 1), valid(64, 96, 3)),
        )


class InceptionV4A(FilterConcat):
    """Figure 4: x (n, 384, h, w) -> (n, 384, h, w)."""

    def __init__(self) -> None:
        super().__init__(
            branch0=same(384, 96, 1),
            branch1=Sequential(same(384, 64, 1), same(64, 96, 3)),
            branch2=Sequential(same(384, 64, 1), same(64, 96, 3), same(96, 96, 3)),
            branch3=pool_then(384, 96),
        )


class InceptionV4B(FilterConcat):
    """Figure 5: x (n, 1024, h, w) -> (n, 1024, h, w)."""

    def __init__(self) -> None:
        super().__init__(
            branch0=same(1024, 384, 1),
            branch1=Sequential(same(1024, 192, 1), same(192, 224, 1, 7), same(224, 256, 7, 1)),
            branch2=Sequential(same(1024, 192, 1), same(192, 192, 7, 1), same(192, 224, 1, 7),
                               same(224, 224, 7, 1), same(224, 256, 1, 7)),
            branch3=pool_then(1024, 128),
        )


class InceptionV4C(Module):
    """Figure 6, two of whose branches fork once more: x (n, 1536, h, w) -> (n, 1536, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.branch0 = same(1536, 256, 1)

        self.branch1_0 = same(1536, 384, 1)
        self.branch1_1a = same(384, 256, 1, 3)
        self.branch1_1b = same(384, 256, 3, 1)

        self.branch2_0 = same(1536, 384, 1)
        self.branch2_1 = same(384, 448, 3, 1)
        self.branch2_2 = same(448, 512, 1, 3)
        self.branch2_3a = same(512, 256, 1, 3)
        self.branch2_3b = same(512, 256, 3, 1)

        self.branch3 = pool_then(1536, 256)

    def forward(self, x: Tensor) -> Tensor:
        short = self.branch1_0(x)
        long = fused(self.branch2_0, self.branch2_1, self.branch2_2)(x)
        return cat([
            self.branch0(x),
            self.branch1_1a(short), self.branch1_1b(short),
            self.branch2_3a(long), self.branch2_3b(long),
            self.branch3(x),
        ], 1)


class ReductionA(FilterConcat):
    """Figure 7, half the size: x (n, in_channels, h, w) -> (n, in_channels + n + m, (h - 1) // 2, (w - 1) // 2).

    k, l, m and n are the channels of the paper's Table 1; both networks have this module.
    """

    def __init__(self, in_channels: int, k: int, l: int, m: int, n: int) -> None:  # noqa: E741  # the paper's letters
        super().__init__(
            branch0=valid(in_channels, n, 3, stride=2),
            branch1=Sequential(same(in_channels, k, 1), same(k, l, 3), valid(l, m, 3, stride=2)),
            branch2=MaxPool2d(3, stride=2),
        )


class ReductionB(FilterConcat):
    """Figure 8, half the size: x (n, 1024, h, w) -> (n, 1536, (h - 1) // 2, (w - 1) // 2)."""

    def __init__(self) -> None:
        super().__init__(
            branch0=Sequential(same(1024, 192, 1), valid(192, 192, 3, stride=2)),
            branch1=Sequential(same(1024, 256, 1), same(256, 256, 1, 7), same(256, 320, 7, 1),
                               valid(320, 320, 3, stride=2)),
            branch2=MaxPool2d(3, stride=2),
        )


class InceptionV4(Module):
    """Figure 9; see `inception_v4`."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, drop_rate: float = 0.2) -> None:
        super().__init__()
        self.features = Sequential(
            valid(in_channels, 32, 3, stride=2), valid(32, 32, 3), same(32, 64, 3),
            FilterConcat(maxpool=MaxPool2d(3, stride=2), conv=valid(64, 96, 3, stride=2)),
            Mixed4a(),
            FilterConcat(conv=valid(192, 192, 3, stride=2), maxpool=MaxPool2d(3, stride=2)),
            *(InceptionV4A() for _ in range(4)),
            ReductionA(384, k=192, l=224, m=256, n=384),
            *(InceptionV4B() for _ in range(7)),
            ReductionB(),
            *(InceptionV4C() for _ in range(3)),
        )
        self.global_pool = Sequential(AdaptiveAvgPool2d(1), Flatten())
        self.head_drop = Dropout(drop_rate)
        self.last_linear = Linear(1536, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return fused(self.features, self.global_pool, self.head_drop, self.last_linear)(x)


# ---- Inception-ResNet-v2 ---------------------------------------------------------------------------------------------


class ScaledResidual(FilterConcat):
    """relu(x + scale * (a 1x1 convolution of what the branches find)), Figure 20: x (n, channels, h, w) keeps its shape.

    `width` is the number of channels that the branches have together; `relu` False leaves out the ReLU.
    """

    def __init__(self, channels: int, width: int, scale: float, relu: bool, **branches: Module) -> None:
        super().__init__(**branches)
        self.scale = scale
        self.conv2d = Conv2d(width, channels, 1)
        self.act = ReLU() if relu else Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x + self.conv2d(super().forward(x)) * self.scale)


class Block35(ScaledResidual):
    """Inception-ResNet-A (Figure 16), on 35x35 maps of 320 channels."""

    def __init__(self, scale: float = 1.0, relu: bool = True) -> None:
        super().__init__(
            320, 128, scale, relu,
            branch0=same(320, 32, 1),
            branch1=Sequential(same(320, 32, 1), same(32, 32, 3)),
            branch2=Sequential(same(320, 32, 1), same(32, 48, 3), same(48, 64, 3)),
        )


class Block17(ScaledResidual):
    """Inception-ResNet-B (Figure 17), on 17x17 maps of 1088 channels."""

    def __init__(self, scale: float = 1.0, relu: bool = True) -> None:
        super().__init__(
            1088, 384, scale, relu,
            branch0=same(1088, 192, 1),
            branch1=Sequential(same(1088, 128, 1), same(128, 160, 1, 7), same(160, 192, 7, 1)),
        )


class Block8(ScaledResidual):
    """Inception-ResNet-C (Figure 19), on 8x8 maps of 2080 channels."""

    def __init__(self, scale: float = 1.0, relu: bool = True) -> None:
        super().__init__(
            2080, 448, scale, relu,
            branch0=same(2080, 192, 1),
            branch1=Sequential(same(2080, 192, 1), same(192, 224, 1, 3), same(224, 256, 3, 1)),
        )


class Mixed5b(FilterConcat):
    """From the stem to the first residual modules, like Inception v3's A: x (n, 192, h, w) -> (n, 320, h, w)."""

    def __init__(self) -> None:
        super().__init__(
            branch0=same(192, 96, 1),
            branch1=Sequential(same(192, 48, 1), same(48, 64, 5)),
            branch2=Sequential(same(192, 64, 1), same(64, 96, 3), same(96, 96, 3)),
            branch3=pool_then(192, 64),
        )


class Mixed7a(FilterConcat):
    """Reduction-B (Figure 18): x (n, 1088, h, w) -> (n, 2080, (h - 1) // 2, (w - 1) // 2)."""

    def __init__(self) -> None:
        super().__init__(
            branch0=Sequential(same(1088, 256, 1), valid(256, 384, 3, stride=2)),
            branch1=Sequential(same(1088, 256, 1), valid(256, 288, 3, stride=2)),
            branch2=Sequential(same(1088, 256, 1), same(256, 288, 3), valid(288, 320, 3, stride=2)),
            branch3=MaxPool2d(3, stride=2),
        )


class InceptionResNetV2(Module):
    """Figure 15; see `inception_resnet_v2`."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, drop_rate: float = 0.2) -> None:
        super().__init__()
        self.conv2d_1a = valid(in_channels, 32, 3, stride=2)
        self.conv2d_2a = valid(32, 32, 3)
        self.conv2d_2b = same(32, 64, 3)
        self.maxpool_3a = MaxPool2d(3, stride=2)
        self.conv2d_3b = same(64, 80, 1)
        self.conv2d_4a = valid(80, 192, 3)
        self.maxpool_5a = MaxPool2d(3, stride=2)
        self.mixed_5b = Mixed5b()
        self.repeat = Sequential(*(Block35(0.17) for _ in range(10)))
        self.mixed_6a = ReductionA(320, k=256, l=256, m=384, n=384)
        self.repeat_1 = Sequential(*(Block17(0.10) for _ in range(20)))
        self.mixed_7a = Mixed7a()
        self.repeat_2 = Sequential(*(Block8(0.20) for _ in range(9)))
        self.block8 = Block8(relu=False)
        self.conv2d_7b = same(2080, 1536, 1)
        self.global_pool = Sequential(AdaptiveAvgPool2d(1), Flatten())
        self.head_drop = Dropout(drop_rate)
        self.classif = Linear(1536, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = fused(self.conv2d_1a, self.conv2d_2a, self.conv2d_2b, self.maxpool_3a,
                  self.conv2d_3b, self.conv2d_4a, self.maxpool_5a)(x)
        x = fused(self.mixed_5b, self.repeat)(x)
        x = fused(self.mixed_6a, self.repeat_1)(x)
        x = fused(self.mixed_7a, self.repeat_2, self.block8, self.conv2d_7b)(x)
        return fused(self.global_pool, self.head_drop, self.classif)(x)


@register(input=(3, 299, 299), paper=PAPER)
def inception_v4(num_classes: int = 1000, in_channels: int = 3, drop_rate: float = 0.2) -> InceptionV4:
    """Inception v4 with timm's keys: (n, in_channels, 299, 299) -> (n, num_classes); any size from 75 up.

    `drop_rate` is the paper's; timm's default is 0.
    """
    return InceptionV4(num_classes, in_channels, drop_rate)


@register(input=(3, 299, 299), paper=PAPER)
def inception_resnet_v2(num_classes: int = 1000, in_channels: int = 3, drop_rate: float = 0.2) -> InceptionResNetV2:
    """Inception-ResNet-v2 with timm's keys: (n, in_channels, 299, 299) -> (n, num_classes); any size from 75 up.

    `drop_rate` is the paper's; timm's default is 0.
    """
    return InceptionResNetV2(num_classes, in_channels, drop_rate)
