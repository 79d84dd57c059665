"""LeNet (LeCun et al. 1998) in the form of Caffe's MNIST example, the network that arXiv 1412.1897 fools.

Small windows share their weights over the whole image, so that a stroke is found wherever it is. Pooling halves the
image twice, and what was local becomes a few numbers about the whole. Two dense layers read the digit off them.
The 431,080 parameters and 2,293,000 multiply-adds are exact. The accuracy of Caffe's example belongs to its own schedule
of 10,000 steps; the fooling images of arXiv 1412.1897 differ from run to run.
"""

from __future__ import annotations

from math import sqrt

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.pool import MaxPool2d
from .registry import Paper, register

PAPER = Paper(1998, "Gradient-based learning applied to document recognition", "Proc. IEEE 86(11)")


@register(input=(1, 28, 28), paper=PAPER)
def lenet(num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """Two 5x5 convolutions with pooling, no activation between, and two dense layers: (n, in_channels, 28, 28) ->
    (n, num_classes).

    Caffe's names and initialization: weights uniform with variance 1 / fan_in, biases zero.
    """
    return Sequential({
        "conv1": Conv2d(in_channels, 20, 5), "pool1": MaxPool2d(2),
        "conv2": Conv2d(20, 50, 5), "pool2": MaxPool2d(2),
        "flatten": Flatten(),
        "ip1": Linear(50 * 4 * 4, 500), "relu1": ReLU(),
        "ip2": Linear(500, num_classes),
    }).apply(_caffe_init)


def _caffe_init(module: Module) -> None:
    if isinstance(module, (Conv2d, Linear)):
        bound = sqrt(3 / init.fans(module.weight)[0])
        init.uniform_(module.weight, -bound, bound)
        assert module.bias is not None
        init.zeros_(module.bias)
