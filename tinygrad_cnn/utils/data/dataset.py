"""Datasets of tensors, of columns, and of samples that come one after another and cannot be asked for by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ...data.dataset import Dataset
from ...tensor import Tensor


class TensorDataset(Dataset):
    """Sample i is row i of each tensor; all have the same number of rows."""

    def __init__(self, *tensors: Tensor) -> None:
        lengths = [len(t) for t in tensors]
        if len(set(lengths)) != 1:
            raise AssertionError(f"TensorDataset: tensors have lengths {lengths}; give one or more of equal length")
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Any) -> Any:
        return tuple(t[index] for t in self.tensors)


class StackDataset(Dataset):
    """Samples of several datasets of equal length side by side: tuples, or dictionaries where names are given."""

    def __init__(self, *datasets: Any, **named: Any) -> None:
        if bool(datasets) == bool(named):
            raise ValueError(f"StackDataset: {len(datasets)} datasets and {len(named)} by name; give either kind")
        self.datasets: Any = named or datasets
        self.columns = list(named.values() if named else datasets)
        lengths = [len(column) for column in self.columns]
        if len(set(lengths)) != 1:
            raise ValueError(f"StackDataset: datasets have lengths {lengths}; give some of equal length")

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, index: int) -> Any:
        return self._sample([column[index] for column in self.columns])

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """The samples of several numbers, at once from those datasets that can."""
        parts = [column.__getitems__(indices) if callable(getattr(column, "__getitems__", None)) else
                 [column[k] for k in indices] for column in self.columns]
        for part in parts:
            if len(part) != len(indices):
                raise ValueError(f"StackDataset: a dataset gave {len(part)} samples for {len(indices)} numbers; let its "
                                 "__getitems__ give one for each")
        return [self._sample(sample) for sample in zip(*parts)]

    def _sample(self, parts: Sequence[Any]) -> Any:
        return dict(zip(self.datasets, parts)) if isinstance(self.datasets, dict) else tuple(parts)


class IterableDataset(Dataset):
    """Base class of samples that come one after another: define `__iter__`."""

    numbered = False

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: __iter__ is not defined; define __iter__(self)")

    def __add__(self, other: Any) -> ChainDataset:  # type: ignore[override]  # these are chained, the others concatenated
        return ChainDataset([self, other])


class ChainDataset(IterableDataset):
    """The samples of several iterable datasets, one dataset after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(map(len, self.datasets))
