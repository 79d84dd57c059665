"""Inception v3 (Szegedy et al. 2015, arXiv 1512.00567): large filters taken apart into small ones.

Two 3x3 convolutions in a row see what one 5x5 sees with 18 weights instead of 25, and a 1x7 followed by a 7x1 what a 7x7
sees with 14 instead of 49. Maps are halved by convolution and pooling side by side, so that nothing has to pass through
fewer numbers first. Batch normalization stands behind every convolution, in the one auxiliary head too.

The network is torchvision's, exact to the last parameter: 23,834,568, and 27,161,264 with the auxiliary head. Keras has
23,817,352, because its batch norms have no scale. Nobody reproduces the 23,626,728 that Table 3 of the Xception paper
gives for it, and the paper's error rates (with label smoothing 0.1 and RMSProp) need ImageNet; none is repeated here.
"""

from __future__ import annotations

from ..functions import cat
from ..nn.dropout import Dropout
from ..nn.fused import fused
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from ..shapes import ShapeError
from ..tensor import Tensor
from .googlenet import BasicConv2d, check_transform, normal_weights, transformed
from .outputs import InceptionOutputs
from .registry import Paper, register

PAPER = Paper(2015, "Rethinking the Inception architecture for computer vision", "arXiv 1512.00567")


def same(in_channels: int, out_channels: int, *kernel_size: int) -> BasicConv2d:
    """A convolution whose maps keep their size: `same(64, 96, 3)`, or `same(128, 128, 1, 7)` with 1x7 filters."""
    height, width = kernel_size if len(kernel_size) == 2 else kernel_size * 2
    return BasicConv2d(in_channels, out_channels, (height, width), padding=(height // 2, width // 2))


class InceptionA(Module):
    """5x5 beside two 3x3 (Figure 5): x (n, in_channels, h, w) -> (n, 224 + pool_features, h, w)."""

    def __init__(self, in_channels: int, pool_features: int) -> None:
        super().__init__()
        self.branch1x1 = same(in_channels, 64, 1)

        self.branch5x5_1 = same(in_channels, 48, 1)
        self.branch5x5_2 = same(48, 64, 5)

        self.branch3x3dbl_1 = same(in_channels, 64, 1)
        self.branch3x3dbl_2 = same(64, 96, 3)
        self.branch3x3dbl_3 = same(96, 96, 3)

        self.pool = AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = same(in_channels, pool_features, 1)

    def forward(self, x: Tensor) -> Tensor:
        return cat([
            self.branch1x1(x),
            fused(self.branch5x5_1, self.branch5x5_2)(x),
            fused(self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3)(x),
            fused(self.pool, self.branch_pool)(x),
        ], 1)


class InceptionB(Module):
    """Half the size (Figure 10): x (n, in_channels, h, w) -> (n, 480 + in_channels, (h - 1) // 2, (w - 1) // 2)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3 = BasicConv2d(in_channels, 384, 3, stride=2)

        self.branch3x3dbl_1 = same(in_channels, 64, 1)
        self.branch3x3dbl_2 = same(64, 96, 3)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, 3, stride=2)

        self.pool = MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return cat([
            self.branch3x3(x),
            fused(self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3)(x),
            self.pool(x),
        ], 1)


class InceptionC(Module):
    """7x7 taken apart, once and twice (Figure 6): x (n, in_channels, h, w) -> (n, 768, h, w).

    `channels_7x7` channels go between the 1x7 and 7x1 filters.
    """

    def __init__(self, in_channels: int, channels_7x7: int) -> None:
        super().__init__()
        between = channels_7x7
        self.branch1x1 = same(in_channels, 192, 1)

        self.branch7x7_1 = same(in_channels, between, 1)
        self.branch7x7_2 = same(between, between, 1, 7)
        self.branch7x7_3 = same(between, 192, 7, 1)

        self.branch7x7dbl_1 = same(in_channels, between, 1)
        self.branch7x7dbl_2 = same(between, between, 7, 1)
        self.branch7x7dbl_3 = same(between, between, 1, 7)
        self.branch7x7dbl_4 = same(between, between, 7, 1)
        self.branch7x7dbl_5 = same(between, 192, 1, 7)

        self.pool = AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = same(in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        return cat([
            self.branch1x1(x),
            fused(self.branch7x7_1, self.branch7x7_2, self.branch7x7_3)(x),
            fused(self.branch7x7dbl_1, self.branch7x7dbl_2, self.branch7x7dbl_3, self.branch7x7dbl_4,
                  self.branch7x7dbl_5)(x),
            fused(self.pool, self.branch_pool)(x),
        ], 1)


class InceptionD(Module):
    """Half the size, with 7x7 in parts: x (n, in_channels, h, w) -> (n, 512 + in_channels, (h - 1) // 2, (w - 1) // 2)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = same(in_channels, 192, 1)
        self.branch3x3_2 = BasicConv2d(192, 320, 3, stride=2)

        self.branch7x7x3_1 = same(in_channels, 192, 1)
        self.branch7x7x3_2 = same(192, 192, 1, 7)
        self.branch7x7x3_3 = same(192, 192, 7, 1)
        self.branch7x7x3_4 = BasicConv2d(192, 192, 3, stride=2)

        self.pool = MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return cat([
            fused(self.branch3x3_1, self.branch3x3_2)(x),
            fused(self.branch7x7x3_1, self.branch7x7x3_2, self.branch7x7x3_3, self.branch7x7x3_4)(x),
            self.pool(x),
        ], 1)


class InceptionE(Module):
    """1x3 and 3x1 side by side, for many features on small maps (Figure 7): x (n, in_channels, h, w) -> (n, 2048, h, w)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch1x1 = same(in_channels, 320, 1)

        self.branch3x3_1 = same(in_channels, 384, 1)
        self.branch3x3_2a = same(384, 384, 1, 3)
        self.branch3x3_2b = same(384, 384, 3, 1)

        self.branch3x3dbl_1 = same(in_channels, 448, 1)
        self.branch3x3dbl_2 = same(448, 384, 3)
        self.branch3x3dbl_3a = same(384, 384, 1, 3)
        self.branch3x3dbl_3b = same(384, 384, 3, 1)

        self.pool = AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = same(in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        single = self.branch3x3_1(x)
        double = fused(self.branch3x3dbl_1, self.branch3x3dbl_2)(x)
        return cat([
            self.branch1x1(x),
            self.branch3x3_2a(single), self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double),
            fused(self.pool, self.branch_pool)(x),
        ], 1)


class InceptionAux(Module):
    """The classifier on the last 17x17 maps: x (n, in_channels, h, w) -> logits (n, num_classes).

    Raises if the maps are smaller than 17x17, for which images of 299x299 are large enough.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.pool = AvgPool2d(5, stride=3)
        self.conv0 = same(in_channels, 128, 1)
        self.conv1 = BasicConv2d(128, 768, 5)
        self.avgpool, self.flatten = AdaptiveAvgPool2d(1), Flatten()
        self.fc = Linear(768, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        if min(x.shape[2:]) < 17:
            raise ShapeError(f"InceptionAux: input has maps of {x.shape[2]}x{x.shape[3]} but 17x17 are the smallest; "
                             "train on images of at least 299x299, or without the auxiliary head (aux_logits=False)")
        return fused(self.pool, self.conv0, self.conv1, self.avgpool, self.flatten, self.fc)(x)


class InceptionV3(Module):
    """The whole network; see `inception_v3`."""

    AuxLogits: InceptionAux | None

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True,
                 transform_input: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        check_transform("inception_v3", transform_input, in_channels)
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.Conv2d_1a_3x3 = BasicConv2d(in_channels, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, 3)
        self.Conv2d_2b_3x3 = same(32, 64, 3)
        self.maxpool1 = MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = same(64, 80, 1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, 3)
        self.maxpool2 = MaxPool2d(3, stride=2)
        self.Mixed_5b = InceptionA(192, pool_features=32)
        self.Mixed_5c = InceptionA(256, pool_features=64)
        self.Mixed_5d = InceptionA(288, pool_features=64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, channels_7x7=128)
        self.Mixed_6c = InceptionC(768, channels_7x7=160)
        self.Mixed_6d = InceptionC(768, channels_7x7=160)
        self.Mixed_6e = InceptionC(768, channels_7x7=192)
        self.AuxLogits = InceptionAux(768, num_classes) if aux_logits else None
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280)
        self.Mixed_7c = InceptionE(2048)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.dropout, self.flatten = Dropout(dropout), Flatten()
        self.fc = Linear(2048, num_classes)

    def forward(self, x: Tensor) -> Tensor | InceptionOutputs:
        x = transformed(x) if self.transform_input else x
        x = fused(self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3, self.maxpool1,
                  self.Conv2d_3b_1x1, self.Conv2d_4a_3x3, self.maxpool2)(x)
        x = fused(self.Mixed_5b, self.Mixed_5c, self.Mixed_5d, self.Mixed_6a)(x)
        x = fused(self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e)(x)
        aux = self.AuxLogits(x) if self.training and self.aux_logits and self.AuxLogits else None
        x = fused(self.Mixed_7a, self.Mixed_7b, self.Mixed_7c)(x)
        logits = fused(self.avgpool, self.dropout, self.flatten, self.fc)(x)
        return logits if aux is None else InceptionOutputs(logits, aux)


@register(input=(3, 299, 299), paper=PAPER)
def inception_v3(num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True, transform_input: bool = False,
                 init_weights: bool = True, dropout: float = 0.5) -> InceptionV3:
    """Inception v3 with torchvision's keys: (n, in_channels, 299, 299) -> (n, num_classes); any size from 75 up.

    With `aux_logits` it returns `InceptionOutputs` while training, on images of 299x299 or more. `transform_input`
    expects images normalized with ImageNet's mean and deviation and brings them to what the released weights want; it
    needs three channels. `init_weights` draws from normal distributions of deviation 0.1 (in the auxiliary head's last
    layers 0.01 and 0.001); False leaves the layers' own first weights.
    """
    network = InceptionV3(num_classes, in_channels, aux_logits, transform_input, dropout)
    if init_weights:
        normal_weights(network, 0.1)
        if network.AuxLogits:
            normal_weights(network.AuxLogits.conv1, 0.01)
            normal_weights(network.AuxLogits.fc, 0.001)
    return network
