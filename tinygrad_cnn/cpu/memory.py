"""Memory of CPU arrays: 64-byte aligned blocks that are used again, since the first touch of fresh memory is slow.

The operating system clears each fresh page when it is first written: writing a fresh array takes several times longer
than writing a used one. A block goes back to the pool when the last array that looks into it dies.
"""
import ctypes
import math
import sys
import threading
from contextlib import suppress
from typing import Any

import numpy as np

ALIGNMENT = 64                       # bytes: a cache line, and a vector of 16 float32
SMALLEST = 1 << 8                    # bytes of the smallest block
KEEP = 2 << 30                       # bytes of unused blocks beyond which they are given back

_free: dict[int, list[int]] = {}     # size of a block -> addresses of unused blocks
_sizes: dict[int, int] = {}          # address -> size
_owners: dict[int, np.ndarray] = {}  # address -> the NumPy array that owns the block
_lock = threading.RLock()


class Lease(ctypes.c_char * (1 << (46 if sys.maxsize > 2**32 else 30))):    # type: ignore[misc]
    """A block in use: what every array in the block keeps alive. Its length is only a bound, nothing is read."""

    def __del__(self, _addressof=ctypes.addressof, _sizes=_sizes, _free=_free):
        address = _addressof(self)
        _free[_sizes[address]].append(address)             # atomic: no lock, as this may run inside any other line


def empty(shape: Any, dtype: Any) -> np.ndarray:
    """A C-contiguous array whose contents are not set, 64-byte aligned."""
    dtype = np.dtype(dtype)
    size = (math.prod(shape) if isinstance(shape, (tuple, list)) else int(shape)) * dtype.itemsize
    if size <= SMALLEST:
        size = SMALLEST
    else:                                                  # 8 sizes to each power of two: at most an eighth is wasted
        step = 1 << ((size - 1).bit_length() - 4)
        size = (size + step - 1) & -step
    try:
        address = _free[size].pop()
    except (KeyError, IndexError):
        address = fresh(size)
    return np.ndarray(shape, dtype, Lease.from_address(address))


def fresh(size: int) -> int:
    """The address of a new block."""
    with _lock:
        if unused() > KEEP:
            release()
        owner = np.empty(size + ALIGNMENT, np.uint8)
        address = owner.ctypes.data + -owner.ctypes.data % ALIGNMENT
        _free.setdefault(size, [])
        _sizes[address], _owners[address] = size, owner
        return address


def unused() -> int:
    """Bytes of the blocks that wait to be used again."""
    return sum(size * len(addresses) for size, addresses in list(_free.items()))


def release() -> None:
    """Give unused blocks back to the operating system."""
    with _lock:
        for addresses in list(_free.values()):
            with suppress(IndexError):                     # empty, perhaps because another thread took the last block
                while True:
                    address = addresses.pop()
                    del _sizes[address], _owners[address]


def upload(x: np.ndarray) -> np.ndarray:
    """A C-contiguous copy of `x` in memory of our own."""
    out = empty(x.shape, x.dtype)
    out[...] = x
    return out


def download(x: np.ndarray) -> np.ndarray:
    """`x` as a NumPy array: on the CPU, itself."""
    return x


def synchronize() -> None:
    """Wait until all launched kernels have finished: on the CPU they have."""
