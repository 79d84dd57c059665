"""PyTorch's DataLoader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Self

from ...random import Generator
from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler

FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader:
    """Iterating gives the samples of `dataset` in batches of `batch_size`, which `collate_fn` makes of lists of samples.

    The order is that of the dataset, or with `shuffle` a new random one each time, or what `sampler` gives: numbers; or
    `batch_sampler`: lists of numbers. `batch_size` None gives sample after sample. Random numbers come from `generator`,
    else from the stream of `manual_seed`. `drop_last` leaves out a last batch that is not full.

    Samples are read in the loop, in this process: the arguments about workers and memory are taken and make no difference.
    """

    def __init__(self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None,
                 sampler: Iterable[Any] | None = None, batch_sampler: Iterable[list[Any]] | None = None, num_workers: int = 0,
                 collate_fn: Callable[[Any], Any] | None = None, pin_memory: bool = False, drop_last: bool = False,
                 timeout: float = 0, worker_init_fn: Callable[[int], None] | None = None, multiprocessing_context: Any = None,
                 generator: Generator | None = None, *, prefetch_factor: int | None = None, persistent_workers: bool = False,
                 pin_memory_device: str = "", in_order: bool = True) -> None:
        self.iterable = isinstance(dataset, IterableDataset)
        self._check(batch_size, bool(shuffle), sampler, batch_sampler, num_workers, drop_last, timeout, prefetch_factor,
                    persistent_workers)
        self.dataset, self.num_workers, self.pin_memory, self.timeout = dataset, num_workers, pin_memory, timeout
        self.worker_init_fn, self.multiprocessing_context = worker_init_fn, multiprocessing_context
        self.prefetch_factor, self.persistent_workers = prefetch_factor, persistent_workers
        self.pin_memory_device, self.in_order, self.generator = pin_memory_device, in_order, generator
        self.batch_size = None if batch_sampler is not None else batch_size
        self.drop_last = drop_last
        if sampler is None and not self.iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        self.sampler: Any = sampler
        if batch_sampler is None and batch_size is not None and not self.iterable:
            batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        self.batch_sampler: Any = batch_sampler
        self.collate_fn = collate_fn or (default_convert if self._by_one else default_collate)
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and "_made" in vars(self):
            raise ValueError(f"DataLoader: {name} is set but the loader is made for another; make a new loader")
        super().__setattr__(name, value)

    def __class_getitem__(cls, sample: Any) -> type[Self]:
        return cls

    @property
    def _by_one(self) -> bool:
        return self.batch_size is None and self.batch_sampler is None

    def _check(self, batch_size: int | None, shuffle: bool, sampler: Any, batch_sampler: Any, num_workers: int,
               drop_last: bool, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
        """Refuse arguments that contradict each other."""
        faults = (
            (num_workers < 0, f"num_workers is {num_workers} but must be at least 0"),
            (timeout < 0, f"timeout is {timeout} but must be at least 0"),
            (num_workers == 0 and prefetch_factor is not None, f"prefetch_factor is {prefetch_factor} but there are no workers "
                                                               "to use it; leave it out"),
            (num_workers == 0 and persistent_workers, "persistent_workers is True but num_workers is 0; leave it out"),
            *((self.iterable and given, f"{name} is given but an iterable dataset has its own order; leave it out")
              for name, given in (("shuffle", shuffle), ("sampler", sampler is not None),
                                  ("batch_sampler", batch_sampler is not None))),
            (sampler is not None and shuffle, "a sampler is given and shuffle is True; leave one of them out"),
            (batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last),
             "a batch_sampler is given beside batch_size, shuffle, sampler or drop_last; leave those out"),
            (batch_size is None and drop_last, "drop_last is True but batch_size None makes no batches; leave it out"),
        )
        for wrong, text in faults:
            if wrong:
                raise ValueError(f"DataLoader: {text}")

    def __len__(self) -> int:
        """The number of batches."""
        if not self.iterable:
            return len(self.sampler if self._by_one else self.batch_sampler)
        count = len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self.iterable:
            return self._streamed()
        if self._by_one:
            return (self.collate_fn(self.dataset[k]) for k in self.sampler)
        at_once = getattr(self.dataset, "__getitems__", None)
        return (self.collate_fn(at_once(batch) if callable(at_once) else [self.dataset[k] for k in batch])
                for batch in self.batch_sampler)

    def _streamed(self) -> Iterator[Any]:
        samples = iter(self.dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)


def get_worker_info() -> None:
    """None: samples are read in the main process."""
