"""Every operation in NumPy, as its formula reads: slow, without a thought for speed, and independent of the package."""

from .activation import log_softmax, relu, softmax
from .conv import conv, conv_transpose
from .linear import linear
from .loss import cross_entropy
from .norm import batch_norm
from .pool import avg_pool, max_pool
from .random import dropout, philox, uniform
from .reductions import maximum
from .shaping import pad, split

__all__ = [
    "avg_pool",
    "batch_norm",
    "conv",
    "conv_transpose",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "max_pool",
    "maximum",
    "pad",
    "philox",
    "relu",
    "softmax",
    "split",
    "uniform",
]
