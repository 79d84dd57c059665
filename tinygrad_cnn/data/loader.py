"""`DataLoader`: shuffled, augmented batches, the same ones again whenever a run is repeated or resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from ..creation import from_numpy
from .dataset import Arrays, Dataset, Indices
from .prefetch import prefetch
from .transforms import Transform

_ORDER, _AUGMENT = 0, 1  # two streams of random numbers that never meet


class DataLoader:
    """Iterating gives one epoch of `dataset`: tuples of Tensors with `batch_size` samples each.

    shuffle           a new order in every epoch, else the dataset's own
    drop_last         leave out a last batch that is not full
    transform         called as transform(images, generator) on the first array of every batch
    target_transform  the same on the second array, with the same random numbers: the augmentation of a label map
                      whose image goes through `transform`
    prefetch          how many batches a thread keeps ready; 0 works without a thread
    collate_fn        called with the list of a batch's samples in place of all this; what it returns is the batch
    num_workers       no processes are needed: it makes no difference, nor does `pin_memory`
    seed              the order depends on (seed, epoch), augmentation on (seed, epoch, batch), and on nothing else

    `epoch` counts the finished epochs. A loop that is left early has not finished its epoch: the next one starts it
    again, unless `load_state_dict` has brought a place to go on from.
    """

    epoch: int
    batch: int  # how many batches of this epoch have been given out
    _start: int  # the batch at which the next loop begins

    def __init__(self, dataset: Dataset, batch_size: int = 1, shuffle: bool = False, drop_last: bool = False,
                 transform: Transform | None = None, target_transform: Transform | None = None, prefetch: int = 2,
                 seed: int = 0, *, collate_fn: Callable[[list[Any]], Any] | None = None, num_workers: int = 0,
                 pin_memory: bool = False) -> None:
        del num_workers, pin_memory
        for name, value, least in ("batch_size", batch_size, 1), ("prefetch", prefetch, 0), ("seed", seed, 0):
            if value < least:
                raise ValueError(f"DataLoader: {name} is {value}, but must be at least {least}.")
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.transforms = (transform, target_transform)
        self.prefetch, self.seed, self.collate_fn = prefetch, seed, collate_fn
        self.set_epoch(0)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        rounding = 0 if self.drop_last else self.batch_size - 1
        return (len(self.dataset) + rounding) // self.batch_size

    def __iter__(self) -> Iterator[Any]:
        self.batch, self._start = self._start, 0
        with closing(prefetch(self._batches(self.epoch, self.batch), self.prefetch)) as batches:
            for arrays in batches:
                self.batch += 1
                yield tuple(from_numpy(array) for array in arrays) if self.collate_fn is None else arrays
        self.set_epoch(self.epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Make `epoch` (from 0) the next one, from its first batch."""
        self.epoch, self.batch, self._start = epoch, 0, 0

    def state_dict(self) -> dict[str, int]:
        """The place in the run, and what the batches depend on; inside a loop, the current batch counts as done."""
        return {"epoch": self.epoch, "batch": self.batch, **self._identity()}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where `state` was taken: the next loop gives the batches that were still to come in that epoch."""
        for name, value in self._identity().items():
            if state[name] != value:
                raise ValueError(f"DataLoader.load_state_dict: the saved run had {name} {state[name]}, this loader "
                                 f"has {value}; build it with the saved value to get the same batches.")
        self.set_epoch(state["epoch"])
        self.batch = self._start = state["batch"]

    def _identity(self) -> dict[str, int]:
        return {"seed": self.seed, "batch_size": self.batch_size, "samples": len(self.dataset),
                "shuffle": int(self.shuffle), "drop_last": int(self.drop_last)}

    def _batches(self, epoch: int, start: int) -> Iterator[Any]:
        order = self._order(epoch)
        for batch in range(start, len(self)):
            indices = order[batch * self.batch_size:(batch + 1) * self.batch_size]
            if self.collate_fn is None:
                yield self._augment(self.dataset.batch(indices), epoch, batch)
            else:
                yield self.collate_fn([self.dataset[int(index)] for index in indices])

    def _order(self, epoch: int) -> Indices:
        samples = np.arange(len(self.dataset), dtype=np.int64)
        return self._generator(epoch, 0, _ORDER).permutation(samples) if self.shuffle else samples

    def _augment(self, arrays: Arrays, epoch: int, batch: int) -> Arrays:
        changed = [array if transform is None else transform(array, self._generator(epoch, batch, _AUGMENT))
                   for array, transform in zip(arrays, self.transforms, strict=False)]
        return (*changed, *arrays[len(self.transforms):])

    def _generator(self, epoch: int, batch: int, stream: int) -> np.random.Generator:
        """Random numbers that are a function of their place in the run, not of what was drawn before."""
        return np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=[0, 0, batch, stream]))
