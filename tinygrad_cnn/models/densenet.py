"""Densely connected networks: every layer sees the feature maps of all layers before it, by concatenation.

A layer adds only k new maps (the growth rate), because nothing that an earlier one found must be copied: the block's width
grows k by k, and a short way leads from each layer to the loss. "B" puts a 1x1 to 4k maps before each 3x3, "C" has the
transitions between blocks halve the maps.

Exact: all parameter counts. The first convolution has 16 maps, with "BC" 2k: only so do 27.2M come out for L = 100, k = 24
(the authors' Lua code, with 2k throughout, has 28.07M). Only "BC" halves: L = 40, k = 12 has 1,019,722 parameters, where
some libraries halve and get 599,050. Keys are torchvision's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..checkpoint import checkpoint
from ..functions import cat
from ..nn import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    init,
)
from ..tensor import Tensor
from .registry import Paper, register
from .resnet import conv, he_init

PAPER = Paper(2016, "Densely connected convolutional networks", "arXiv 1608.06993")


class DenseLayer(Sequential):
    """BN-ReLU-conv3x3 of all maps before, (n, inputs, h, w), to `growth_rate` new ones: (n, growth_rate, h, w).

    Unless `bn_size` is None, a bottleneck BN-ReLU-conv1x1 to bn_size * growth_rate maps comes first. Dropout follows each
    convolution if `drop_rate` is not 0. `bias` is that of the convolutions.
    """

    def __init__(self, inputs: int, growth_rate: int, bn_size: int | None = 4, drop_rate: float = 0.0,
                 bias: bool = False) -> None:
        if bn_size is None:
            super().__init__(bn_relu_conv("1", 3, inputs, growth_rate, drop_rate, bias))
        else:
            wide = bn_size * growth_rate
            super().__init__(bn_relu_conv("1", 1, inputs, wide, drop_rate, bias)
                             | bn_relu_conv("2", 3, wide, growth_rate, drop_rate, bias))


class DenseBlock(Sequential):
    """`count` dense layers, each of the input and all new maps before: (n, inputs, h, w) -> (n, outputs, h, w) with
    outputs = inputs + count * growth_rate.

    With `memory_efficient` nothing within the layers is kept for the backward pass: concatenations, normalized maps and
    the bottleneck's are computed again there (arXiv 1707.06990). The other arguments are `DenseLayer`'s.
    """

    def __init__(self, count: int, inputs: int, growth_rate: int, bn_size: int | None = 4, drop_rate: float = 0.0,
                 bias: bool = False, memory_efficient: bool = False) -> None:
        self.outputs, self.memory_efficient = inputs + count * growth_rate, memory_efficient
        super().__init__({f"denselayer{k + 1}": DenseLayer(inputs + k * growth_rate, growth_rate, bn_size, drop_rate, bias)
                          for k in range(count)})

    def forward(self, x: Tensor) -> Tensor:
        if self.memory_efficient:
            maps = [x]
            for layer in self:
                maps.append(checkpoint(partial(_of_all, layer), *maps))
            return cat(maps, 1)
        for layer in self:
            x = cat([x, layer(x)], 1)
        return x


def _of_all(layer: Module, *maps: Tensor) -> Tensor:
    return layer(cat(maps, 1))


class Transition(Sequential):
    """BN-ReLU-conv1x1 and a 2x2 average pooling between blocks: (n, inputs, h, w) -> (n, outputs, h / 2, w / 2).

    Dropout follows the convolution if `drop_rate` is not 0.
    """

    def __init__(self, inputs: int, outputs: int, drop_rate: float = 0.0) -> None:
        super().__init__(bn_relu_conv("", 1, inputs, outputs, drop_rate) | {"pool": AvgPool2d(2)})


def bn_relu_conv(suffix: str, size: int, inputs: int, outputs: int, drop_rate: float,
                 bias: bool = False) -> dict[str, Module]:
    """BN-ReLU-conv, and dropout if there is any, under names that end in `suffix`."""
    layers = {"norm": BatchNorm2d(inputs), "relu": ReLU(),
              "conv": Conv2d(inputs, outputs, size, padding=size // 2, bias=bias)}
    if drop_rate:
        layers["drop"] = Dropout(drop_rate)
    return {name + suffix: layer for name, layer in layers.items()}


class DenseNet(Module):
    """Dense blocks and transitions between them: (n, in_channels, h, w) -> (n, num_classes), any h and w that last.

    The first arguments are torchvision's: `block_config` counts the layers of the blocks, `num_init_features` the maps of
    the first convolution; `bn_size` None leaves out the bottlenecks. A transition leaves `compression` of the maps. The
    stem of `small_images` is a 3x3 convolution, else a 7x7 of stride 2 and a max pooling. `memory_efficient` is the blocks'.
    """

    def __init__(self, growth_rate: int = 32, block_config: Sequence[int] = (6, 12, 24, 16), num_init_features: int = 64,
                 bn_size: int | None = 4, drop_rate: float = 0.0, num_classes: int = 1000,
                 memory_efficient: bool = False, *, in_channels: int = 3, compression: float = 0.5,
                 small_images: bool = False) -> None:
        super().__init__()
        width = num_init_features
        self.features = Sequential(_stem(in_channels, width, small_images))
        for k, count in enumerate(block_config, 1):
            block = DenseBlock(count, width, growth_rate, bn_size, drop_rate, memory_efficient=memory_efficient)
            self.features.register_module(f"denseblock{k}", block)
            width = block.outputs
            if k < len(block_config):
                kept = int(width * compression)
                self.features.register_module(f"transition{k}", Transition(width, kept, drop_rate))
                width = kept
        self.features.register_module("norm5", BatchNorm2d(width))
        self.relu, self.avgpool = ReLU(), AdaptiveAvgPool2d(1)
        self.classifier = Linear(width, num_classes)
        self.apply(he_init)
        assert self.classifier.bias is not None
        init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.relu(self.features(x))).flatten(1))


def _stem(in_channels: int, width: int, small_images: bool) -> dict[str, Module]:
    if small_images:
        return {"conv0": conv(3, in_channels, width)}
    return {"conv0": Conv2d(in_channels, width, 7, 2, padding=3, bias=False), "norm0": BatchNorm2d(width),
            "relu0": ReLU(), "pool0": MaxPool2d(3, 2, padding=1)}


def _cifar(depth: int, growth_rate: int, bottleneck: bool, **kwargs: Any) -> DenseNet:
    """Three equal blocks: with `bottleneck`, "BC", two convolutions a layer, 2k first maps and halving transitions."""
    count = (depth - 4) // (6 if bottleneck else 3)
    settings = {"num_init_features": 2 * growth_rate if bottleneck else 16, "bn_size": 4 if bottleneck else None,
                "compression": 0.5 if bottleneck else 1.0, "num_classes": 10, "small_images": True}
    return DenseNet(growth_rate, (count,) * 3, **(settings | kwargs))


@register(input=(3, 224, 224), paper=PAPER)
def densenet121(**kwargs: Any) -> DenseNet:
    """DenseNet-121, k = 32: 7,978,856 parameters. `kwargs` are `DenseNet`'s."""
    return DenseNet(32, (6, 12, 24, 16), 64, **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def densenet169(**kwargs: Any) -> DenseNet:
    """DenseNet-169, k = 32: 14,149,480 parameters. `kwargs` are `DenseNet`'s."""
    return DenseNet(32, (6, 12, 32, 32), 64, **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def densenet201(**kwargs: Any) -> DenseNet:
    """DenseNet-201, k = 32: 20,013,928 parameters. `kwargs` are `DenseNet`'s."""
    return DenseNet(32, (6, 12, 48, 32), 64, **kwargs)


@register(input=(3, 224, 224), paper=PAPER)
def densenet161(**kwargs: Any) -> DenseNet:
    """DenseNet-161, k = 48: 28,681,000 parameters. `kwargs` are `DenseNet`'s."""
    return DenseNet(48, (6, 12, 36, 24), 96, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet40_k12(**kwargs: Any) -> DenseNet:
    """DenseNet L = 40, k = 12 for CIFAR: 1,019,722 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(40, 12, bottleneck=False, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet100_k12(**kwargs: Any) -> DenseNet:
    """DenseNet L = 100, k = 12 for CIFAR: 6,979,642 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(100, 12, bottleneck=False, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet100_k24(**kwargs: Any) -> DenseNet:
    """DenseNet L = 100, k = 24 for CIFAR: 27,249,082 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(100, 24, bottleneck=False, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet_bc40_k12(**kwargs: Any) -> DenseNet:
    """DenseNet-BC L = 40, k = 12 for CIFAR: 176,122 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(40, 12, bottleneck=True, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet_bc100_k12(**kwargs: Any) -> DenseNet:
    """DenseNet-BC L = 100, k = 12 for CIFAR: 769,162 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(100, 12, bottleneck=True, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet_bc250_k24(**kwargs: Any) -> DenseNet:
    """DenseNet-BC L = 250, k = 24 for CIFAR: 15,324,406 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(250, 24, bottleneck=True, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_densenet_bc190_k40(**kwargs: Any) -> DenseNet:
    """DenseNet-BC L = 190, k = 40 for CIFAR: 25,624,430 parameters. `kwargs` are `DenseNet`'s."""
    return _cifar(190, 40, bottleneck=True, **kwargs)
