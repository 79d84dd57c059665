"""Fully connected networks for 28x28 digits: those of the slides and of four papers that argue with them.

Every neuron sees all of the layer before, y = f(W x + b); nothing is known of the image but its pixels. The papers change
one thing each: none hidden (arXiv 1412.6572: already a linear model is fooled), units that are dropped at random (arXiv
1207.0580), normalized batches (arXiv 1502.03167), sigmoids (arXiv 1312.6199: nets that are fooled by tiny steps).
All sizes are those of the papers and the slides, so the parameter counts are exact. Nobody repeats the papers' error
rates without their long schedules: 130 errors without and 110 with input dropout took 3,000 epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..nn import init
from ..nn.activation import ReLU, Sigmoid, Tanh
from ..nn.containers import Sequential
from ..nn.dropout import Dropout
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm1d
from ..tensor import Tensor
from .registry import Paper, register

SLIDES = Paper(1986, "Learning representations by back-propagating errors", "Nature 323")
DROPOUT = Paper(2012, "Improving neural networks by preventing co-adaptation of feature detectors", "arXiv 1207.0580")
INTRIGUING = Paper(2013, "Intriguing properties of neural networks", "arXiv 1312.6199")
EXPLAINING = Paper(2014, "Explaining and harnessing adversarial examples", "arXiv 1412.6572")
BATCHNORM = Paper(2015, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
                  "arXiv 1502.03167")

PIXELS = 28 * 28
ACTIVATIONS: dict[str, tuple[type[Module], Callable[[Tensor], Tensor]]] = {
    "relu": (ReLU, lambda weight: init.kaiming_normal_(weight, nonlinearity="relu")),
    "tanh": (Tanh, init.xavier_uniform_),
}


@register(input=(1, 28, 28), paper=SLIDES)
def mlp(num_classes: int = 10, in_channels: int = 1, activation: str = "relu") -> Sequential:
    """784-128-128-10, the slides' network of neurons: (n, in_channels, 28, 28) -> (n, num_classes).

    `activation` is "relu", with He's initialization (variance 2 / fan_in), or "tanh", with Glorot's (2 / (fan_in +
    fan_out)); biases start at zero. It has 118,282 parameters for 10 classes. Raises ValueError for other activations.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"mlp: activation is {activation!r}; use one of {', '.join(map(repr, ACTIVATIONS))}")
    kind, start = ACTIVATIONS[activation]
    hidden = [layer for k in (PIXELS * in_channels, 128) for layer in (Linear(k, 128), kind())]
    return _started(Sequential(Flatten(), *hidden, Linear(128, num_classes)), start)


@register(input=(1, 28, 28), paper=EXPLAINING)
def softmax_regression(num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """784-10, a linear model (arXiv 1412.6572, section 3): (n, in_channels, 28, 28) -> (n, num_classes).

    It has 7,850 parameters for 10 classes. Weights start Glorot-uniform, biases at zero.
    """
    return _started(Sequential(Flatten(), Linear(PIXELS * in_channels, num_classes)), init.xavier_uniform_)


@register(input=(1, 28, 28), paper=DROPOUT)
def mlp_dropout(num_classes: int = 10, in_channels: int = 1, dropout: float = 0.5,
                input_dropout: float = 0.2) -> Sequential:
    """784-800-800-10 with dropout (arXiv 1207.0580, section A.1): (n, in_channels, 28, 28) -> (n, num_classes).

    Pixels are dropped with probability `input_dropout`, hidden units with `dropout`. It has 1,276,810 parameters for 10
    classes. Weights start normal with standard deviation 0.01, biases at zero.
    """
    network = Sequential(
        Flatten(), Dropout(input_dropout),
        Linear(PIXELS * in_channels, 800), ReLU(), Dropout(dropout),
        Linear(800, 800), ReLU(), Dropout(dropout),
        Linear(800, num_classes),
    )
    return _started(network, lambda weight: init.normal_(weight, 0.0, 0.01))


@register(input=(1, 28, 28), paper=BATCHNORM)
def mlp_batchnorm(num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """Three layers of 100 sigmoids, each normalized (arXiv 1502.03167, section 4.1): (n, in_channels, 28, 28) ->
    (n, num_classes).

    The shift of the batch norm replaces the bias in front of it. It has 100,010 parameters for 10 classes. Weights start
    as small normal numbers, as in the paper; their variance, which it does not give, is Glorot's.
    """
    return _started(_sigmoids(PIXELS * in_channels, (100, 100, 100), num_classes, normalized=True), init.xavier_normal_)


@register(input=(1, 28, 28), paper=INTRIGUING)
def mlp_sigmoid_100_100(num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """784-100-100-10 with sigmoids, FC100-100-10 of arXiv 1312.6199, table 1: (n, in_channels, 28, 28) ->
    (n, num_classes).

    It has 89,610 parameters for 10 classes. Weights start Glorot-uniform, biases at zero.
    """
    return _started(_sigmoids(PIXELS * in_channels, (100, 100), num_classes, normalized=False), init.xavier_uniform_)


def _sigmoids(inputs: int, widths: Sequence[int], num_classes: int, normalized: bool) -> Sequential:
    network = Sequential(Flatten())
    for before, width in zip((inputs, *widths), widths):
        network.append(Linear(before, width, bias=not normalized))
        network.extend([BatchNorm1d(width), Sigmoid()] if normalized else [Sigmoid()])
    return network.append(Linear(widths[-1], num_classes))


def _started(network: Sequential, start: Callable[[Tensor], Tensor]) -> Sequential:
    """`network` with weights of the linear layers filled by `start` and their biases at zero."""

    def fill(module: Module) -> None:
        if isinstance(module, Linear):
            start(module.weight)
            if module.bias is not None:
                init.zeros_(module.bias)

    return network.apply(fill)
