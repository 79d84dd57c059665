"""Numbers that are the same in every library and on every machine: weights on which two definitions can be compared."""

from math import prod, sqrt
from zlib import crc32

import numpy as np


def uniform(key, shape):
    """Float64 numbers in [0, 1) that look random and depend on `key` only (splitmix64 of their places)."""
    with np.errstate(over="ignore"):
        x = (np.arange(prod(shape), dtype=np.uint64) + (np.uint64(crc32(key.encode())) << np.uint64(32)))
        x = x * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        x ^= x >> np.uint64(31)
    return ((x >> np.uint64(11)) * 2.0**-53).reshape(shape)


def symmetric(key, shape):
    """The same between -1 and 1."""
    return 2 * uniform(key, shape) - 1


def weights(shapes):
    """A state_dict for {key: shape}: weights that keep a signal alive, batch norms that have seen something."""
    return {key: _values(key, tuple(shape)) for key, shape in shapes.items()}


def _values(key, shape):
    if key.endswith("num_batches_tracked"):
        return np.int64(1)
    if key.endswith("running_var"):
        return 0.5 + uniform(key, shape)
    if len(shape) > 1:
        return sqrt(6 / prod(shape[1:])) * symmetric(key, shape)
    return (1.0 if key.endswith("weight") else 0.0) + 0.3 * symmetric(key, shape)
