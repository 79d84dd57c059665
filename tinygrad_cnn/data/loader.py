"""`DataLoader`: shuffled, augmented batches, the same ones again whenever a run is repeated or resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np

from .. import random
from ..creation import from_numpy
from ..tensor import Tensor
from ..utils.data import loader as torch_like
from ..utils.data.collate import default_collate
from ..utils.data.sampler import BatchSampler
from .dataset import Dataset
from .prefetch import prefetch as ahead
from .transforms import Transform

_ORDER, _AUGMENT = 0, 1  # two streams of random numbers that never meet

Task = tuple[int, int, Any]  # epoch, batch, and what it is made of: numbers of samples


class DataLoader(torch_like.DataLoader):
    """Iterating gives one epoch of `dataset`: batches of `batch_size` samples as Tensors, read and augmented ahead.

    Takes all arguments of PyTorch's loader in its order (`tinygrad_cnn.utils.data.DataLoader` has them), and these:

    transform         called as transform(images, generator) on the first array of every batch
    target_transform  the same on the second array, with the same random numbers: the augmentation of a label map
                      whose image goes through `transform`
    prefetch          how many batches each thread keeps ready, PyTorch's `prefetch_factor`; 0 works without a thread
    seed              the order of `shuffle` depends on (seed, epoch), augmentation on (seed, epoch, batch), and on nothing
                      else, such as threads; default the seed of `manual_seed`

    Workers are threads: `num_workers` of them, one by default. `timeout` and `worker_init_fn` are theirs. An order that a
    `generator`, `sampler` or `batch_sampler` gives is theirs alone.

    `epoch` counts the finished epochs. A loop that is left early has not finished its epoch: the next one starts it
    again, unless `load_state_dict` has brought a place to go on from.
    """

    epoch: int
    batch_size: Any  # None for single samples, and where a batch_sampler decides
    batch: int  # how many batches of this epoch have been given out
    _start: int  # the batch at which the next loop begins

    def __init__(self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, *arguments: Any,
                 transform: Transform | None = None, target_transform: Transform | None = None, prefetch: int = 2,
                 seed: int | None = None, **options: Any) -> None:
        super().__init__(dataset, batch_size, shuffle, *arguments, **options)
        self.shuffle, self.transforms = bool(shuffle), (transform, target_transform)
        self.prefetch = prefetch if self.prefetch_factor is None else self.prefetch_factor
        self.seed = random.initial_seed() if seed is None else seed
        for name, value in ("prefetch", self.prefetch), ("seed", self.seed):
            if value < 0:
                raise ValueError(f"DataLoader: {name} is {value}, but must be at least 0.")
        if self.transforms != (None, None) and (self._by_one or self.collate_fn is not default_collate):
            raise ValueError("DataLoader: a transform works on batches of arrays, but batch_size None or a collate_fn makes "
                             "others; call it in the dataset or in collate_fn.")
        self._own_order = self.shuffle and self.generator is None and not self.iterable
        self.set_epoch(0)

    def __iter__(self) -> Iterator[Any]:
        self.batch, self._start = self._start, 0
        workers = max(self.num_workers, 1)
        tasks = self._tasks(self.epoch, self.batch)
        with closing(ahead(self._read, tasks, self.prefetch * workers, workers, self.timeout, self.worker_init_fn)) as batches:
            for batch in batches:
                self.batch += 1
                yield batch
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
        return {"seed": self.seed, "batch_size": self.batch_size or 0, "samples": len(self.dataset),
                "shuffle": int(self.shuffle), "drop_last": int(self.drop_last)}

    def _tasks(self, epoch: int, start: int) -> Iterator[Task]:
        """The batches of an epoch from the batch `start` on."""
        for batch, numbers in enumerate(islice(self._batches(epoch), start, None), start):
            yield epoch, batch, numbers

    def _batches(self, epoch: int) -> Iterator[Any]:
        """Numbers of samples, those of each batch or one by one; of an iterable dataset the samples themselves."""
        if self._own_order:
            order: Any = self._generator(epoch, 0, _ORDER).permutation(len(self.dataset)).tolist()
        elif self.iterable:
            order = self.dataset
        else:
            return iter(self.sampler if self._by_one else self.batch_sampler)
        return iter(order if self._by_one else BatchSampler(order, self.batch_size, self.drop_last))

    def _read(self, task: Task) -> Any:
        """The batch. May run in any thread."""
        epoch, batch, numbers = task
        if self._by_one:
            return self.collate_fn(self._sample(numbers))
        arrays = getattr(type(self.dataset), "batch", Dataset.batch) is not Dataset.batch  # cheaper than single samples
        if arrays and self.collate_fn is default_collate:
            made = self.dataset.batch(np.asarray(numbers, np.int64))
        else:
            made = self.collate_fn([self._sample(number) for number in numbers])
        if self.transforms != (None, None):
            made = self._augment(made, epoch, batch)
        return [from_numpy(x) if isinstance(x, np.ndarray) else x for x in made] if isinstance(made, (list, tuple)) else made

    def _sample(self, number: Any) -> Any:
        return number if self.iterable else self.dataset[number]

    def _augment(self, batch: Any, epoch: int, number: int) -> list[Any]:
        """The columns of a batch, the first two changed."""
        columns = list(batch) if isinstance(batch, (list, tuple)) else [batch]
        for k, (column, transform) in enumerate(zip(columns, self.transforms)):
            if transform is not None:
                array = column.numpy() if isinstance(column, Tensor) else column
                columns[k] = transform(array, self._generator(epoch, number, _AUGMENT))
        return columns

    def _generator(self, epoch: int, batch: int, stream: int) -> np.random.Generator:
        """Random numbers that are a function of their place in the run, not of what was drawn before."""
        key = np.array([self.seed, epoch], np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, batch, stream]))
