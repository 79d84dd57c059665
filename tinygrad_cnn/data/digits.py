"""Ten thousand handwritten digits that come with the package: a subset of MNIST."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.typing as npt

from .dataset import TensorDataset

MEAN, STD = 0.1309, 0.3084  # of the pixels of the training part

_PARTS = {"all": (0, 1, 2, 3, 4), "train": (0, 1, 2, 3), "held-out": (4,), "fit": (0, 1, 2), "validation": (3,)}


class MNISTSubset(TensorDataset):
    """28 x 28 gray digits: `images` float32 (n, 1, 28, 28) from 0 (black) to 1, `labels` int64 (n,).

    The split is fixed: a digit's position within its class, modulo 5, decides.

    part          position modulo 5   digits
    "train"       0, 1, 2, 3           8,004   train on these
    "held-out"    4                    1,996   score a finished run on these, once
    "fit"         0, 1, 2              6,006   train on these while choosing a recipe,
    "validation"  3                    1,998   and compare recipes on these
    "all"         0, 1, 2, 3, 4       10,000

    This is not MNIST's own split into training and test images: call a score "held-out part of an MNIST subset".
    """

    def __init__(self, part: str = "train") -> None:
        if part not in _PARTS:
            raise ValueError(f"MNISTSubset: part is {part!r}, but must be one of {', '.join(map(repr, _PARTS))}.")
        pixels, classes = read_digits()
        chosen = np.isin(position_in_class(classes) % 5, _PARTS[part])
        self.images = pixels[chosen, None] / np.float32(255)
        self.labels = classes[chosen].astype(np.int64)
        super().__init__(self.images, self.labels)


def read_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """All pixels (10000, 28, 28) and classes (10000,) as stored: sorted by class, 0 to 255."""
    with files(__package__).joinpath("mnist10k.npz").open("rb") as file, np.load(file) as stored:
        return stored["x"], stored["y"]


def position_in_class(classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How many digits of the same class come earlier."""
    positions = np.empty(len(classes), np.int64)
    for label in range(10):
        members = np.flatnonzero(classes == label)
        positions[members] = np.arange(len(members))
    return positions
