"""The command line on a few digits only, so that a run takes seconds: `python few_digits.py train mnist ...`."""

from __future__ import annotations

import sys

from tinygrad_cnn import tasks
from tinygrad_cnn.cli import main
from tinygrad_cnn.data import MNISTSubset

TRAIN, HELD_OUT = 128, 60


class FewDigits(MNISTSubset):
    """Every n-th digit of a part."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        keep = TRAIN if part == "train" else HELD_OUT
        rows = slice(0, None, len(self) // keep)
        self.images, self.labels = self.images[rows][:keep], self.labels[rows][:keep]
        self.arrays = (self.images, self.labels)


def few_digits(argv: list[str]) -> int:
    """`main(argv)` with few digits."""
    whole, tasks.MNISTSubset = tasks.MNISTSubset, FewDigits
    try:
        return main(argv)
    finally:
        tasks.MNISTSubset = whole


if __name__ == "__main__":
    sys.exit(few_digits(sys.argv[1:]))
