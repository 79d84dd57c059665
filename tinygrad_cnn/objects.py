"""Objects made of tensors, as one list of tensors and a skeleton that JSON can hold: what `save` writes and `load` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .tensor import Tensor

PLAIN = (type(None), bool, int, float, str)


class CheckpointError(Exception):
    """A file or folder that cannot be read or written; the message is one sentence that names it."""


def is_flat(value: Any) -> bool:
    """Whether it is a dictionary of tensors by name, such as a module's `state_dict()`."""
    return isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, (Tensor, np.ndarray))
                                              for k, v in value.items())


def taken_apart(value: Any, tensors: dict[str, Any]) -> Any:
    """The skeleton of `value`, whose tensors are added to `tensors`; TypeError where it holds anything unknown."""
    if isinstance(value, (Tensor, np.ndarray)):
        tensors[key := str(len(tensors))] = value
        return {"tensor": key}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": [[taken_apart(k, tensors), taken_apart(v, tensors)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"tuple" if isinstance(value, tuple) else "list": [taken_apart(v, tensors) for v in value]}
    if not isinstance(value, PLAIN):
        raise TypeError(f"save: the object holds a {type(value).__name__} but only tensors, numbers, strings, None, dicts, "
                        "lists and tuples can be saved; save a state_dict()")
    return value


def put_together(skeleton: Any, tensors: Mapping[str, Any]) -> Any:
    """What `taken_apart` took apart; sequences and dictionaries are plain ones. Raises ValueError, TypeError, KeyError or
    RecursionError for what it did not write."""
    if not isinstance(skeleton, dict):
        return skeleton
    (kind, content), = skeleton.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {put_together(k, tensors): put_together(v, tensors) for k, v in content}
    if kind not in ("list", "tuple"):
        raise ValueError(f"there is no {kind!r} among tensor, dict, list and tuple")
    parts = [put_together(v, tensors) for v in content]
    return tuple(parts) if kind == "tuple" else parts


def each_array(value: Any, convert: Callable[[Any], Any]) -> Any:
    """`value` with every array in its dictionaries, lists and tuples converted."""
    if isinstance(value, np.ndarray):
        return convert(value)
    if isinstance(value, dict):
        return {k: each_array(v, convert) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(each_array(v, convert) for v in value)
    return value
