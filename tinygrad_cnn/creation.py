"""Functions that make tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dlpack, random, shapes
from .arrays import view
from .devices import Device, default_device, kernels, package
from .methods.shaping import several
from .operators import Number
from .tensor import Tensor


def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`: a number, nested sequences, an array. Python floats become float32, ints int64."""
    if isinstance(data, Tensor):
        data = data.detach().cpu().numpy()
    values = np.array(data)
    if dtype is None:
        typed = isinstance(data, (np.ndarray, np.generic))
        dtype = values.dtype if typed or values.dtype.kind != "f" else np.float32
    values = np.require(values.astype(shapes.dtype_of("tensor", dtype), copy=False), requirements="C")
    return Tensor(package(_place(device)).upload(values), requires_grad)


def from_numpy(values: np.ndarray[Any, Any]) -> Tensor:
    """A CPU tensor in the memory of a numpy array."""
    shapes.dtype_of("from_numpy", values.dtype)
    return Tensor(values)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor in the memory of another library's array: anything with `__dlpack__`, on the CPU or the GPU.

    `copy` True: in memory of its own, as is an array that the other library marks as read-only (`copy` False refuses
    it). Raises BufferError or TypeError for arrays of other devices and dtypes.

    >>> import numpy as np
    >>> from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    kind, _ = ext_tensor.__dlpack_device__()
    if kind == dlpack.CPU:
        try:
            values = np.from_dlpack(ext_tensor)
        except RuntimeError as error:  # such as bfloat16
            raise TypeError(f"from_dlpack: numpy cannot read the array ({error}); convert it to float32") from None
        if copy is False and not values.flags.writeable:
            raise BufferError(f"from_dlpack: the array of shape {values.shape} is read-only but copy=False needs one "
                              "to write to; leave copy out")
        shapes.dtype_of("from_dlpack", values.dtype)
        made = Tensor(values if values.flags.writeable and not copy else values.copy())
    elif kind == dlpack.CUDA:
        made = Tensor(dlpack.borrow(ext_tensor))
        made = made.clone() if copy else made
    else:
        raise BufferError(f"from_dlpack: the array is on DLPack device {kind} but only {dlpack.CPU}, the CPU, and "
                          f"{dlpack.CUDA}, CUDA, are known; copy it there first")
    return made if device is None else made.to(device)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose elements are whatever the memory held."""
    shape = tuple(int(n) for n in several(size))
    if any(n < 0 for n in shape):
        raise shapes.ShapeError(f"empty: size {shape} has an extent below 0, the least; use extents of at least 0")
    dtype = shapes.dtype_of("empty", shapes.FLOAT32 if dtype is None else dtype)
    return Tensor(package(_place(device)).empty(shape, dtype), requires_grad)


def full(size: Any, value: Number, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor filled with a number, whose kind sets the dtype unless given (bool, int64 or float32)."""
    kind = shapes.BOOL if isinstance(value, bool) else shapes.INT64 if isinstance(value, int) else shapes.FLOAT32
    return empty(size, dtype=kind if dtype is None else dtype, device=device).fill_(value).requires_grad_(requires_grad)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros, float32 unless said otherwise."""
    return empty(*size, dtype=dtype, device=device).fill_(0).requires_grad_(requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones, float32 unless said otherwise."""
    return empty(*size, dtype=dtype, device=device).fill_(1).requires_grad_(requires_grad)


def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Zeros in the shape, dtype and device of `x`."""
    return zeros(x.shape, dtype=x.dtype if dtype is None else dtype, device=x.device)


def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Ones in the shape, dtype and device of `x`."""
    return ones(x.shape, dtype=x.dtype if dtype is None else dtype, device=x.device)


def arange(start: Number, end: Number | None = None, step: Number = 1, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers from `start` (0 if only one is given) up to `end`, without it."""
    values = np.arange(start) if end is None else np.arange(start, end, step)
    return tensor(values if dtype is not None or values.dtype.kind != "f" else values.astype(np.float32), dtype, device)


def rand(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform numbers in [0, 1)."""
    return uniform_(empty(*size, dtype=dtype, device=device)).requires_grad_(requires_grad)


def randn(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal numbers of mean 0 and variance 1."""
    return normal_(empty(*size, dtype=dtype, device=device)).requires_grad_(requires_grad)


def uniform_(x: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Overwrite a contiguous floating tensor with uniform numbers in [low, high)."""
    return _draw("uniform", x, low, high)


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Overwrite a contiguous floating tensor with normal numbers."""
    return _draw("normal", x, mean, std)


def _draw(name: str, x: Tensor, a: float, b: float) -> Tensor:
    if x.dtype not in shapes.FLOATS or not x.is_contiguous():
        raise RuntimeError(f"{name}_: the tensor has dtype {x.dtype.name} and shape {x.shape} but a floating, "
                           "contiguous one is needed; use x.float().contiguous()")
    getattr(kernels(x.data).random, name)(view(x.data, (x.data.size,)), a, b, *random.take(x.data.size))
    x.version.count += 1
    return x


def _place(device: Any) -> str:
    return Device(default_device() if device is None else device).type
