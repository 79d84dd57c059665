"""Identity mappings in residual networks: normalize and activate before each convolution, and add to a clean path.

In the original block a ReLU stands behind the addition, so the signal is changed at every block. Here batch norm and ReLU
come before the convolutions and nothing behind the addition: input and gradient run through the whole network as a sum,
and 1001 layers train. Where the shape changes, branch and shortcut share the first activation; a last one ends the network.

Exact: all parameter counts; a CIFAR net of bottlenecks and depth 9n + 2 has 92,736 n + 34,010. The paper's "10.2M" for
1001 layers leave out the batch norms: 10,327,706 with them, 10,178,490 without. Nobody repeats its error rates here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..nn import AdaptiveAvgPool2d, BatchNorm2d, Checkpointed, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential, fused
from ..tensor import Tensor
from .registry import Paper, register
from .resnet import WIDTHS, ZeroPadShortcut, blocks_of, conv, he_init

PAPER = Paper(2016, "Identity mappings in deep residual networks", "arXiv 1603.05027")


class PreActBlock(Module):
    """BN-ReLU-conv3x3 twice, added to the shortcut: (n, inplanes, h, w) -> (n, planes, h / stride, w / stride).

    `downsample` is the shortcut, None the identity. `first` says what the first BN-ReLU activates: the "branch" alone,
    "both" branch and shortcut (the first block of a stage), or "none" of them, because the input already is. Raises for
    another `first`.
    """

    expansion: ClassVar[int] = 1
    depth: ClassVar[int] = 2

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Module | None = None,
                 first: str = "branch") -> None:
        super().__init__()
        self._activate(inplanes, first)
        self.conv1 = conv(3, inplanes, planes, stride)
        self.bn2, self.conv2 = BatchNorm2d(planes), conv(3, planes, planes)
        self.downsample = downsample

    def _activate(self, inplanes: int, first: str) -> None:
        if first not in ("branch", "both", "none"):
            raise ValueError(f"{type(self).__name__}: first is {first!r}; use 'branch', 'both' or 'none'")
        self.first, self.relu = first, ReLU()
        self.bn1 = None if first == "none" else BatchNorm2d(inplanes)

    def branch(self, x: Tensor) -> Tensor:
        """The residual of an activated input."""
        return fused(self.conv1, self.bn2, self.relu, self.conv2)(x)

    def forward(self, x: Tensor) -> Tensor:
        active = x if self.bn1 is None else fused(self.bn1, self.relu)(x)
        x = x if self.first == "branch" else active
        return self.branch(active) + (x if self.downsample is None else self.downsample(x))


class PreActBottleneck(PreActBlock):
    """BN-ReLU before a 1x1, a 3x3 and a 1x1 convolution: (n, inplanes, h, w) -> (n, 4 planes, h / stride, w / stride).

    The stride is the 3x3's, or with `stride_in_1x1` the first 1x1's. The rest is as in `PreActBlock`.
    """

    expansion = 4
    depth = 3

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Module | None = None,
                 first: str = "branch", stride_in_1x1: bool = False) -> None:
        Module.__init__(self)
        self._activate(inplanes, first)
        one, two = (stride, 1) if stride_in_1x1 else (1, stride)
        self.conv1 = conv(1, inplanes, planes, one)
        self.bn2, self.conv2 = BatchNorm2d(planes), conv(3, planes, planes, two)
        self.bn3, self.conv3 = BatchNorm2d(planes), conv(1, planes, 4 * planes)
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        return fused(self.conv1, self.bn2, self.relu, self.conv2, self.bn3, self.relu, self.conv3)(x)


def stage(block: type[PreActBlock], inplanes: int, planes: int, count: int, stride: int, first: str = "both",
          checkpoint: bool = False, **kwargs: Any) -> Sequential:
    """`count` blocks. The first changes the shape, by zero padding with basic blocks and by projection, which has no batch
    norm, with bottlenecks; `first` says what its first BN-ReLU activates. `kwargs` are the blocks'."""
    outputs = planes * block.expansion
    way: Module | None = None
    if stride != 1 or inplanes != outputs:
        basic = block.expansion == 1
        way = ZeroPadShortcut(inplanes, outputs, stride) if basic else conv(1, inplanes, outputs, stride)
    blocks = (Checkpointed if checkpoint else Sequential)(block(inplanes, planes, stride, way, first, **kwargs))
    return blocks.extend(block(outputs, planes, **kwargs) for _ in range(count - 1))


