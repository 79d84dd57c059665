"""PyTorch's wrapper of a network for several GPUs, here for the one there may be: keys and attributes are its."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..left_out import guard
from .module import Module


class DataParallel(Module):
    """Calls `module`; its keys begin with "module.". Raises where more than one device is named."""

    def __init__(self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None,
                 dim: int = 0) -> None:
        super().__init__()
        _one("DataParallel", device_ids)
        self.device_ids, self.output_device, self.dim = device_ids, output_device, dim
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(module: Module, inputs: Any, device_ids: Sequence[Any] | None = None, output_device: Any = None,
                  dim: int = 0, module_kwargs: dict[str, Any] | None = None) -> Any:
    """`module(*inputs)`, on the one device there is."""
    _one("data_parallel", device_ids)
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))


def _one(name: str, device_ids: Sequence[Any] | None) -> None:
    if device_ids is not None and len(device_ids) > 1:
        raise ValueError(f"{name}: device_ids are {list(device_ids)} but a run has one device; give one, or none")


if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("nn.parallel", globals())
