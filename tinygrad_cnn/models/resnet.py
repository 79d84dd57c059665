"""Deep residual learning: a block computes a correction to its input, x + F(x), so that depth cannot hurt by itself.

Plain networks get worse as they get deeper, on the training data too. A shortcut past two or three convolutions leaves
them only the residual to learn, and 152 layers train like 18. It pads with zeros (option A) or projects (B) where the shape
changes, or always projects (C). Exact: all parameters; a CIFAR net of depth 6n + 2 has 97,216 n - 21,926. The paper's 3.8e9
multiply-adds of ResNet-50 have a bottleneck's stride in its first 1x1 (`stride_in_1x1`, 3.858 G), torchvision's, the
default, in the 3x3 (4.089 G). The error rates need ImageNet, or 64,000 steps on CIFAR.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..nn import AdaptiveAvgPool2d, BatchNorm2d, Checkpointed, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential, fused, init
from ..nn import functional as F
from ..tensor import Tensor
from .registry import Paper, register

PAPER = Paper(2015, "Deep residual learning for image recognition", "arXiv 1512.03385")
WIDTHS = (16, 32, 64)


def conv(size: int, inputs: int, outputs: int, stride: int = 1, groups: int = 1) -> Conv2d:
    """A convolution that keeps the image's size but for its stride, without bias: the batch norm has one."""
    return Conv2d(inputs, outputs, size, stride, padding=size // 2, groups=groups, bias=False)


def he_init(module: Module) -> None:
    """Weights of a convolution normal with variance 2 / fan_out (arXiv 1502.01852), for `network.apply`."""
    if isinstance(module, Conv2d):
        init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class ZeroPadShortcut(Module):
    """Option A: every `stride`-th pixel of the input, and zeros for the channels it lacks. It has no parameters."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.missing, self.stride = outputs - inputs, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.missing))


def shortcut(option: str, inputs: int, outputs: int, stride: int) -> Module | None:
    """The shortcut of a block by the paper's option "A", "B" or "C"; None is the identity. Raises for other options."""
    if option not in ("A", "B", "C"):
        raise ValueError(f"ResNet: shortcut is {option!r}; use 'A' (zero padding), 'B' (projections where the shape "
                         "changes) or 'C' (projections everywhere)")
    changes = stride != 1 or inputs != outputs
    if option == "C" or (option == "B" and changes):
        return Sequential(conv(1, inputs, outputs, stride), BatchNorm2d(outputs))
    return ZeroPadShortcut(inputs, outputs, stride) if changes else None


class BasicBlock(Module):
    """Two 3x3 convolutions beside a shortcut: (n, inplanes, h, w) -> (n, planes, h / stride, w / stride).

    `downsample` is the shortcut, None the identity. Raises for the other arguments' values that only `Bottleneck` has.
    """

    expansion: ClassVar[int] = 1
    depth: ClassVar[int] = 2

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Module | None = None, groups: int = 1,
                 base_width: int = 64, stride_in_1x1: bool = False) -> None:
        super().__init__()
        if groups != 1 or base_width != 64 or stride_in_1x1:
            raise ValueError(f"{type(self).__name__}: groups is {groups}, base_width {base_width}, stride_in_1x1 "
                             f"{stride_in_1x1} but only 1, 64, False are possible; use a Bottleneck")
        self.conv1, self.bn1 = conv(3, inplanes, planes, stride), BatchNorm2d(planes)
        self.relu = ReLU()
        self.conv2, self.bn2 = conv(3, planes, planes), BatchNorm2d(planes)
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        """The residual F(x)."""
        return fused(self.conv1, self.bn1, self.relu, self.conv2, self.bn2)(x)

    def shortcut(self, x: Tensor) -> Tensor:
        """The input in the shape of the branch."""
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.branch(x) + self.shortcut(x))


class PlainBlock(BasicBlock):
    """A `BasicBlock` without its shortcut: the same layers, nothing added."""

    def forward(self, x: Tensor) -> Tensor:
        return fused(self.conv1, self.bn1, self.relu, self.conv2, self.bn2, self.relu)(x)


class Bottleneck(BasicBlock):
    """1x1 down, 3x3, 1x1 up, beside a shortcut: (n, inplanes, h, w) -> (n, 4 planes, h / stride, w / stride).

    The stride is the 3x3's, or with `stride_in_1x1` the first 1x1's, as the paper has it. The 3x3 has `groups` groups of
    planes * base_width / 64 channels.
    """

    expansion = 4
    depth = 3

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Module | None = None, groups: int = 1,
                 base_width: int = 64, stride_in_1x1: bool = False) -> None:
        Module.__init__(self)
        width, outputs = int(planes * base_width / 64) * groups, planes * self.expansion
        first, second = (stride, 1) if stride_in_1x1 else (1, stride)
        self.conv1, self.bn1 = conv(1, inplanes, width, first), BatchNorm2d(width)
        self.conv2, self.bn2 = conv(3, width, width, second, groups), BatchNorm2d(width)
        self.conv3, self.bn3 = conv(1, width, outputs), BatchNorm2d(outputs)
        self.relu = ReLU()
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        return fused(self.conv1, self.bn1, self.relu, self.conv2, self.bn2, self.relu, self.conv3, self.bn3)(x)


