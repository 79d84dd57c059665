"""AlexNet (Krizhevsky et al. 2012), the breakthrough on ImageNet, and its later one-tower form (arXiv 1404.5997).

Five convolutions and three dense layers learn from a million photographs what to look for; rectified units, dropout and two
GPUs make that possible in a week. The first network is cut into two towers that meet only in the third convolution and in
the dense layers, and lets neighboring channels compete (local response normalization). The second, for one GPU, is the one
that torchvision has; it drops the normalization and takes images of any size.
Exact here: 60,965,224 parameters in two towers (the "60 million"), 61,100,840 in one. The paper's input of 224x224 is not:
only 227 gives its 55x55 maps. Nobody repeats the error rates (40.7 % top-1, one network) without its training on ImageNet.
"""

from __future__ import annotations

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d
from ..nn.dropout import Dropout
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.norm import LocalResponseNorm
from ..nn.pool import AdaptiveAvgPool2d, MaxPool2d
from ..tensor import Tensor
from .registry import Paper, register

TWO_TOWERS = Paper(2012, "ImageNet classification with deep convolutional neural networks", "NIPS 2012")
ONE_TOWER = Paper(2014, "One weird trick for parallelizing convolutional neural networks", "arXiv 1404.5997")


@register(input=(3, 227, 227), paper=TWO_TOWERS)
def alexnet_2012(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> Sequential:
    """AlexNet as published, both towers: (n, in_channels, 227, 227) -> (n, num_classes).

    Weights start normal with standard deviation 0.01. Biases start at 1 in the second, fourth and fifth convolution and in
    the hidden dense layers, which gives their rectifiers something to pass on, and at 0 elsewhere.
    """
    network = Sequential({
        "conv1": Conv2d(in_channels, 96, 11, stride=4), "relu1": ReLU(), "lrn1": _competition(), "pool1": MaxPool2d(3, 2),
        "conv2": Conv2d(96, 256, 5, padding=2, groups=2), "relu2": ReLU(), "lrn2": _competition(), "pool2": MaxPool2d(3, 2),
        "conv3": Conv2d(256, 384, 3, padding=1), "relu3": ReLU(),
        "conv4": Conv2d(384, 384, 3, padding=1, groups=2), "relu4": ReLU(),
        "conv5": Conv2d(384, 256, 3, padding=1, groups=2), "relu5": ReLU(), "pool5": MaxPool2d(3, 2),
        "flatten": Flatten(),
        "drop6": Dropout(dropout), "fc6": Linear(256 * 6 * 6, 4096), "relu6": ReLU(),
        "drop7": Dropout(dropout), "fc7": Linear(4096, 4096), "relu7": ReLU(),
        "fc8": Linear(4096, num_classes),
    })
    for name, layer in network.named_children():
        if isinstance(layer, (Conv2d, Linear)) and layer.bias is not None:
            init.normal_(layer.weight, 0.0, 0.01)
            init.constant_(layer.bias, float(name in ("conv2", "conv4", "conv5", "fc6", "fc7")))
    return network


def _competition() -> LocalResponseNorm:
    """Section 3.3: x / (2 + 1e-4 * the sum of squares over five channels) ** 0.75."""
    return LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0, average=False)


class AlexNet(Module):
    """The one-tower network, with torchvision's keys; see `alexnet`."""

    def __init__(self, num_classes: int, in_channels: int, dropout: float) -> None:
        super().__init__()
        self.features = Sequential(
            Conv2d(in_channels, 64, 11, stride=4, padding=2), ReLU(), MaxPool2d(3, 2),
            Conv2d(64, 192, 5, padding=2), ReLU(), MaxPool2d(3, 2),
            Conv2d(192, 384, 3, padding=1), ReLU(),
            Conv2d(384, 256, 3, padding=1), ReLU(),
            Conv2d(256, 256, 3, padding=1), ReLU(), MaxPool2d(3, 2),
        )
        self.avgpool = AdaptiveAvgPool2d((6, 6))
        self.classifier = Sequential(
            Dropout(dropout), Linear(256 * 6 * 6, 4096), ReLU(),
            Dropout(dropout), Linear(4096, 4096), ReLU(),
            Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


@register(input=(3, 224, 224), paper=ONE_TOWER)
def alexnet(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> AlexNet:
    """AlexNet in one tower, without normalization: (n, in_channels, h, w) -> (n, num_classes), h and w at least 63.

    Keys are torchvision's, and so is the initialization: PyTorch's defaults.
    """
    return AlexNet(num_classes, in_channels, dropout)
