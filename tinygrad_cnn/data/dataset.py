"""What a `DataLoader` reads from: numbered samples, each a tuple of NumPy arrays such as (image, label)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = tuple[npt.NDArray[Any], ...]
Indices = npt.NDArray[np.int64]


class Dataset:
    """Base class: define `__len__` and `__getitem__` (one sample), or override `batch` where that is cheaper."""

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__}: a dataset must define __len__.")

    def __getitem__(self, index: int) -> Arrays:
        raise TypeError(f"{type(self).__name__}: a dataset must define __getitem__(index), a tuple of arrays.")

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
