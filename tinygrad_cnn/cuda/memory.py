"""Arrays on the CUDA device, from a pool that keeps freed memory for the next array of about the same size."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..arrays import Array
from . import driver
from .driver import synchronize

__all__ = ["download", "empty", "pool", "synchronize", "upload"]

ALIGNMENT = 512                            # bytes; every block is a multiple of it
LARGEST = 2**31 - 1                        # elements of one array: kernels index with 32 bits


def bucket(nbytes: int) -> int:
    """The block size for so many bytes: multiples of an eighth of their power of two, at most 1/8 larger than asked."""
    step = max(ALIGNMENT, 1 << max(nbytes.bit_length() - 4, 0))
    return max(-(-nbytes // step) * step, ALIGNMENT)


class Pool:
    """Free blocks by size above a device's `allocate`, `free` and `trim`.

    A block is reused at once: the kernels that still use its former content run earlier on the same stream.
    """

    def __init__(self, device: Any) -> None:
        self.device = device
        self.free: dict[int, list[Any]] = {}
        self.reserved = 0                  # bytes taken from the device
        self._lock = threading.RLock()     # around what asks the device

    @property
    def used(self) -> int:
        """Bytes in arrays."""
        return self.reserved - sum(size * len(blocks) for size, blocks in list(self.free.items()))

    def take(self, size: int) -> Any:
        """A block of so many bytes, a result of `bucket`."""
        try:
            return self.free[size].pop()
        except (KeyError, IndexError):     # asked afterwards, as another thread may take the last one
            return self._fresh(size)

    def _fresh(self, size: int) -> Any:
        with self._lock:
            try:
                block = self.device.allocate(size)
            except MemoryError:
                self.release()
                try:
                    block = self.device.allocate(size)
                except MemoryError:
                    raise MemoryError(f"the CUDA device has no {size:,} bytes left for an array; {self.used:,} are in "
                                      f"use: take a smaller batch or a smaller network") from None
            self.reserved += size
            return block

    def give(self, block: Any, size: int) -> None:
        """Keep a block of this size for the next `take`. Needs no lock, as it may run inside any other line."""
        self.free.setdefault(size, []).append(block)

    def release(self) -> None:
        """Return all free blocks to the device."""
        with self._lock:
            for size, blocks in list(self.free.items()):
                with suppress(IndexError):     # empty, perhaps because another thread took the last one
                    while True:
                        self.device.free(blocks.pop())
                        self.reserved -= size
            self.device.trim()


class Memory:
    """A block of the pool for as long as an array or a view needs it."""

    __slots__ = ("block", "host", "pointer", "pool", "size")
    device = "cuda"

    def __init__(self, pool: Pool, nbytes: int) -> None:
        self.pool, self.size = pool, bucket(nbytes)
        self.block = pool.take(self.size)
        self.pointer, self.host = pool.device.address(self.block, nbytes)    # host: numpy bytes, in the emulator

    def __del__(self) -> None:
        if hasattr(self, "block"):
            self.pool.give(self.block, self.size)


_pools: dict[Any, Pool] = {}


def pool() -> Pool:
    """The pool of the device that runs kernels now."""
    device = driver.executor()
    if device not in _pools:
        _pools[device] = Pool(device)
    return _pools[device]


def empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """A C-contiguous array of unwritten elements (NaN in the emulator)."""
    size, dtype = math.prod(shape), np.dtype(dtype)
    if size > LARGEST:
        raise ValueError(f"an array of shape {tuple(shape)} has {size:,} elements; on CUDA the most is {LARGEST:,}")
    return Array(Memory(pool(), size * dtype.itemsize), shape, dtype)


def upload(x: np.ndarray) -> Array:
    """A copy of a numpy array on the device, in the order of its memory (a channels-last array stays so)."""
    dense = np.array(x, order="K")
    out = empty(dense.shape, dense.dtype)
    if dense.size:
        driver.executor().write(out.memory, as_strided(dense, (dense.size,), (dense.itemsize,)))
    return Array(out.memory, dense.shape, dense.dtype, dense.strides)


def download(x: Array) -> np.ndarray:
    """A numpy copy of an array; waits for the kernels that write it."""
    if x.size == 0:
        return np.empty(x.shape, x.dtype)
    reach = [(size - 1) * stride for size, stride in zip(x.shape, x.strides)]
    first, last = (sum(f(r, 0) for r in reach) for f in (min, max))
    data = np.empty(last - first + x.itemsize, np.uint8)
    driver.executor().read(data, x.memory, x.offset + first)
    return np.array(as_strided(data[-first:].view(x.dtype), x.shape, x.strides), order="K")
