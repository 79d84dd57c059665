"""Highway networks: each layer has a gate that says how much of its input to transform and how much to let through.

y = H(x) T(x) + x (1 - T(x)) with a gate T = sigmoid(W x + b). Its bias starts negative, so that at first every layer
nearly copies its input and the error reaches the bottom of 100 layers; training opens the gates where that helps.

Exact: 50 wide highway layers and 71 wide plain ones, which have as many parameters (5,100 and 5,112), of depth 10, 20, 50
and 100 on digits. The convolutional nets are our reconstruction of the 39K and 151K the paper states (38,730 and 151,178):
it does not say where it pools. Its nets for CIFAR cannot be rebuilt from the text.
"""

from __future__ import annotations

from ..nn import Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential, Sigmoid, Tanh, init
from ..tensor import Tensor
from .registry import Paper, register

PAPER = Paper(2015, "Highway networks", "arXiv 1505.00387")

PIXELS = 28 * 28


class HighwayLayer(Module):
    """A fully connected highway layer, (n, width) -> (n, width), with tanh unless `activation` is another module.

    The gate's bias starts at `gate_bias`. Weights start Glorot-uniform, other biases at zero.
    """

    def __init__(self, width: int, gate_bias: float = -2.0, activation: Module | None = None) -> None:
        super().__init__()
        self._build(Linear(width, width), Linear(width, width), gate_bias, activation or Tanh())

    def _build(self, transform: Linear | Conv2d, gate: Linear | Conv2d, gate_bias: float, activation: Module) -> None:
        self.transform, self.gate, self.activation, self.sigmoid = transform, gate, activation, Sigmoid()
        start(transform)
        start(gate)
        assert gate.bias is not None
        init.constant_(gate.bias, gate_bias)

    def forward(self, x: Tensor) -> Tensor:
        t = self.sigmoid(self.gate(x))
        return self.activation(self.transform(x)) * t + x * (1 - t)


