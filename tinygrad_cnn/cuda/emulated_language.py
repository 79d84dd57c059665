"""The language of CUDA kernels, `cuda.threadIdx`, `cuda.syncthreads()`, ..., as the emulator speaks it."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .emulated_arrays import Local, Shared, Touch

WARP = 32


class Dim3(NamedTuple):
    x: int
    y: int = 1
    z: int = 1


class Request(NamedTuple):
    """What a waiting thread waits for: `combine` turns {thread: value} of all that take part into {thread: answer}."""
    kind: str
    value: Any
    combine: Callable[[dict[int, Any]], dict[int, Any]] | None
    mask: int | None                       # lanes of the warp that take part; None: the whole block
    place: tuple[types.CodeType, int]      # which call in which function


class Thread:
    """One CUDA thread of the block that runs."""

    __slots__ = ("answer", "greenlet", "index", "lane", "locals", "number", "request", "touch", "warp")

    def __init__(self, index: Dim3, number: int) -> None:
        self.index, self.number, self.lane, self.warp = index, number, number % WARP, number // WARP
        self.answer, self.request, self.locals = None, None, []
        self.touch = Touch(self, self.warp, 0, 0)      # the latest


class _SharedNamespace:
    """`cuda.shared`."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def array(self, shape: Any, dtype: Any, alignment: int = 16) -> Shared:
        """The block's array of this source line, NaN before the first write; of shape 0: the dynamic shared memory."""
        caller = sys._getframe(1)
        return self._language.block.array((id(caller.f_code), caller.f_lasti), shape, np.dtype(_numpy_type(dtype)))


class _LocalNamespace:
    """`cuda.local`."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def array(self, shape: Any, dtype: Any, alignment: int = 16) -> Any:
        """An array of this thread alone, NaN before the first write."""
        made = Local(shape, np.dtype(_numpy_type(dtype)))
        self._language.thread.locals.append(made)
        return made


def _numpy_type(dtype: Any) -> Any:
    return getattr(dtype, "numpy", dtype)


class Language:
    """The names of `numba.cuda` that kernels use."""

    warpsize = WARP

    def __init__(self) -> None:
        self.shared, self.local = _SharedNamespace(self), _LocalNamespace(self)
        self.threadIdx = self.blockIdx = Dim3(0, 0, 0)
        self.blockDim = self.gridDim = Dim3(1)
        self.thread: Thread = Thread(Dim3(0, 0, 0), 0)
        self.block: Any = None                         # the emulator's Block
        self.epoch = 0                                 # counts blocks, and their barriers

    def grid(self, ndim: int) -> Any:
        """The thread's place in the whole grid, along 1, 2 or 3 axes."""
        if ndim == 1:
            return self.blockIdx[0] * self.blockDim[0] + self.threadIdx[0]
        return tuple(b * d + t for b, d, t in zip(self.blockIdx, self.blockDim, self.threadIdx, strict=True))[:ndim]

    def gridsize(self, ndim: int) -> Any:
        """How many threads the grid has, along 1, 2 or 3 axes."""
        sizes = tuple(g * d for g, d in zip(self.gridDim, self.blockDim, strict=True))
        return sizes[0] if ndim == 1 else sizes[:ndim]

    @property
    def laneid(self) -> int:
        return self.thread.lane

    # Barriers and exchanges. Everything that waits goes through `_wait`; COLLECTIVE lists their names.

    def _wait(self, kind: str, value: Any = None, combine: Any = None, mask: int | None = None) -> Any:
        caller = sys._getframe(2)
        return self.block.wait(Request(kind, value, combine, mask, (caller.f_code, caller.f_lasti)))

    def syncthreads(self) -> None:
        caller = sys._getframe(1)
        place = id(caller.f_code), caller.f_lasti      # hashing the code itself takes long
        request = self.block.barriers.get(place)
        if request is None:
            request = Request("syncthreads", None, None, None, (caller.f_code, caller.f_lasti))
            self.block.barriers[place] = request
        self.block.wait(request)

    def syncthreads_count(self, predicate: Any) -> int:
        return self._wait("syncthreads_count", bool(predicate), lambda d: dict.fromkeys(d, sum(d.values())))

    def syncthreads_or(self, predicate: Any) -> int:
        return self._wait("syncthreads_or", bool(predicate), lambda d: dict.fromkeys(d, int(any(d.values()))))

    def syncthreads_and(self, predicate: Any) -> int:
        return self._wait("syncthreads_and", bool(predicate), lambda d: dict.fromkeys(d, int(all(d.values()))))

    def syncwarp(self, mask: int = 0xFFFFFFFF) -> None:
        self._wait("syncwarp", mask=mask)

    def shfl_sync(self, mask: int, value: Any, lane: int) -> Any:
        return self._wait("shfl_sync", (value, lane), lambda d: {k: d[v[1] % WARP][0] for k, v in d.items()}, mask)

    def shfl_down_sync(self, mask: int, value: Any, delta: int) -> Any:
        return self._wait("shfl_down_sync", value, lambda d: {k: d.get(k + delta, v) for k, v in d.items()}, mask)

    def shfl_up_sync(self, mask: int, value: Any, delta: int) -> Any:
        return self._wait("shfl_up_sync", value, lambda d: {k: d.get(k - delta, v) for k, v in d.items()}, mask)

    def shfl_xor_sync(self, mask: int, value: Any, lanes: int) -> Any:
        return self._wait("shfl_xor_sync", value, lambda d: {k: d.get(k ^ lanes, v) for k, v in d.items()}, mask)

    def ballot_sync(self, mask: int, predicate: Any) -> int:
        return self._wait("ballot_sync", bool(predicate),
                          lambda d: dict.fromkeys(d, sum(1 << k for k, v in d.items() if v)), mask)

    def any_sync(self, mask: int, predicate: Any) -> bool:
        return self._wait("any_sync", bool(predicate), lambda d: dict.fromkeys(d, any(d.values())), mask)

    def all_sync(self, mask: int, predicate: Any) -> bool:
        return self._wait("all_sync", bool(predicate), lambda d: dict.fromkeys(d, all(d.values())), mask)

    @staticmethod
    def fma(a: Any, b: Any, c: Any) -> Any:
        return type(a)(np.float64(a) * np.float64(b) + np.float64(c))


COLLECTIVE = frozenset(name for name in vars(Language) if name.startswith("sync") or name.endswith("_sync"))

cuda = Language()                          # the state of the thread that runs now
