"""How the digit networks are trained: one row per network and length of training.

The recipes were compared on the part "validation" of the data, with the network trained on "fit"; the held-out digits
had no say. Pixels go in as they are, from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a run goes, apart from network and seed.

    epochs           passes over the training digits
    batch_size       digits in a batch; a last batch that is not full is left out
    optimizer        "adamw" or "sgd" (Nesterov momentum 0.9)
    lr               the largest learning rate
    warmup           steps in which the rate climbs to `lr`
    schedule         what it does then, down to 0 at the last step: "cosine" or "linear"
    rotation, shear  the digits are turned and slanted at random by up to so many degrees
    shift            moved by up to so many pixels
    scale            enlarged or reduced by up to this fraction
    elastic          and distorted: alpha of `ElasticTransform`, 0 for none, with a smoothness of `elastic_sigma` pixels
    label_smoothing  probability taken from the true class and shared by all
    average          decay of the weights' running average, which is what is scored and saved; 0 for none
    """

    epochs: int
    batch_size: int
    lr: float
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    warmup: int = 0
    schedule: str = "cosine"
    rotation: float = 10.0
    shear: float = 0.0
    shift: float = 2.0
    scale: float = 0.1
    elastic: float = 0.0
    elastic_sigma: float = 5.0
    label_smoothing: float = 0.0
    average: float = 0.0


FULL = {
    "mnist_cnn": Recipe(epochs=80, batch_size=32, lr=2e-3, warmup=400, rotation=15, shear=10, scale=0.15, average=0.999),
    "mnist_cnn_bn": Recipe(epochs=40, batch_size=64, lr=0.1, optimizer="sgd", weight_decay=5e-4, warmup=200,
                           average=0.999),
}
SHORT = {
    "mnist_cnn": Recipe(epochs=3, batch_size=32, lr=4e-3, warmup=150, schedule="linear",
                        rotation=5, shift=1, scale=0.05),
    "mnist_cnn_bn": Recipe(epochs=3, batch_size=64, lr=4e-3, warmup=100, schedule="linear",
                           rotation=5, shift=1, scale=0.05),
}
SHORT_EPOCHS = 5  # up to here the short recipe is the better one


def recipe(model: str, epochs: int | None = None, batch_size: int | None = None, lr: float | None = None) -> Recipe:
    """The recipe of a digit network, with what is given in place of its own values.

    Few epochs have a recipe of their own: a steeper learning rate and weaker augmentation.
    Raises ValueError for a network without a recipe or a number that makes no training.
    """
    if model not in FULL:
        raise ValueError(f"there is no recipe for {model!r}; use one of {', '.join(FULL)}")
    chosen = (SHORT if epochs is not None and epochs <= SHORT_EPOCHS else FULL)[model]
    given: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "lr": lr}
    for name, value in given.items():
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value}, but must be positive")
    return replace(chosen, **{name: value for name, value in given.items() if value is not None})