class HighwayConv2d(HighwayLayer):
    """A convolutional highway layer, (n, channels, h, w) -> (n, channels, h, w), with ReLU unless said otherwise.

    Transform and gate are convolutions of an odd `kernel_size` that keep the image's size. Weights start with He's
    initialization.
    """

    def __init__(self, channels: int, kernel_size: int = 3, gate_bias: float = -2.0,
                 activation: Module | None = None) -> None:
        Module.__init__(self)
        transform, gate = (Conv2d(channels, channels, kernel_size, padding=kernel_size // 2) for _ in range(2))
        self._build(transform, gate, gate_bias, activation or ReLU())


def start(module: Module) -> None:
    """First weights for `network.apply`: Glorot's of a linear layer, He's of a convolution; biases at zero."""
    if isinstance(module, (Linear, Conv2d)):
        if isinstance(module, Linear):
            init.xavier_uniform_(module.weight)
        else:
            init.kaiming_normal_(module.weight, nonlinearity="relu")
        assert module.bias is not None
        init.zeros_(module.bias)


def _fully_connected(body: Sequential, width: int, num_classes: int, in_channels: int) -> Sequential:
    """A plain layer for 28x28 images, `body`, and the classes' layer."""
    inp, out = Linear(in_channels * PIXELS, width), Linear(width, num_classes)
    start(inp)
    start(out)
    return Sequential({"flatten": Flatten(), "inp": inp, "tanh": Tanh(), "body": body, "out": out})


def _highway(depth: int, num_classes: int, in_channels: int, width: int, gate_bias: float) -> Sequential:
    body = Sequential(*(HighwayLayer(width, gate_bias) for _ in range(depth - 1)))
    return _fully_connected(body, width, num_classes, in_channels)


def _plain(depth: int, num_classes: int, in_channels: int, width: int) -> Sequential:
    body = Sequential(*(layer for _ in range(depth - 1) for layer in (Linear(width, width), Tanh())))
    return _fully_connected(body.apply(start), width, num_classes, in_channels)


def _convolutional(width: int, num_classes: int, in_channels: int, gate_bias: float) -> Sequential:
    """A plain convolution and eight highway layers in three blocks, each ended by a pooling: 28, 14, 7, 3."""
    first = Conv2d(in_channels, width, 3, padding=1)
    network = Sequential({"c": first, "relu": ReLU()})
    for k, count in enumerate((2, 3, 3), 1):
        block = Sequential(*(HighwayConv2d(width, gate_bias=gate_bias) for _ in range(count)))
        network.register_module(f"b{k}", block)
        network.register_module(f"pool{k}", MaxPool2d(2))
    network.register_module("flatten", Flatten())
    network.register_module("fc", Linear(width * 3 * 3, num_classes))
    start(first)
    return network


@register(input=(1, 28, 28), paper=PAPER)
def highway10(num_classes: int = 10, in_channels: int = 1, width: int = 50, gate_bias: float = -2.0) -> Sequential:
    """A plain and 9 highway layers, (n, in_channels, 28, 28) -> (n, num_classes): 85,660 parameters."""
    return _highway(10, num_classes, in_channels, width, gate_bias)


@register(input=(1, 28, 28), paper=PAPER)
def highway20(num_classes: int = 10, in_channels: int = 1, width: int = 50, gate_bias: float = -2.0) -> Sequential:
    """A plain and 19 highway layers, (n, in_channels, 28, 28) -> (n, num_classes): 136,660 parameters."""
    return _highway(20, num_classes, in_channels, width, gate_bias)


@register(input=(1, 28, 28), paper=PAPER)
def highway50(num_classes: int = 10, in_channels: int = 1, width: int = 50, gate_bias: float = -4.0) -> Sequential:
    """A plain and 49 highway layers, (n, in_channels, 28, 28) -> (n, num_classes): 289,660 parameters."""
    return _highway(50, num_classes, in_channels, width, gate_bias)


@register(input=(1, 28, 28), paper=PAPER)
def highway100(num_classes: int = 10, in_channels: int = 1, width: int = 50, gate_bias: float = -4.0) -> Sequential:
    """A plain and 99 highway layers, (n, in_channels, 28, 28) -> (n, num_classes): 544,660 parameters."""
    return _highway(100, num_classes, in_channels, width, gate_bias)


@register(input=(1, 28, 28), paper=PAPER)
def highway10_plain(num_classes: int = 10, in_channels: int = 1, width: int = 71) -> Sequential:
    """10 plain layers, (n, in_channels, 28, 28) -> (n, num_classes): 102,463 parameters."""
    return _plain(10, num_classes, in_channels, width)


@register(input=(1, 28, 28), paper=PAPER)
def highway50_plain(num_classes: int = 10, in_channels: int = 1, width: int = 71) -> Sequential:
    """50 plain layers, (n, in_channels, 28, 28) -> (n, num_classes): 306,943 parameters."""
    return _plain(50, num_classes, in_channels, width)


@register(input=(1, 28, 28), paper=PAPER)
def highway100_plain(num_classes: int = 10, in_channels: int = 1, width: int = 71) -> Sequential:
    """100 plain layers, (n, in_channels, 28, 28) -> (n, num_classes): 562,543 parameters."""
    return _plain(100, num_classes, in_channels, width)


@register(input=(1, 28, 28), paper=PAPER)
def highway_conv_w16(num_classes: int = 10, in_channels: int = 1, gate_bias: float = -2.0) -> Sequential:
    """Convolutional highway layers of 16 channels, (n, in_channels, 28, 28) -> (n, num_classes): 38,730 parameters."""
    return _convolutional(16, num_classes, in_channels, gate_bias)


@register(input=(1, 28, 28), paper=PAPER)
def highway_conv_w32(num_classes: int = 10, in_channels: int = 1, gate_bias: float = -2.0) -> Sequential:
    """Convolutional highway layers of 32 channels, (n, in_channels, 28, 28) -> (n, num_classes): 151,178 parameters."""
    return _convolutional(32, num_classes, in_channels, gate_bias)
