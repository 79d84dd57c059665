"""What a `DataLoader` reads from: numbered samples, each a tuple of NumPy arrays such as (image, label)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import random

Arrays = tuple[npt.NDArray[Any], ...]
Indices = npt.NDArray[np.int64]


class Dataset:
    """Base class: define `__len__` and `__getitem__` (one sample), or override `batch` where that is cheaper."""

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__}: a dataset must define __len__.")

    def __getitem__(self, index: int) -> Arrays:
        raise TypeError(f"{type(self).__name__}: a dataset must define __getitem__(index), a tuple of arrays.")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])

    def batch(self, indices: Indices) -> Arrays:
        """The samples numbered `indices`, stacked along a new first axis."""
        samples = [self[int(index)] for index in indices]
        return tuple(np.stack(column) for column in zip(*samples, strict=True))


class TensorDataset(Dataset):
    """Sample i is row i of each of `arrays` (NumPy arrays or CPU Tensors), which must have equal lengths."""

    def __init__(self, *arrays: Any) -> None:
        self.arrays: Arrays = tuple(array.numpy() if hasattr(array, "numpy") else np.asarray(array) for array in arrays)
        lengths = [len(array) for array in self.arrays]
        if len(set(lengths)) != 1:
            raise ValueError(f"TensorDataset: arrays have lengths {lengths}; give one or more arrays of equal length.")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: int) -> Arrays:
        return tuple(array[index] for array in self.arrays)

    def batch(self, indices: Indices) -> Arrays:
        return tuple(array.take(indices, axis=0) for array in self.arrays)


class Subset(Dataset):
    """The samples of `dataset` numbered `indices`, in that order."""

    def __init__(self, dataset: Dataset, indices: Sequence[int] | Indices) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices, np.int64)
        outside = self.indices[(self.indices < 0) | (self.indices >= len(dataset))]
        if outside.size:
            raise IndexError(f"Subset: index {outside[0]} does not exist in a dataset of {len(dataset)} samples; "
                             f"use 0 to {len(dataset) - 1}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Arrays:
        return self.dataset[int(self.indices[index])]

    def batch(self, indices: Indices) -> Arrays:
        return self.dataset.batch(self.indices[indices])


class ConcatDataset(Dataset):
    """The samples of several datasets, one dataset after the other."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        self.ends = np.cumsum([len(dataset) for dataset in self.datasets])
        if not self.datasets:
            raise ValueError("ConcatDataset: datasets is empty; give at least one.")

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, index: int) -> Arrays:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset: index {index} does not exist in a dataset of {len(self)} samples; "
                             f"use 0 to {len(self) - 1}.")
        place = index % len(self)
        which = int(np.searchsorted(self.ends, place, side="right"))
        return self.datasets[which][place - int(self.ends[which]) + len(self.datasets[which])]


def random_split(dataset: Dataset, lengths: Sequence[int | float], generator: random.Generator | None = None) -> list[Subset]:
    """The samples in random order, dealt out to subsets of these lengths, or of these fractions of the whole.

    What fractions leave over goes one by one to the first subsets. The order is that of `generator`, else of
    `manual_seed`. Raises ValueError where the lengths do not add up to the dataset's.
    """
    count = len(dataset)
    if all(isinstance(n, float) and n <= 1 for n in lengths) and abs(sum(lengths) - 1) < 1e-9:
        sizes = [int(count * n) for n in lengths]
        for k in range(count - sum(sizes)):
            sizes[k % len(sizes)] += 1
    else:
        sizes = [int(n) for n in lengths]
    if sum(sizes) != count:
        raise ValueError(f"random_split: lengths {list(lengths)} add up to {sum(sizes)} but the dataset has {count} samples; "
                         "give lengths that add up to it, or fractions that add up to 1.")
    seed, counter = (random if generator is None else generator).take(count)
    order = np.random.Generator(np.random.Philox(key=[seed, counter])).permutation(count)
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - size:end]) for size, end in zip(sizes, ends)]
