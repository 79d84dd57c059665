"""Settings by PyTorch's names that programs make at their start, and the state of the random numbers as a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import random
from ..creation import from_numpy
from ..defaults import get_default_dtype, set_default_dtype
from ..devices import default_device, set_default_device
from ..tensor import Tensor
from .typed import on_cpu, on_cuda

get_default_device = default_device


def get_rng_state() -> Tensor:
    """Where the random numbers are: int64 (seed, counter)."""
    return from_numpy(np.array(random.get_state(), np.uint64).view(np.int64))


def set_rng_state(new_state: Tensor) -> None:
    """Continue where `get_rng_state` was asked."""
    seed, counter = new_state.numpy().view(np.uint64).tolist()
    random.set_state((seed, counter))


def set_default_tensor_type(t: Any) -> None:
    """The default dtype and device by one of PyTorch's old types, such as `FloatTensor`, or its name."""
    found = next((known for known in (*on_cpu, *on_cuda) if t is known or t == known.__name__), None)
    if found is None:
        raise TypeError(f"set_default_tensor_type: type {t!r} is unknown; use FloatTensor or DoubleTensor")
    set_default_dtype(found.dtype)
    set_default_device(found.place)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every operation gives the same bits again whatever is asked for."""
    del mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """True: there are no others."""
    return True


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: float32 is computed in float32."""
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"set_float32_matmul_precision: precision is {precision!r}; use 'highest', 'high' or 'medium'")


def get_float32_matmul_precision() -> str:
    """"highest", always."""
    return "highest"


def set_flush_denormal(mode: bool) -> bool:
    """Whether tiny numbers could be made to count as zero: no."""
    del mode
    return False


class finfo:
    """The limits of a floating dtype, as Python numbers: `finfo(x.dtype).eps`."""

    def __init__(self, type: Any = None) -> None:
        found = np.finfo(get_default_dtype() if type is None else type)
        self.bits, self.dtype = found.bits, found.dtype.name
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.tiny)
        self.resolution = float(found.resolution)


def compile(model: Any = None, **options: Any) -> Any:
    """`model` as it is: kernels are compiled when they are first met. Without a model, a decorator that says the same."""
    return (lambda function: function) if model is None else model


def typename(obj: Any) -> str:
    """The name of an object's type; of a tensor PyTorch's, such as "torch.FloatTensor"."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    return kind.__qualname__ if kind.__module__ in ("builtins", None) else f"{kind.__module__}.{kind.__qualname__}"


def _assert(condition: Any, message: str) -> None:
    """`assert`, as programs for PyTorch write it."""
    assert condition, message
