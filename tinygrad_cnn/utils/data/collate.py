"""Samples made a batch: numbers and arrays become tensors, whatever lists, tuples and dictionaries they stand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...creation import as_tensor, tensor
from ...functions import stack
from ...shapes import FLOAT64
from ...tensor import Tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch of samples of one form: tensors, arrays and numbers with a new first axis; strings as a list; dictionaries,
    tuples and lists with each of their entries made a batch. Python's floats become float64."""
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch))
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind in "biuf":
        return stack([as_tensor(np.asarray(sample)) for sample in batch]) if first.ndim else tensor(np.stack(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=FLOAT64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        made = {key: default_collate([sample[key] for sample in batch]) for key in first}
        return made if type(first) is dict else _like(first, made)
    if isinstance(first, Sequence):
        lengths = sorted({len(sample) for sample in batch})
        if len(lengths) > 1:
            raise RuntimeError(f"default_collate: samples have {lengths} entries but all must have as many; give a collate_fn")
        columns = [default_collate(column) for column in zip(*batch)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(f"default_collate: a sample holds a {type(first).__name__} but tensors, arrays, numbers, strings, "
                    "dictionaries and lists are needed; give a collate_fn")


def default_convert(data: Any) -> Any:
    """One sample with its arrays made tensors: what a loader without batches gives."""
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        return as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple):
        parts = [default_convert(value) for value in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    if isinstance(data, list):
        return [default_convert(value) for value in data]
    return data


def _like(kind: Any, made: dict[Any, Any]) -> Any:
    """A dictionary of the kind of another, where it can be made so."""
    try:
        return type(kind)(made)
    except TypeError:
        return made
