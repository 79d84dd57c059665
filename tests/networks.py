"""Four small networks, written for both libraries at once (`t` is one of them), their weights and training.

The networks of the slides in miniature: the MNIST example, a residual block, an Inception module, a level of U-Net.
Weights and data come from NumPy's RandomState, whose streams are frozen for good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = 20


def mnist_cnn(t: Any) -> Any:
    """models/mnist_cnn.py without its dropout."""
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 12 * 12, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def residual(t: Any) -> Any:
    """Two 3x3 convolutions with batch normalization beside an identity (arXiv 1512.03385, figure 2)."""
    nn = t.nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
            self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
            self.relu, self.fc = nn.ReLU(), nn.Linear(8, 10)

        def forward(self, x: Any) -> Any:
            y = self.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            y += x
            return self.fc(self.relu(y).mean((2, 3)))

    return Residual()


def inception(t: Any) -> Any:
    """Four branches side by side (arXiv 1409.4842, figure 2b)."""
    nn = t.nn

    class Inception(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            relu = nn.ReLU()
            self.one = nn.Sequential(nn.Conv2d(6, 4, 1), relu)
            self.three = nn.Sequential(nn.Conv2d(6, 3, 1), relu, nn.Conv2d(3, 5, 3, padding=1), relu)
            self.five = nn.Sequential(nn.Conv2d(6, 2, 1), relu, nn.Conv2d(2, 3, 5, padding=2), relu)
            self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(6, 4, 1), relu)
            self.fc = nn.Linear(16, 10)

        def forward(self, x: Any) -> Any:
            y = t.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)
            return self.fc(y.mean((2, 3)))

    return Inception()


def unet(t: Any) -> Any:
    """Down, across and up again, with a skip (arXiv 1505.04597, figure 1)."""
    nn = t.nn

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
            self.pool = nn.MaxPool2d(2)
            self.bottom = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
            self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
            self.out = nn.Sequential(nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1))

        def forward(self, x: Any) -> Any:
            skip = self.down(x)
            return self.out(t.cat([skip, self.up(self.bottom(self.pool(skip)))], 1))

    return UNet()


# network, shape of the input, shape of the target, classes, learning rate
NETWORKS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], tuple[int, ...], int, float]] = {
    "mnist_cnn": (mnist_cnn, (8, 1, 28, 28), (8,), 10, 0.005),
    "residual": (residual, (8, 8, 8, 8), (8,), 10, 0.05),
    "inception": (inception, (8, 6, 8, 8), (8,), 10, 0.05),
    "unet": (unet, (4, 1, 16, 16), (4, 16, 16), 3, 0.5),
}


def weights(network: Any) -> dict[str, np.ndarray]:
    """Values for the parameters, in the order of their names: uniform within 1 / sqrt(fan_in), batch norms near 1."""
    draw = np.random.RandomState(1).uniform
    found = {}
    for name, p in sorted(network.named_parameters()):
        bound = float(np.prod(p.shape[1:])) ** -0.5 if p.ndim > 1 else 0.1
        found[name] = (
            draw(1 - bound, 1 + bound, tuple(p.shape)) if "bn" in name else draw(-bound, bound, tuple(p.shape))
        )
    return found


def train(t: Any, name: str, dtype: Any, tensor: Callable[[np.ndarray], Any]) -> list[float]:
    """The losses of 20 steps of SGD with momentum on one batch; `tensor` brings NumPy's arrays into the library."""
    build, shape, targets, classes, rate = NETWORKS[name]
    network = build(t).to(dtype)
    with t.no_grad():
        drawn = weights(network)
        for key, p in network.named_parameters():
            p.copy_(tensor(drawn[key]))
    random = np.random.RandomState(2)
    x, y = tensor(random.uniform(-1, 1, shape)).to(dtype), tensor(random.randint(0, classes, targets))
    optimizer = t.optim.SGD(network.parameters(), lr=rate, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = t.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