class CifarPreResNet(Module):
    """The networks for CIFAR: (n, in_channels, h, w) -> (n, num_classes), any h and w.

    Three stages of n blocks for widths 16, 32 and 64 (times 4 with bottlenecks): the depth is 6n + 2 with `PreActBlock`,
    9n + 2 with `PreActBottleneck`, whose stride is in the first 1x1. Raises if no n gives `depth`. With `checkpoint` stages
    are `Checkpointed`: less memory, a second forward pass.
    """

    def __init__(self, block: type[PreActBlock], depth: int, num_classes: int = 10, in_channels: int = 3,
                 widths: Sequence[int] = WIDTHS, checkpoint: bool = False) -> None:
        super().__init__()
        n, e, (a, b, c) = blocks_of(depth, block.depth), block.expansion, widths
        kwargs: dict[str, Any] = {"stride_in_1x1": True} if issubclass(block, PreActBottleneck) else {}
        kwargs["checkpoint"] = checkpoint
        self.conv1 = conv(3, in_channels, a)
        self.layer1 = stage(block, a, a, n, 1, **kwargs)
        self.layer2 = stage(block, a * e, b, n, 2, **kwargs)
        self.layer3 = stage(block, b * e, c, n, 2, **kwargs)
        self.bn, self.relu = BatchNorm2d(c * e), ReLU()
        self.avgpool, self.fc = AdaptiveAvgPool2d(1), Linear(c * e, num_classes)
        self.apply(he_init)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(self.avgpool(fused(self.bn, self.relu)(x)).flatten(1))


class PreResNet(Module):
    """The networks for ImageNet (section 5): (n, in_channels, h, w) -> (n, num_classes), any h and w.

    `layers` counts the blocks of the four stages. The stem ends in BN-ReLU and a pooling, so that the first block needs no
    activation of its own; the stride of bottlenecks is in the 3x3.
    """

    def __init__(self, block: type[PreActBlock], layers: Sequence[int], num_classes: int = 1000,
                 in_channels: int = 3) -> None:
        super().__init__()
        e = block.expansion
        self.conv1, self.bn1 = Conv2d(in_channels, 64, 7, 2, padding=3, bias=False), BatchNorm2d(64)
        self.relu, self.pool = ReLU(), MaxPool2d(3, 2, padding=1)
        self.layer1 = stage(block, 64, 64, layers[0], 1, "none")
        self.layer2 = stage(block, 64 * e, 128, layers[1], 2)
        self.layer3 = stage(block, 128 * e, 256, layers[2], 2)
        self.layer4 = stage(block, 256 * e, 512, layers[3], 2)
        self.bn = BatchNorm2d(512 * e)
        self.avgpool, self.fc = AdaptiveAvgPool2d(1), Linear(512 * e, num_classes)
        self.apply(he_init)

    def forward(self, x: Tensor) -> Tensor:
        x = fused(self.conv1, self.bn1, self.relu, self.pool)(x)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(fused(self.bn, self.relu)(x)).flatten(1))


@register(input=(3, 32, 32), paper=PAPER)
def cifar_preresnet110(**kwargs: Any) -> CifarPreResNet:
    """Pre-activation ResNet-110 for CIFAR, of basic blocks: 1,727,962 parameters. `kwargs` are `CifarPreResNet`'s."""
    return CifarPreResNet(PreActBlock, 110, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_preresnet164(**kwargs: Any) -> CifarPreResNet:
    """Pre-activation ResNet-164 for CIFAR, of bottlenecks: 1,703,258 parameters. `kwargs` are `CifarPreResNet`'s."""
    return CifarPreResNet(PreActBottleneck, 164, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_preresnet1001(**kwargs: Any) -> CifarPreResNet:
    """Pre-activation ResNet-1001 for CIFAR, of bottlenecks: 10,327,706 parameters. `kwargs` are `CifarPreResNet`'s."""
    return CifarPreResNet(PreActBottleneck, 1001, **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def preresnet200(**kwargs: Any) -> PreResNet:
    """Pre-activation ResNet-200: 64,666,152 parameters, 15.007 G multiply-adds. `kwargs` are `PreResNet`'s."""
    return PreResNet(PreActBottleneck, (3, 24, 36, 3), **kwargs)
