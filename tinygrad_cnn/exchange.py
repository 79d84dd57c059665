"""A tensor in the hands of others: Python, numpy, copy, the libraries that speak DLPack or Numba's CUDA interface."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import dlpack, drawing, shapes
from .devices import device_of, kernels
from .operators import Number
from .ops import layout


class Exchange:
    """What Tensor offers to other libraries."""

    __slots__ = ()
    array: Any
    requires_grad: Any
    node: Any
    grad: Any

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as a numpy array; shares the memory on the CPU."""
        if self.requires_grad:
            raise RuntimeError(f"numpy: the tensor of shape {self.array.shape} requires grad, which numpy cannot "
                               "record; use x.detach().numpy()")
        return kernels(self.array).download(self.array)

    def item(self) -> Number:
        """The one element as a Python number."""
        if self.array.size != 1:
            raise shapes.ShapeError(f"item: shape {self.array.shape} has {self.array.size} elements but exactly one is "
                               "needed; use tolist()")
        return kernels(self.array).download(self.array).item()

    def tolist(self) -> Any:
        """The values as nested lists."""
        return kernels(self.array).download(self.array).tolist()

    def __contains__(self, element: Any) -> bool:
        return bool((self == element).any())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub" or self.array.size != 1:
            raise TypeError(f"index: the tensor has dtype {self.array.dtype.name} and shape {self.array.shape} but a single "
                            "integer is needed; use int(x)")
        return int(self.item())

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(f"bool: shape {self.array.shape} has {self.array.size} elements, whose truth is ambiguous; use "
                               "any() or all()")
        return bool(self.item())

    def __dlpack__(self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None,
                   copy: bool | None = None) -> Any:
        """A DLPack capsule in the tensor's own memory, what `torch.from_dlpack(x)` and `numpy.from_dlpack(x)` ask for.

        All kernels are waited for, whatever the stream. The other library's writes bump no version: backward cannot
        notice them. Raises BufferError for a tensor that requires grad, one on meta, and one in the emulator.
        """
        if self.requires_grad:
            raise BufferError(f"__dlpack__: the tensor of shape {self.array.shape} requires grad, which a capsule "
                              "cannot record; use x.detach()")
        if device_of(self.array) == "cpu":
            asked = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
            return self.array.__dlpack__(**{name: value for name, value in asked.items() if value is not None})
        if not _on_gpu(self.array):
            raise BufferError(f"__dlpack__: the tensor of shape {self.array.shape} lies on {_place(self.array)}, which "
                              "other libraries cannot read; use x.cpu()")
        if dl_device not in (None, (dlpack.CUDA, 0)):
            raise BufferError(f"__dlpack__: the tensor is on DLPack device {(dlpack.CUDA, 0)} but {dl_device} is asked "
                              "for; move it there first")
        array = layout.copied(self.array) if copy else self.array
        kernels(array).synchronize()
        return dlpack.give(array, dlpack.CUDA, kernels(array).synchronize)

    def __dlpack_device__(self) -> tuple[int, int]:
        """(1, 0) on the CPU, (2, 0) on the GPU."""
        if device_of(self.array) == "cpu":
            return dlpack.CPU, 0
        if _on_gpu(self.array):
            return dlpack.CUDA, 0
        raise BufferError(f"__dlpack_device__: the tensor of shape {self.array.shape} lies on {_place(self.array)}, "
                          "which other libraries cannot read; use x.cpu()")

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """Where the elements lie on the GPU (version 3), for Numba, CuPy and PyTorch; all kernels are waited for.

        AttributeError elsewhere than on a GPU, so that `hasattr` tells; RuntimeError for a tensor that requires grad.
        """
        if not _on_gpu(self.array):
            raise AttributeError(f"__cuda_array_interface__: the tensor of shape {self.array.shape} lies on "
                                 f"{_place(self.array)} but only a GPU's arrays have one; use x.cuda()")
        if self.requires_grad:
            raise RuntimeError(f"__cuda_array_interface__: the tensor of shape {self.array.shape} requires grad, which "
                               "others cannot record; use x.detach()")
        kernels(self.array).synchronize()
        pointer = self.array.memory.pointer + self.array.offset if self.array.size else 0
        return {"shape": self.array.shape, "strides": self.array.strides, "typestr": self.array.dtype.str,
                "data": (pointer, False), "version": 3, "stream": None}

    def draw(self, path: str | Path, names: Mapping[str, Any] | None = None) -> None:
        """Write the graph behind the tensor to an SVG file: see `drawing.draw`."""
        drawing.draw(self, path, names)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A leaf of its own memory, on the same device, in the same layout, with a copy of `grad`."""
        if self.node is not None:
            raise RuntimeError(f"deepcopy: the tensor of shape {self.array.shape} is the result of {self.node} but only "
                               "a leaf can be copied with its history; use x.detach().clone()")
        made: Any = type(self).__new__(type(self))  # a Parameter stays one
        made.hold(layout.copied(self.array), self.requires_grad)
        if self.grad is not None:
            made.grad = self.grad.detach().clone()
        return made


def _on_gpu(array: Any) -> bool:
    """Whether the array has an address that others can use: on CUDA, and not in the emulator."""
    return device_of(array) == "cuda" and array.memory.host is None


def _place(array: Any) -> str:
    device = device_of(array)
    return "the CUDA emulator" if device == "cuda" else f"device {device}"
