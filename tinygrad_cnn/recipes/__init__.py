"""How networks are trained: `recipe("mnist_cnn")` is ours for the digits, others are their papers' or a general one."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from .digits import FULL, MOVED, SHORT, SHORT_EPOCHS
from .papers import PAPERS
from .recipe import Recipe

__all__ = ["FULL", "GENERAL", "PAPERS", "SHORT", "SHORT_EPOCHS", "Recipe", "paper", "recipe"]

GENERAL = {
    "digits": Recipe(epochs=20, batch_size=64, lr=1e-3, warmup=200, average=0.999, **MOVED),
    "clothes": Recipe(epochs=20, batch_size=64, lr=1e-3, warmup=200, average=0.999, shift=2, flip=True),
    "small photographs": Recipe(epochs=60, batch_size=128, lr=0.1, optimizer="sgd", weight_decay=5e-4, warmup=400, crop=4,
                                flip=True, normalize=True),
    "photographs": Recipe(epochs=60, batch_size=32, lr=1e-3, weight_decay=0.05, warmup=400, resized_crop=True, flip=True,
                          normalize=True, label_smoothing=0.1),
}
"""What any network can be trained with, by kind of data."""

ALIKE = {"clothes": "digits"}  # kinds of data for which another kind's papers speak, too


def paper(model: str, kind: str) -> Recipe | None:
    """The recipe of the network's paper for this kind of data, if it has one."""
    kinds = (kind, ALIKE.get(kind))
    return next((found for of, names, found in PAPERS if of in kinds and fnmatchcase(model, names)), None)


def recipe(model: str, epochs: int | None = None, batch_size: int | None = None, lr: float | None = None,
           kind: str = "digits", source: str | None = None) -> Recipe:
    """The recipe of a network for a `kind` of data (see GENERAL), with what is given in place of its own values.

    source  "paper": the network's paper's, "ours": our own; by default the paper's where it has one

    Our two digit networks have a recipe of their own for few epochs: a steeper learning rate and weaker augmentation.
    All others stretch: the warm-up takes its share of any number of epochs. Raises ValueError if the paper has no recipe
    for such data, or for a number that makes no training.
    """
    published = paper(model, kind)
    if source == "paper" and published is None:
        raise ValueError(f"--recipe paper: the paper of {model} has none for {kind}; use --recipe ours")
    if published is not None and source != "ours":
        chosen = published
    elif kind == "digits" and model in FULL:
        chosen = (SHORT if epochs is not None and epochs <= SHORT_EPOCHS else FULL)[model]
    else:
        chosen = GENERAL[kind]
    given: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "lr": lr}
    for name, value in given.items():
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value}, but must be positive")
    if epochs is not None and chosen not in (*FULL.values(), *SHORT.values()):
        given["warmup"] = min(chosen.warmup, -(-chosen.warmup * epochs // chosen.epochs))
    return replace(chosen, **{name: value for name, value in given.items() if value is not None})
