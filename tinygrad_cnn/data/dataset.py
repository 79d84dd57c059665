"""What a `DataLoader` reads from: numbered samples, such as tuples (image, label) of NumPy arrays or Tensors."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from math import isclose
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from .. import random
from ..arrays import is_tensor

Arrays = tuple[npt.NDArray[Any], ...]
Indices = npt.NDArray[np.int64]


class Dataset:
    """Base class: define `__len__` and `__getitem__` (one sample), or override `batch` where that is cheaper."""

    numbered: ClassVar[bool] = True  # whether samples can be asked for by number

    def __class_getitem__(cls, sample: Any) -> type[Self]:
        return cls  # Dataset[tuple[Tensor, int]] is no more than a hint to readers

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__}: a dataset must define __len__.")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: a dataset must define __getitem__(index), a tuple of arrays.")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])

    def batch(self, indices: Indices) -> Any:
        """The samples numbered `indices`, stacked along a new first axis: an array for each entry of a sample."""
        return _stacked([self[int(index)] for index in indices])


class TensorDataset(Dataset):
    """Sample i is row i of each of `tensors` (CPU Tensors or NumPy arrays), which must have equal lengths."""

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tensors
        self.arrays: Arrays = tuple(t.detach().numpy() if is_tensor(t) else np.asarray(t) for t in tensors)
        lengths = [len(array) for array in self.arrays]
        if len(set(lengths)) != 1:
            raise ValueError(f"TensorDataset: arrays have lengths {lengths}; give one or more arrays of equal length.")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(rows[index] for rows in self.tensors)

    def batch(self, indices: Indices) -> Arrays:
        return tuple(array.take(indices, axis=0) for array in self.arrays)


class Subset(Dataset):
    """The samples of `dataset` numbered `indices`, in that order."""

    def __init__(self, dataset: Any, indices: Sequence[int] | Indices) -> None:
        self.dataset, self.indices = dataset, indices
        numbers = np.asarray(indices, np.int64)
        try:
            count = len(dataset)
        except TypeError:  # nobody knows
            return
        outside = numbers[(numbers < -count) | (numbers >= count)]
        if outside.size:
            raise IndexError(f"Subset: index {outside[0]} does not exist in a dataset of {count} samples; "
                             f"use 0 to {count - 1}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, idx: int | list[int]) -> Any:
        return self.dataset[[self.indices[k] for k in idx] if isinstance(idx, list) else self.indices[idx]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """The samples of several numbers, at once where `dataset` can."""
        chosen = [self.indices[k] for k in indices]
        at_once = getattr(self.dataset, "__getitems__", None)
        samples: list[Any] = at_once(chosen) if callable(at_once) else [self.dataset[k] for k in chosen]
        return samples

    def batch(self, indices: Indices) -> Any:
        chosen = np.asarray(self.indices, np.int64)[indices]
        if isinstance(self.dataset, Dataset):
            return self.dataset.batch(chosen)
        return _stacked([self.dataset[k] for k in chosen.tolist()])


class ConcatDataset(Dataset):
    """The samples of several datasets, one dataset after the other."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets is empty; give at least one.")
        if not all(getattr(dataset, "numbered", True) for dataset in self.datasets):
            raise AssertionError("ConcatDataset: a dataset's samples have no numbers; use ChainDataset.")
        self.ends = np.cumsum([len(dataset) for dataset in self.datasets])

    @property
    def cumulative_sizes(self) -> list[int]:
        """How many samples there are up to the end of each dataset."""
        return [int(end) for end in self.ends]

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, idx: int) -> Any:
        if not -len(self) <= idx < len(self):
            kind = ValueError if idx < 0 else IndexError
            raise kind(f"ConcatDataset: index {idx} does not exist in a dataset of {len(self)} samples; "
                       f"use 0 to {len(self) - 1}.")
        place = idx % len(self)
        which = int(np.searchsorted(self.ends, place, side="right"))
        return self.datasets[which][place - int(self.ends[which]) + len(self.datasets[which])]


def _stacked(samples: list[Any]) -> Arrays:
    return tuple(np.stack([np.asarray(entry) for entry in column]) for column in zip(*samples, strict=True))


def random_split(dataset: Any, lengths: Sequence[int | float], generator: random.Generator | None = None) -> list[Subset]:
    """The samples in random order, dealt out to subsets of these lengths, or of these fractions of the whole.

    What fractions leave over goes one by one to the first subsets. The order is that of `generator`, else of
    `manual_seed`. Raises ValueError where the lengths do not add up to the dataset's.
    """
    count = len(dataset)
    if sum(lengths) <= 1 and isclose(sum(lengths), 1):
        if not all(0 <= n <= 1 for n in lengths):
            raise ValueError(f"random_split: fractions are {list(lengths)} but each must lie between 0 and 1.")
        sizes = [int(count * n) for n in lengths]
        for k in range(count - sum(sizes)):
            sizes[k % len(sizes)] += 1
        if 0 in sizes:
            warnings.warn(f"random_split: {count} samples in fractions {list(lengths)} leave a subset empty", stacklevel=2)
    else:
        sizes = [int(n) for n in lengths]
    if sum(sizes) != count:
        raise ValueError(f"random_split: lengths {list(lengths)} add up to {sum(sizes)} but the dataset has {count} samples; "
                         "give lengths that add up to it, or fractions that add up to 1.")
    key = (random if generator is None else generator).take(count)
    order = np.random.Generator(np.random.Philox(key=np.array(key, np.uint64))).permutation(count)
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - size:end].tolist()) for size, end in zip(sizes, ends)]
