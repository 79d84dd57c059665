"""The functions behind the modules, with PyTorch's names, arguments and defaults: `F.conv2d(x, weight, stride=2)`.

Here arguments are checked and brought to one form; the mathematics is in `ops`.
"""

from .activation import log_softmax, relu, sigmoid, softmax, tanh
from .checks import check_probability
from .conv import (
    check_padding,
    conv,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from .dropout import dropout
from .linear import linear
from .loss import check_cross_entropy, cross_entropy
from .norm import batch_norm
from .pad import pad
from .pool import avg_pool, avg_pool1d, avg_pool2d, avg_pool3d, max_pool, max_pool1d, max_pool2d, max_pool3d

__all__ = [
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "check_cross_entropy",
    "check_padding",
    "check_probability",
    "conv",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
