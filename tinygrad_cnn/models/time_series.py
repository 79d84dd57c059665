"""Fully convolutional network for time series (Wang, Yan and Oates, arXiv 1611.06455): a convolution that runs over time.

Three convolutions look at 8, 5 and 3 moments at once, each with batch normalization and a ReLU; nothing is pooled, so the
series keeps its length. The mean over time then makes a vector of 128 of it, whatever its length, and a dense layer decides.
As the features are averages over time, weights of the dense layer tell which moments spoke for a class.
Exact here: the paper's layers; 264,962 parameters for one channel and two classes. An even window cannot be centered: the
one of 8 sees 3 moments before and 4 behind, as in PyTorch. The paper's ranks over the UCR data sets are not repeated here.
"""

from __future__ import annotations

from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv1d
from ..nn.linear import Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm1d
from ..tensor import Tensor
from .registry import Paper, register

PAPER = Paper(2016, "Time series classification from scratch with deep neural networks: a strong baseline",
              "arXiv 1611.06455")


class ConvBlock1d(Sequential):
    """Convolution over `window` moments, batch normalization, ReLU: (n, in_channels, t) -> (n, out_channels, t)."""

    def __init__(self, in_channels: int, out_channels: int, window: int) -> None:
        super().__init__(Conv1d(in_channels, out_channels, window, padding="same"), BatchNorm1d(out_channels), ReLU())


class TimeSeriesFCN(Module):
    """Three blocks, the mean over time, and a dense layer; see `time_series_fcn`."""

    def __init__(self, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.b1 = ConvBlock1d(in_channels, 128, 8)
        self.b2 = ConvBlock1d(128, 256, 5)
        self.b3 = ConvBlock1d(256, 128, 3)
        self.fc = Linear(128, num_classes)
        self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.b3(self.b2(self.b1(x))).mean(2))


def _start(module: Module) -> None:
    """Glorot's initialization and biases of 0, Keras's defaults."""
    if isinstance(module, (Conv1d, Linear)) and module.bias is not None:
        init.xavier_uniform_(module.weight)
        init.zeros_(module.bias)


@register(input=(1, 128), paper=PAPER)
def time_series_fcn(num_classes: int = 2, in_channels: int = 1) -> TimeSeriesFCN:
    """Convolutions over time: (n, in_channels, t) -> (n, num_classes), for series of any length t."""
    return TimeSeriesFCN(num_classes, in_channels)
