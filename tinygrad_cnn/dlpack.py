"""DLPack capsules of GPU memory, both ways, by ctypes: arrays change hands between libraries without a copy.

A capsule named "dltensor" holds a pointer to a C struct that says where the elements lie; who takes it renames it to
"used_dltensor" and calls the struct's deleter in the end (dlpack.h, https://dmlc.github.io/dlpack). Arrays on the CPU
need none of this: numpy speaks DLPack itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p
from typing import Any

import numpy as np

from . import shapes
from .arrays import Array

CPU, CUDA = 1, 2  # DLDeviceType
_LETTERS = {0: "i", 1: "u", 2: "f", 6: "b"}  # DLDataTypeCode, and numpy's letter for the kind of number
_FRESH, _USED = b"dltensor", b"used_dltensor"  # PyCapsule keeps the pointers to its names
_Callback = CFUNCTYPE(None, c_void_p)


class _Tensor(ctypes.Structure):
    """DLTensor."""

    _fields_ = [("data", c_void_p), ("device_type", c_int32), ("device_id", c_int32), ("ndim", c_int32),
                ("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16), ("shape", POINTER(c_int64)),
                ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


class _Managed(ctypes.Structure):
    """DLManagedTensor."""

    _fields_ = [("tensor", _Tensor), ("manager", c_void_p), ("deleter", _Callback)]


def _function(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_new = _function("PyCapsule_New", ctypes.py_object, c_void_p, ctypes.c_char_p, c_void_p)
_valid = _function("PyCapsule_IsValid", ctypes.c_int, c_void_p, ctypes.c_char_p)
_pointer = _function("PyCapsule_GetPointer", c_void_p, c_void_p, ctypes.c_char_p)
_rename = _function("PyCapsule_SetName", ctypes.c_int, c_void_p, ctypes.c_char_p)

_lent: dict[int, tuple[Any, ...]] = {}  # by the struct's address: what must live until its deleter is called


def _delete(address: int) -> None:
    """Who took the struct there needs it no more; kernels of theirs, on another stream, may still be at the memory."""
    if address in _lent:
        _lent[address][0]()
        del _lent[address]


def _forget(capsule: int) -> None:
    """A capsule dies; if nobody took it, its struct does too."""
    if _valid(capsule, _FRESH):
        _lent.pop(_pointer(capsule, _FRESH), None)


_deleter, _destructor = _Callback(_delete), _Callback(_forget)  # they must live as long as any capsule


def give(array: Any, device_type: int, wait: Callable[[], None]) -> Any:
    """A capsule of an array whose `memory.pointer` is an address on that device. Kernels that write it must be done.

    `wait` is called when the other library is done with it: what it has started on the device must end before the memory is
    used again.
    """
    code = next(c for c, kind in _LETTERS.items() if kind == array.dtype.kind)
    extents = (c_int64 * array.ndim)(*array.shape)
    steps = (c_int64 * array.ndim)(*(s // array.itemsize for s in array.strides))
    tensor = _Tensor(array.memory.pointer + array.offset, device_type, 0, array.ndim, code, 8 * array.itemsize, 1,
                     extents, steps, 0)
    managed = _Managed(tensor, None, _deleter)
    address = ctypes.addressof(managed)
    _lent[address] = wait, managed, extents, steps, array
    return _new(address, _FRESH, ctypes.cast(_destructor, c_void_p))


def borrow(array: Any) -> Array:
    """The array of another library that lies on the GPU, in its memory, ready for the kernels to come."""
    from .cuda.driver import executor

    gpu = executor()
    if gpu.name != "gpu":
        raise BufferError("from_dlpack: the array lies on a GPU but TINYGRAD_CNN_EMULATE=1 keeps CUDA tensors in the "
                          "emulator; copy it to the CPU first")
    return take(array.__dlpack__(stream=int(gpu.stream)), CUDA, gpu.synchronize)


class Borrowed:
    """GPU memory of another library; given back when the last array in it dies."""

    device, host = "cuda", None

    def __init__(self, managed: _Managed, address: int, wait: Callable[[], None]) -> None:
        self.managed, self.address, self.pointer, self.wait = managed, address, managed.tensor.data, wait

    def __del__(self) -> None:
        self.wait()  # kernels may still be at it
        if self.managed.deleter:
            self.managed.deleter(self.address)


def take(capsule: Any, device_type: int, wait: Callable[[], None]) -> Array:
    """The array in a capsule, in the lender's memory, which is given back after a `wait`.

    Raises BufferError where another took it or it lies elsewhere, TypeError for other dtypes.
    """
    handle = id(capsule)
    if not _valid(handle, _FRESH):
        raise BufferError("from_dlpack: the capsule holds no dltensor, or was taken before; ask for a new one")
    address = _pointer(handle, _FRESH)
    managed = _Managed.from_address(address)
    t = managed.tensor
    if t.device_type != device_type or t.device_id:
        raise BufferError(f"from_dlpack: the array is on DLPack device {t.device_type}:{t.device_id} but "
                          f"{device_type}:0 is needed; copy it there first")
    if t.code not in _LETTERS or t.lanes != 1:
        raise TypeError(f"from_dlpack: the dtype of code {t.code}, {t.bits} bits and {t.lanes} lanes is not supported; "
                        "convert the array to float32 first")
    dtype = shapes.dtype_of("from_dlpack", np.bool_ if t.code == 6 else f"{_LETTERS[t.code]}{t.bits // 8}")
    shape = tuple(t.shape[:t.ndim])
    strides = tuple(s * dtype.itemsize for s in t.strides[:t.ndim]) if t.strides else None
    _rename(handle, _USED)
    return Array(Borrowed(managed, address, wait), shape, dtype, strides, t.byte_offset)