def stage(block: type[BasicBlock], inplanes: int, planes: int, count: int, stride: int, option: str,
          checkpoint: bool = False, **kwargs: Any) -> Sequential:
    """`count` blocks, the first of which changes the shape; `kwargs` are the blocks'."""
    blocks, outputs = Checkpointed() if checkpoint else Sequential(), planes * block.expansion
    for k in range(count):
        inputs, step = (inplanes, stride) if k == 0 else (outputs, 1)
        way = None if issubclass(block, PlainBlock) else shortcut(option, inputs, outputs, step)
        blocks.append(block(inputs, planes, step, way, **kwargs))
    return blocks


class ResNet(Module):
    """The networks for ImageNet (table 1): (n, in_channels, h, w) -> (n, num_classes), any h and w; keys are torchvision's.

    `layers` counts the blocks of the four stages, `shortcut` is the option "A", "B" or "C"; for `stride_in_1x1`, `groups`
    and `width_per_group` see `Bottleneck`. `zero_init_residual` starts every block as the identity.
    """

    def __init__(self, block: type[BasicBlock], layers: Sequence[int], num_classes: int = 1000,
                 zero_init_residual: bool = False, groups: int = 1, width_per_group: int = 64, *, in_channels: int = 3,
                 shortcut: str = "B", stride_in_1x1: bool = False) -> None:
        super().__init__()
        kwargs: dict[str, Any] = {"groups": groups, "base_width": width_per_group, "stride_in_1x1": stride_in_1x1}
        e = block.expansion
        self.conv1, self.bn1 = Conv2d(in_channels, 64, 7, 2, padding=3, bias=False), BatchNorm2d(64)
        self.relu, self.maxpool = ReLU(), MaxPool2d(3, 2, padding=1)
        self.layer1 = stage(block, 64, 64, layers[0], 1, shortcut, **kwargs)
        self.layer2 = stage(block, 64 * e, 128, layers[1], 2, shortcut, **kwargs)
        self.layer3 = stage(block, 128 * e, 256, layers[2], 2, shortcut, **kwargs)
        self.layer4 = stage(block, 256 * e, 512, layers[3], 2, shortcut, **kwargs)
        self.avgpool, self.fc = AdaptiveAvgPool2d(1), Linear(512 * e, num_classes)
        self.apply(he_init)
        if zero_init_residual:
            for name, p in self.named_parameters():
                if name.endswith("bn3.weight" if e == 4 else "bn2.weight"):
                    init.zeros_(p)

    def forward(self, x: Tensor) -> Tensor:
        x = fused(self.conv1, self.bn1, self.relu, self.maxpool)(x)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


class CifarResNet(Module):
    """The networks for CIFAR (section 4.2): (n, in_channels, h, w) -> (n, num_classes), any h and w.

    Three stages of n blocks, `widths` wide: the depth is 6n + 2 with basic blocks and 9n + 2 with bottlenecks. Raises if no
    n gives `depth`. With `checkpoint` stages are `Checkpointed`: less memory, a second forward pass.
    """

    def __init__(self, block: type[BasicBlock], depth: int, num_classes: int = 10, in_channels: int = 3,
                 shortcut: str = "A", widths: Sequence[int] = WIDTHS, checkpoint: bool = False) -> None:
        super().__init__()
        n, e, (a, b, c) = blocks_of(depth, block.depth), block.expansion, widths
        self.conv1, self.bn1, self.relu = conv(3, in_channels, a), BatchNorm2d(a), ReLU()
        self.layer1 = stage(block, a, a, n, 1, shortcut, checkpoint)
        self.layer2 = stage(block, a * e, b, n, 2, shortcut, checkpoint)
        self.layer3 = stage(block, b * e, c, n, 2, shortcut, checkpoint)
        self.avgpool, self.fc = AdaptiveAvgPool2d(1), Linear(c * e, num_classes)
        self.apply(he_init)

    def forward(self, x: Tensor) -> Tensor:
        x = fused(self.conv1, self.bn1, self.relu)(x)
        return self.fc(self.avgpool(self.layer3(self.layer2(self.layer1(x)))).flatten(1))


def blocks_of(depth: int, layers: int) -> int:
    """The blocks of `layers` convolutions in each of three stages, beside a first and a last layer."""
    if depth < 2 + 3 * layers or (depth - 2) % (3 * layers):
        raise ValueError(f"CifarResNet: depth is {depth} but {3 * layers}n + 2 is needed; use {6 * layers + 2}")
    return (depth - 2) // (3 * layers)


