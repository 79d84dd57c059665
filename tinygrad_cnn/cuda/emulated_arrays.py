"""Arrays as an emulated CUDA kernel sees them: every index is checked, and so is who touches which element when."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .emulated_scalars import wrap

POISON = 0x55                              # the byte that unwritten integers are made of; unwritten floats are NaN


class KernelError(RuntimeError):
    """A kernel did what a GPU does not forgive; the message says which thread did what."""


class Elements:
    """A flat numpy buffer under a shape and strides (in elements); loads give what the device computes with."""

    __slots__ = ("_item", "_kind", "data", "dtype", "name", "owner", "owners", "shape", "size", "start", "steps")

    def __init__(self, data: np.ndarray, shape: tuple[int, ...], steps: tuple[int, ...], start: int, name: str,
                 owners: Any) -> None:
        self.data, self.shape, self.steps, self.start = data, shape, steps, start
        self.size, self.dtype, self.name, self._kind = math.prod(shape), data.dtype, name, data.dtype.kind
        self._item = data.__getitem__ if self._kind == "f" else data.item          # float32 scalars, Python integers
        self.owners, self.owner = owners, owners and owners.of(data)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        return tuple(s * self.itemsize for s in self.steps)

    def __len__(self) -> int:
        return self.shape[0]

    def place(self, index: Any) -> int:
        """Where in the buffer the element lies."""
        k, shape, steps = self.start, self.shape, self.steps
        if type(index) is not tuple:
            if len(shape) == 1 and 0 <= index < shape[0]:
                return k + index * steps[0]
            index = (index,)
        if len(index) != len(shape):
            raise IndexError(f"{self.name}[{_text(index)}] has {len(index)} indices and the array {self.ndim} axes")
        for i, size, step in zip(index, shape, steps):
            if not 0 <= i < size:
                raise IndexError(f"{self.name}[{_text(index)}] is outside its shape {shape}")
            k += i * step
        return k

    def __getitem__(self, index: Any) -> Any:
        return self._item(self.place(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.store(self.place(index), value)

    def load(self, k: int) -> Any:
        """The element at a place of the buffer."""
        return self._item(k)

    def store(self, k: int, value: Any) -> None:
        """Write the element at a place of the buffer."""
        me = self.owners.me()
        owner = self.owner.setdefault(k, me)
        if owner is not me and owner != me:
            raise KernelError(f"{self.name}: element {k - self.start} of its memory is written by two threads, block "
                              f"{tuple(owner[0])} thread {tuple(owner[1])} was first; give each element one owner")
        self.put(k, value)

    def put(self, k: int, value: Any) -> None:
        """Write without a check; integers wrap, as they do on the device."""
        if self._kind == "f":
            self.data[k] = value
        elif self._kind == "b":
            self.data[k] = value != 0
        else:
            self.data[k] = wrap(value, self.dtype.itemsize * 8, self._kind == "i")

    def run(self, first: Any, count: int) -> int:
        """Where `count` elements in a row begin, of an array without gaps, for an access that needs alignment."""
        if (self.start + first) % count or not 0 <= first <= self.size - count:
            raise IndexError(f"{self.name}: {count} elements from {first} on are not an aligned run within "
                             f"its {self.size} elements")
        return self.start + int(first)


def _text(index: tuple[Any, ...]) -> str:
    return ", ".join(str(i) for i in index)


def of_array(array: Any, name: str, owners: Any) -> Elements:
    """The elements of an Array in host memory."""
    data = array.memory.host.view(array.dtype)
    item = array.dtype.itemsize
    return Elements(data, array.shape, tuple(s // item for s in array.strides), array.offset // item, name, owners)


class Ownership:
    """Owner computes: within one launch only one thread may write an element of global memory."""

    def __init__(self, language: Any) -> None:
        self._language = language
        self._owners: dict[tuple[int, int], dict[int, Any]] = {}

    def of(self, data: np.ndarray) -> dict[int, Any]:
        """Who has written which element of the memory below `data`, which several arrays may share."""
        return self._owners.setdefault((id(data.base), data.itemsize), {})

    def me(self) -> tuple[Any, Any]:
        """The block and the thread that run now."""
        return self._language.blockIdx, self._language.threadIdx


class Touch:
    """Who touched an element of a shared array, and how many barriers of the block and of the warp lay before."""

    __slots__ = ("epoch", "thread", "warp", "warp_epoch")

    def __init__(self, thread: Any, warp: int | None, epoch: int, warp_epoch: int) -> None:
        self.thread, self.warp = thread, warp          # None: several of the warp; several of the block
        self.epoch, self.warp_epoch = epoch, warp_epoch


class Shared(Elements):
    """A block's shared array. Two threads may touch one element only with a barrier in between, unless both read."""

    __slots__ = ("_language", "_read", "_written")

    def __init__(self, shape: Any, dtype: np.dtype, language: Any) -> None:
        shape = shape if isinstance(shape, tuple) else (shape,)
        size = math.prod(shape)
        steps = tuple(math.prod(shape[k + 1:]) for k in range(len(shape)))
        super().__init__(poisoned(size, dtype), shape, steps, 0, "a shared array", None)
        self._language = language
        self._written: list[Touch | None] = [None] * size
        self._read: list[Touch | None] = [None] * size

    def __getitem__(self, index: Any) -> Any:
        return self.load(self.place(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.store(self.place(index), value)

    def load(self, k: int) -> Any:
        me, before, written = self._toucher(), self._read[k], self._written[k]
        if written is not None and written.epoch == me.epoch:
            self._check(written, me, k, "written", "read")
        if before is None or before.epoch != me.epoch:
            self._read[k] = me
        elif before is not me and before.warp is not None:     # several threads have read: remember only of which warp
            self._read[k] = Touch(None, before.warp if before.warp == me.warp else None, me.epoch, me.warp_epoch)
        return self._item(k)

    def store(self, k: int, value: Any) -> None:
        me = self._toucher()
        written, read = self._written[k], self._read[k]
        if written is not None and written.epoch == me.epoch:
            self._check(written, me, k, "written", "written")
        if read is not None and read.epoch == me.epoch:
            self._check(read, me, k, "read", "written")
        self._written[k] = me
        self.put(k, value)

    def _toucher(self) -> Touch:
        language = self._language
        thread = language.thread
        if thread.touch.epoch != language.epoch:
            thread.touch = Touch(thread, thread.warp, language.epoch, thread.touch.warp_epoch)
        return thread.touch

    @staticmethod
    def _check(other: Touch, me: Touch, k: int, did: str, does: str) -> None:
        """Two touches with no barrier of the block in between: one of the warp there must be, unless a thread has met
        itself."""
        if other.thread is me.thread or (other.warp == me.warp and other.warp_epoch != me.warp_epoch):
            return
        who = "several threads" if other.thread is None else f"thread {other.thread.number}"
        raise KernelError(f"element {k} of a shared array is {did} by {who} and {does} by thread {me.thread.number} "
                          f"with no barrier in between; put cuda.syncthreads() there")


class Local(dict):
    """A thread's own array: a dictionary with one key per index, for speed; other keys are found out at the end."""

    def __init__(self, shape: Any, dtype: np.dtype) -> None:
        self.shape = shape if isinstance(shape, tuple) else (shape,)
        self.dtype, self.size = dtype, math.prod(self.shape)
        keys = range(self.shape[0]) if len(self.shape) == 1 else itertools.product(*(range(n) for n in self.shape))
        super().__init__(dict.fromkeys(keys, poisoned(1, dtype)[0]))

    def __missing__(self, index: Any) -> Any:
        raise IndexError(f"a local array is read at [{index}], outside its shape {self.shape}")

    def check(self) -> None:
        """Raise if the thread has written outside."""
        if len(self) > self.size:
            raise IndexError(f"a local array is written at [{list(self)[self.size]}], outside its shape {self.shape}")


def poisoned(size: int, dtype: np.dtype) -> np.ndarray:
    """Elements as nobody has written them."""
    data = np.empty(size, dtype)
    data.view(np.uint8)[:] = 0xFF if data.dtype.kind == "f" else POISON
    return data
