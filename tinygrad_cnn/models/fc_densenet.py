"""FC-DenseNet, the one hundred layers tiramisu (Jegou et al., arXiv 1611.09326): a U of dense blocks for segmentation.

The way down is a DenseNet that keeps its maps at each size; the way up brings them together again, as U-Net does. Since the
maps of dense blocks pile up, only those that the last block has newly made are brought up to the next size; what came into
that block stands in the skip already, at a finer size. So 103 layers need fewer than 10 million parameters, and no training
on ImageNet.
Exact here: 1,376,795, 3,463,243 and 9,322,091 learned parameters, and 56, 67 and 103 convolutions. The paper's 9.4M counts
the running statistics of the batch norms too (9,425,163, and 1,397,963 for the smallest, whose 1.5M nobody finds); its table
2 prints 880, 1072, 800 and 368 maps for 896, 1088, 816 and 384. Its mean IU needs CamVid, and is not repeated here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..functions import cat
from ..nn import init
from ..nn.containers import ModuleList, Sequential
from ..nn.conv import Conv2d, ConvTranspose2d
from ..nn.module import Module
from ..nn.pool import MaxPool2d
from ..tensor import Tensor
from .densenet import DenseBlock, bn_relu_conv
from .registry import Paper, register
from .unet import center_crop

PAPER = Paper(2016, "The one hundred layers tiramisu: fully convolutional DenseNets for semantic segmentation",
              "arXiv 1611.09326")


class TransitionDown(Sequential):
    """BN-ReLU-conv1x1, dropout and a 2x2 max pooling: (n, channels, h, w) -> (n, channels, h / 2, w / 2)."""

    def __init__(self, channels: int, drop_rate: float = 0.2) -> None:
        super().__init__(bn_relu_conv("", 1, channels, channels, drop_rate, bias=True) | {"pool": MaxPool2d(2)})


class TransitionUp(Module):
    """A 3x3 up-convolution of the new maps, cropped, beside the maps of the way down: (n, channels, h, w) and
    (n, c, h', w') -> (n, channels + c, h', w'), h' and w' at most 2 h + 1 and 2 w + 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = ConvTranspose2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return cat([center_crop(self.conv(x), *skip.shape[2:]), skip], 1)


class FCDenseNet(Module):
    """Dense blocks down, at the bottom and up: (n, in_channels, h, w) -> (n, num_classes, h, w), h and w at least 32.

    `block_config` counts the layers of all blocks, an odd number, with one pooling for each block before the middle one.
    """

    def __init__(self, growth_rate: int, block_config: Sequence[int], num_classes: int = 11, in_channels: int = 3,
                 num_init_features: int = 48, drop_rate: float = 0.2) -> None:
        super().__init__()
        middle = len(block_config) // 2
        self.first = Conv2d(in_channels, num_init_features, 3, padding=1)
        self.down, self.shrink, self.grow, self.up = ModuleList(), ModuleList(), ModuleList(), ModuleList()
        width, skips = num_init_features, []
        for count in block_config[:middle]:
            self.down.append(block := DenseBlock(count, width, growth_rate, None, drop_rate, bias=True))
            self.shrink.append(TransitionDown(block.outputs, drop_rate))
            skips.append(width := block.outputs)
        self.bottleneck = DenseBlock(block_config[middle], width, growth_rate, None, drop_rate, bias=True)
        for below, count in zip(block_config[middle:], block_config[middle + 1:]):
            new = below * growth_rate
            self.grow.append(TransitionUp(new))
            self.up.append(block := DenseBlock(count, new + skips.pop(), growth_rate, None, drop_rate, bias=True))
            width = block.outputs
        self.out = Conv2d(width, num_classes, 1)
        self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        x, skips = self.first(x), []
        for block, shrink in zip(self.down, self.shrink):
            skips.append(block(x))
            x = shrink(skips[-1])
        y = self.bottleneck(x)
        for grow, block in zip(self.grow, self.up):
            new = y[:, x.shape[1]:]  # without what came into the block
            x = grow(new, skips.pop())
            y = block(x)
        return self.out(y)


def _start(module: Module) -> None:
    """Uniform with He's variance, 2 / fan_in."""
    if isinstance(module, (Conv2d, ConvTranspose2d)) and module.bias is not None:
        init.kaiming_uniform_(module.weight, nonlinearity="relu")
        init.zeros_(module.bias)


@register(input=(3, 224, 224), paper=PAPER)
def fc_densenet56(num_classes: int = 11, in_channels: int = 3, drop_rate: float = 0.2) -> FCDenseNet:
    """FC-DenseNet56, 4 layers a block and 12 new maps a layer: (n, in_channels, h, w) -> (n, num_classes, h, w).

    h and w are at least 32, the five poolings'; `drop_rate` is the probability of dropout behind each 3x3 and 1x1
    convolution but the first and last.
    """
    return FCDenseNet(12, (4,) * 11, num_classes, in_channels, drop_rate=drop_rate)


@register(input=(3, 224, 224), paper=PAPER)
def fc_densenet67(num_classes: int = 11, in_channels: int = 3, drop_rate: float = 0.2) -> FCDenseNet:
    """FC-DenseNet67, 5 layers a block and 16 new maps a layer; otherwise as `fc_densenet56`."""
    return FCDenseNet(16, (5,) * 11, num_classes, in_channels, drop_rate=drop_rate)


@register(input=(3, 224, 224), paper=PAPER)
def fc_densenet103(num_classes: int = 11, in_channels: int = 3, drop_rate: float = 0.2) -> FCDenseNet:
    """FC-DenseNet103, 4 to 15 layers a block and 16 new maps a layer; otherwise as `fc_densenet56`."""
    return FCDenseNet(16, (4, 5, 7, 10, 12, 15, 12, 10, 7, 5, 4), num_classes, in_channels, drop_rate=drop_rate)
