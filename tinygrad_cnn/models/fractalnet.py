"""FractalNet: very deep networks without shortcuts, by a rule that is applied to itself.

f_1 is one convolution; f_(C+1) runs f_C twice beside one more convolution and takes the mean. So a block of C columns holds
paths of length 1, 2, 4, ..., 2^(C-1). Drop-path trains them to stand alone: local drop-path drops inputs of each mean
(never all), global drop-path keeps one column of the whole network. Any column can be taken out as a network of its own.

Exact: the filters and layers of the authors' generator, 33,734,922 parameters for 20 layers. The 38.6M of later papers'
tables are not what these filters give.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    functional,
    init,
)
from ..tensor import Tensor
from .registry import Paper, register
from .stochastic_depth import chance, dropping

PAPER = Paper(2016, "FractalNet: ultra-deep neural networks without residuals", "arXiv 1605.07648")


def join(paths: Sequence[Tensor]) -> Tensor:
    """The mean of tensors of one shape."""
    total = paths[0]
    for path in paths[1:]:
        total = total + path
    return total if len(paths) == 1 else total / len(paths)


def kept(columns: int, drop_path: float) -> set[int]:
    """Which of `columns` inputs of a join survive local drop-path: each with probability 1 - drop_path, one at least."""
    alive = {k for k in range(columns) if chance() >= drop_path}
    return alive or {int(chance() * columns)}


class FractalUnit(Sequential):
    """Conv3x3, dropout if there is any, BN, ReLU: (n, inputs, h, w) -> (n, outputs, h, w). Weights start Glorot-uniform,
    biases at zero."""

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        conv = Conv2d(inputs, outputs, 3, padding=1)
        glorot(conv)
        drop: dict[str, Module] = {"drop": Dropout(dropout)} if dropout else {}
        super().__init__({"conv": conv, **drop, "bn": BatchNorm2d(outputs), "relu": ReLU()})


def glorot(layer: Conv2d | Linear) -> None:
    """Weights Glorot-uniform, biases at zero."""
    init.xavier_uniform_(layer.weight)
    assert layer.bias is not None
    init.zeros_(layer.bias)


class FractalBlock(Module):
    """The rule applied `columns` times, (n, inputs, h, w) -> (n, outputs, h, w): column k, from 0, has 2^k convolutions.

    With `pool` each column passes through it before the last mean. While training, every mean loses its inputs with
    probability `drop_path`, for the whole batch, but never all of them; what is dropped is not computed. A `column` in the
    call follows that column alone. On the meta device nothing is dropped. Raises if `drop_path` or `dropout`, which follows
    each convolution, is not between 0 and 1.
    """

    def __init__(self, inputs: int, outputs: int, columns: int = 3, drop_path: float = 0.15, dropout: float = 0.0,
                 pool: Module | None = None) -> None:
        functional.check_probability("FractalBlock", drop_path)
        super().__init__()
        self.columns, self.drop_path = columns, drop_path
        self.unit = FractalUnit(inputs, outputs, dropout)
        if columns > 1:
            self.first = FractalBlock(inputs, outputs, columns - 1, drop_path, dropout)
            self.second = FractalBlock(outputs, outputs, columns - 1, drop_path, dropout)
        self.pool = pool

    def forward(self, x: Tensor, column: int | None = None) -> Tensor:
        if column is not None:
            wanted = {column}
        elif dropping(self, x):
            wanted = kept(self.columns, self.drop_path)
        else:
            wanted = set(range(self.columns))
        paths = self.paths(x, wanted, column)
        return join(paths if self.pool is None else [self.pool(path) for path in paths])

    def paths(self, x: Tensor, wanted: set[int], column: int | None = None) -> list[Tensor]:
        """The ends of the columns `wanted`, shortest first, before pool and mean."""
        ends = [self.unit(x)] if 0 in wanted else []
        if inner := {k - 1 for k in wanted if k > 0}:
            below = None if column is None else column - 1
            ends += self.second.paths(self.first(x, below), inner, below)
        return ends

    def column(self, k: int) -> list[Module]:
        """The layers of column `k`, which are the block's own, and the pool."""
        if not 0 <= k < self.columns:
            raise IndexError(f"FractalBlock: column is {k} but there are {self.columns}; use 0 to {self.columns - 1}")
        layers: list[Module] = [self.unit] if k == 0 else [*self.first.column(k - 1), *self.second.column(k - 1)]
        return layers if self.pool is None else [*layers, self.pool]

    def extra_repr(self) -> str:
        return f"columns={self.columns}, drop_path={self.drop_path:g}"


class FractalNet(Module):
    """Five fractal blocks, each ended by a 2x2 max pooling: (n, in_channels, h, w) -> (n, num_classes), h and w from 32 on.

    While training, a batch sees global drop-path with probability `global_drop_path`: one column, each as likely, through
    all blocks; else local drop-path (`drop_path`). `dropouts` has the dropout of each block. The last maps are averaged.
    Raises if a probability is not between 0 and 1.
    """

    def __init__(self, columns: int = 3, num_classes: int = 10, in_channels: int = 3, drop_path: float = 0.15,
                 global_drop_path: float = 0.5, widths: Sequence[int] = (64, 128, 256, 512, 512),
                 dropouts: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4)) -> None:
        functional.check_probability("FractalNet", global_drop_path)
        super().__init__()
        self.columns, self.global_drop_path = columns, global_drop_path
        self.blocks = Sequential()
        for inputs, outputs, dropout in zip((in_channels, *widths), widths, dropouts):
            self.blocks.append(FractalBlock(inputs, outputs, columns, drop_path, dropout, MaxPool2d(2)))
        self.avgpool, self.flatten, self.fc = AdaptiveAvgPool2d(1), Flatten(), Linear(widths[-1], num_classes)
        glorot(self.fc)

    def forward(self, x: Tensor) -> Tensor:
        column = None
        if dropping(self, x) and chance() < self.global_drop_path:
            column = int(chance() * self.columns)
        for block in self.blocks:
            x = block(x, column)
        return self.fc(self.flatten(self.avgpool(x)))

    def column(self, k: int) -> Sequential:
        """Column `k` of all blocks as a plain network, which shares its layers with this one. Raises IndexError if there
        is none."""
        layers = [layer for block in self.blocks if isinstance(block, FractalBlock) for layer in block.column(k)]
        return Sequential(*layers, self.avgpool, self.flatten, self.fc)


@register(input=(3, 32, 32), paper=PAPER)
def fractalnet10(**kwargs: Any) -> FractalNet:
    """FractalNet of 2 columns and depth 10: 13,329,738 parameters. `kwargs` are `FractalNet`'s."""
    return FractalNet(2, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def fractalnet20(**kwargs: Any) -> FractalNet:
    """FractalNet of 3 columns and depth 20: 33,734,922 parameters. `kwargs` are `FractalNet`'s."""
    return FractalNet(3, **kwargs)


@register(input=(3, 32, 32), paper=PAPER)
def fractalnet40(**kwargs: Any) -> FractalNet:
    """FractalNet of 4 columns and depth 40: 76,128,714 parameters. `kwargs` are `FractalNet`'s."""
    return FractalNet(4, **kwargs)
