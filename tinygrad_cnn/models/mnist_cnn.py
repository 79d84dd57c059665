"""Two networks for 28x28 digits: the Keras example of the slides, and one with batch normalization (arXiv 1502.03167).

Two 3x3 convolutions, one pooling, two dense layers: the smallest network with all the parts of a large one. Dropout keeps
the dense layers, which hold nearly all of its parameters, from learning the training digits by heart. The second network
normalizes every layer and pools twice, and with fewer parameters is the more accurate.
The slides' 600,810 parameters are exact; the example of today's Keras, with 64 filters in the second layer and 1,199,882
parameters, is another. Their 99.0 % depend on a subset of MNIST, and their 14 minutes against 42 seconds on machines, that
the slides do not name.
"""

from __future__ import annotations

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d
from ..nn.dropout import Dropout
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm1d, BatchNorm2d
from ..nn.pool import MaxPool2d
from .mlp import BATCHNORM
from .registry import Paper, register

KERAS = Paper(2015, "The MNIST example of Keras", "the slides, chapter 6")


@register(input=(1, 28, 28), paper=KERAS)
def mnist_cnn(num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """The Keras MNIST example in its first form, 32 and 32 filters: (n, in_channels, 28, 28) -> (n, num_classes).

    It has 600,810 parameters for 10 classes. Weights start Glorot-uniform and biases at zero, Keras's defaults.
    """
    network = Sequential(
        Conv2d(in_channels, 32, 3), ReLU(),
        Conv2d(32, 32, 3), ReLU(),
        MaxPool2d(2), Dropout(0.25), Flatten(),
        Linear(32 * 12 * 12, 128), ReLU(), Dropout(0.5),
        Linear(128, num_classes),
    )
    network.apply(_keras_init)
    return network


def _keras_init(module: Module) -> None:
    if isinstance(module, (Conv2d, Linear)):
        init.xavier_uniform_(module.weight)
        assert module.bias is not None
        init.zeros_(module.bias)


@register(input=(1, 28, 28), paper=BATCHNORM)
def mnist_cnn_bn(num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """Four 3x3 convolutions with batch normalization: (n, in_channels, 28, 28) -> (n, num_classes).

    Two convolutions of 32 and two of 64 filters, each pair followed by a 2x2 max pool, then a hidden layer of 128.
    """
    return Sequential(
        *_conv_bn(in_channels, 32), *_conv_bn(32, 32), MaxPool2d(2),
        *_conv_bn(32, 64), *_conv_bn(64, 64), MaxPool2d(2), Dropout(0.25), Flatten(),
        Linear(64 * 7 * 7, 128, bias=False), BatchNorm1d(128), ReLU(), Dropout(0.5),
        Linear(128, num_classes),
    )


def _conv_bn(inputs: int, outputs: int) -> tuple[Module, ...]:
    # The shift of the batch norm makes a bias of the convolution pointless.
    return Conv2d(inputs, outputs, 3, padding=1, bias=False), BatchNorm2d(outputs), ReLU()