@register(input=(3, 224, 224), paper=PAPER)
def resnet18(**kwargs: Any) -> ResNet:
    """ResNet-18: 11,689,512 parameters, 1.814 G multiply-adds. `kwargs` are `ResNet`'s."""
    return ResNet(BasicBlock, (2, 2, 2, 2), **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def resnet34(**kwargs: Any) -> ResNet:
    """ResNet-34: 21,797,672 parameters, 3.664 G multiply-adds. `kwargs` are `ResNet`'s."""
    return ResNet(BasicBlock, (3, 4, 6, 3), **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def resnet50(**kwargs: Any) -> ResNet:
    """ResNet-50: 25,557,032 parameters, 4.089 G multiply-adds. `kwargs` are `ResNet`'s."""
    return ResNet(Bottleneck, (3, 4, 6, 3), **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def resnet101(**kwargs: Any) -> ResNet:
    """ResNet-101: 44,549,160 parameters, 7.801 G multiply-adds. `kwargs` are `ResNet`'s."""
    return ResNet(Bottleneck, (3, 4, 23, 3), **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def resnet152(**kwargs: Any) -> ResNet:
    """ResNet-152: 60,192,808 parameters, 11.514 G multiply-adds. `kwargs` are `ResNet`'s."""
    return ResNet(Bottleneck, (3, 8, 36, 3), **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def plain18(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Plain-18: ResNet-18 without shortcuts, 11,515,688 parameters."""
    return ResNet(PlainBlock, (2, 2, 2, 2), num_classes, in_channels=in_channels)


@register(input=(3, 224, 224), paper=PAPER)
def plain34(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Plain-34: ResNet-34 without shortcuts, 21,623,848 parameters."""
    return ResNet(PlainBlock, (3, 4, 6, 3), num_classes, in_channels=in_channels)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet20(**kwargs: Any) -> CifarResNet:
    """ResNet-20 for CIFAR: 269,722 parameters. `kwargs` are `CifarResNet`'s."""
    return CifarResNet(BasicBlock, 20, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet32(**kwargs: Any) -> CifarResNet:
    """ResNet-32 for CIFAR: 464,154 parameters. `kwargs` are `CifarResNet`'s."""
    return CifarResNet(BasicBlock, 32, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet44(**kwargs: Any) -> CifarResNet:
    """ResNet-44 for CIFAR: 658,586 parameters. `kwargs` are `CifarResNet`'s."""
    return CifarResNet(BasicBlock, 44, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet56(**kwargs: Any) -> CifarResNet:
    """ResNet-56 for CIFAR: 853,018 parameters. `kwargs` are `CifarResNet`'s."""
    return CifarResNet(BasicBlock, 56, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet110(**kwargs: Any) -> CifarResNet:
    """ResNet-110 for CIFAR: 1,727,962 parameters. `kwargs` are `CifarResNet`'s."""
    return CifarResNet(BasicBlock, 110, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet1202(**kwargs: Any) -> CifarResNet:
    """ResNet-1202 for CIFAR: 19,421,274 parameters. `kwargs` are `CifarResNet`'s."""
    return CifarResNet(BasicBlock, 1202, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_plain20(num_classes: int = 10, in_channels: int = 3, widths: Sequence[int] = WIDTHS) -> CifarResNet:
    """Plain-20 for CIFAR, ResNet-20 without shortcuts: 269,722 parameters."""
    return CifarResNet(PlainBlock, 20, num_classes, in_channels, widths=widths)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_plain32(num_classes: int = 10, in_channels: int = 3, widths: Sequence[int] = WIDTHS) -> CifarResNet:
    """Plain-32 for CIFAR, ResNet-32 without shortcuts: 464,154 parameters."""
    return CifarResNet(PlainBlock, 32, num_classes, in_channels, widths=widths)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_plain44(num_classes: int = 10, in_channels: int = 3, widths: Sequence[int] = WIDTHS) -> CifarResNet:
    """Plain-44 for CIFAR, ResNet-44 without shortcuts: 658,586 parameters."""
    return CifarResNet(PlainBlock, 44, num_classes, in_channels, widths=widths)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_plain56(num_classes: int = 10, in_channels: int = 3, widths: Sequence[int] = WIDTHS) -> CifarResNet:
    """Plain-56 for CIFAR, ResNet-56 without shortcuts: 853,018 parameters."""
    return CifarResNet(PlainBlock, 56, num_classes, in_channels, widths=widths)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_plain110(num_classes: int = 10, in_channels: int = 3, widths: Sequence[int] = WIDTHS) -> CifarResNet:
    """Plain-110 for CIFAR, ResNet-110 without shortcuts: 1,727,962 parameters."""
    return CifarResNet(PlainBlock, 110, num_classes, in_channels, widths=widths)
