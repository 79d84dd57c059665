"""One row per operation. Every generic test, and the benchmarks, run over ROWS.

A row names a function by its path, which is the same in tinygrad_cnn and in PyTorch ("nn.functional.conv2d"), or gives
one that takes the library first. Beside it stand the NumPy reference, the cases it is tried on, what it must refuse, and
two shapes of real networks to measure it on. Rows stand in rows/, a file for each kind of operation.
"""

from .rows import (
    ROWS,
    activation,
    composed,
    conv,
    elementwise,
    indexing,
    interpolate,
    linear,
    loss,
    margin,
    norm,
    pool,
    reductions,
    sample,
    shaping,
    sorting,
)

__all__ = [
    "ROWS", "activation", "composed", "conv", "elementwise", "indexing", "interpolate", "linear", "loss", "margin",
    "norm", "pool", "reductions", "sample", "shaping", "sorting",
]
