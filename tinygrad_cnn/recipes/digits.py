"""Our own recipes for the networks of the embedded digits, a row for each network and length of training.

They were compared on the part "validation" of the data, with the network trained on "fit"; the held-out digits had no
say. Pixels go in as they are, from 0 to 1.
"""

from __future__ import annotations

from typing import Any

from .recipe import Recipe

MOVED: dict[str, Any] = {"rotation": 10, "shift": 2, "scale": 0.1}

FULL = {
    "mnist_cnn": Recipe(epochs=80, batch_size=32, lr=2e-3, warmup=400, rotation=15, shear=10, shift=2, scale=0.15,
                        average=0.999),
    "mnist_cnn_bn": Recipe(epochs=40, batch_size=64, lr=0.1, optimizer="sgd", weight_decay=5e-4, warmup=200,
                           average=0.999, **MOVED),
}
SHORT = {
    "mnist_cnn": Recipe(epochs=3, batch_size=32, lr=4e-3, warmup=150, schedule="linear",
                        rotation=5, shift=1, scale=0.05),
    "mnist_cnn_bn": Recipe(epochs=3, batch_size=64, lr=4e-3, warmup=100, schedule="linear",
                           rotation=5, shift=1, scale=0.05),
}
SHORT_EPOCHS = 5  # up to here the short recipe is the better one
