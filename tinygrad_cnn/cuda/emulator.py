"""Runs CUDA kernels in plain Python, thread by thread, with the device's arithmetic: for tests, and for looking inside.

The very same functions run that the compiler sees: each is rebuilt once with other globals, in which `cuda`, `math`,
`float32`, ... mean the classes below. A kernel without barriers is a loop over its threads; else every thread is a
greenlet that hands over at each barrier. What a GPU does silently is an error here: an index out of bounds (negative
ones too), a barrier that some threads miss, two threads that touch one element with no barrier in between. Memory that
nobody has written is NaN.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
import threading
import types
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from .emulated_arrays import KernelError, Local, Ownership, Shared, Touch, of_array
from .emulated_scalars import SCALARS, device_math

WARP = 32
STATIC_SHARED = 48 * 1024                  # bytes a kernel may declare without asking the driver for more
MISSING_GREENLET = "the emulator runs this kernel's barriers with the package greenlet: pip install greenlet"


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

    __slots__ = ("index", "number", "lane", "warp", "greenlet", "answer", "request", "locals", "touch")

    def __init__(self, index: Dim3, number: int) -> None:
        self.index, self.number, self.lane, self.warp = index, number, number % WARP, number // WARP
        self.answer, self.request, self.locals = None, None, []
        self.touch = Touch(self, self.warp, 0, 0)      # barriers passed by the block and by the warp, for race detection


class _SharedNamespace:
    """`cuda.shared`."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def array(self, shape: Any, dtype: Any, alignment: int = 16) -> Shared:
        """The block's array of this source line, NaN before the first write; of shape 0: the dynamic shared memory."""
        caller = sys._getframe(1)
        return self._language.block.array((caller.f_code, caller.f_lasti), shape, np.dtype(_numpy_type(dtype)))


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
        self.block: Block = Block(0)

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

    # Barriers and exchanges. Everything that waits goes through `_wait`; emulator.COLLECTIVE lists their names.

    def _wait(self, kind: str, value: Any = None, combine: Any = None, mask: int | None = None) -> Any:
        caller = sys._getframe(2)
        return self.block.wait(Request(kind, value, combine, mask, (caller.f_code, caller.f_lasti)))

    def syncthreads(self) -> None:
        self._wait("syncthreads")

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


class Block:
    """A block while it runs: its shared arrays and its waiting threads."""

    def __init__(self, dynamic: int) -> None:
        self.dynamic, self.declared = dynamic, 0
        self.arrays: dict[Any, Shared] = {}

    def array(self, place: Any, shape: Any, dtype: np.dtype) -> Shared:
        if place not in self.arrays:
            if shape in (0, (0,)):
                if self.dynamic == 0:
                    raise KernelError("the kernel reads dynamic shared memory, but launch(..., shared=0) gave it none")
                shape, place = self.dynamic // dtype.itemsize, "dynamic"
            made = self.arrays.setdefault(place, Shared(shape, dtype, cuda))
            self.declared += made.size * dtype.itemsize if place != "dynamic" else 0
            if self.declared > STATIC_SHARED:
                raise KernelError(f"the kernel declares {self.declared} bytes of shared memory; a block may declare "
                                  f"{STATIC_SHARED}: make its tile smaller")
            return made
        return self.arrays[place]

    def wait(self, request: Request) -> Any:
        cuda.thread.request = request
        self.scheduler.switch()
        return cuda.thread.answer

    def run(self, function: Callable[..., None], args: tuple[Any, ...], threads: list[Thread], order: Any) -> None:
        """Every thread in turn until it waits; then release those whose barrier is complete; and again."""
        try:
            from greenlet import getcurrent, greenlet
        except ImportError:
            raise KernelError(MISSING_GREENLET) from None
        self.scheduler = getcurrent()
        for thread in threads:
            thread.greenlet, thread.request = greenlet(function), None
            thread.touch = Touch(thread, thread.warp, 0, 0)
        ready = list(threads)
        while ready:
            for thread in order(ready):
                cuda.thread, cuda.threadIdx = thread, thread.index
                if thread.request is None:
                    thread.greenlet.switch(*args)
                else:
                    thread.request = None
                    thread.greenlet.switch()
            ready = self._released(threads)

    def _released(self, threads: list[Thread]) -> list[Thread]:
        waiting = [t for t in threads if not t.greenlet.dead]
        if not waiting:
            return []
        if all(t.request.mask is None for t in waiting):
            if len(waiting) < len(threads):
                ended = next(t for t in threads if t.greenlet.dead)
                raise KernelError(f"{_where(waiting[0])}: thread {waiting[0].number} waits for the whole block, but "
                                  f"thread {ended.number} has already returned; move the barrier out of the branch")
            other = next((t for t in waiting if t.request.place != waiting[0].request.place), None)
            if other is not None:
                raise KernelError(f"{_where(waiting[0])}: thread {waiting[0].number} waits here and thread "
                                  f"{other.number} at {_where(other)}; all threads of a block must reach one barrier")
            for t in waiting:
                t.touch = Touch(t, t.warp, t.touch.epoch + 1, t.touch.warp_epoch)
            return _answer(waiting, lambda t: t.number)
        released = []
        for _, members in itertools.groupby(waiting, lambda t: t.warp):
            asking = [t for t in members if t.request.mask is not None]
            if asking and self._complete(asking, threads):
                for t in asking:
                    t.touch = Touch(t, t.warp, t.touch.epoch, t.touch.warp_epoch + 1)
                released += _answer(asking, lambda t: t.lane)
        if not released:
            stuck = "; ".join(f"thread {t.number} at {_where(t)}" for t in waiting[:4])
            raise KernelError(f"no thread of the block can go on, each waits for others: {stuck}; "
                              f"all threads of a block (or of the mask) must reach one barrier")
        return released

    @staticmethod
    def _complete(asking: list[Thread], threads: list[Thread]) -> bool:
        first = asking[0]
        wanted = {k for k in range(WARP) if first.request.mask >> k & 1 and first.warp * WARP + k < len(threads)}
        if any(threads[first.warp * WARP + k].greenlet.dead for k in wanted):
            raise KernelError(f"{_where(first)}: the mask {first.request.mask:#x} names a lane that has returned")
        return (wanted == {t.lane for t in asking}
                and all(t.request.kind == first.request.kind and t.request.mask == first.request.mask for t in asking))


def _answer(threads: list[Thread], key: Callable[[Thread], int]) -> list[Thread]:
    combine = threads[0].request.combine
    answers = combine({key(t): t.request.value for t in threads}) if combine else {}
    for t in threads:
        t.answer = answers.get(key(t))
    return threads


def _where(thread: Thread) -> str:
    code, instruction = thread.request.place
    line = next((n for start, end, n in code.co_lines() if start <= instruction < end), code.co_firstlineno)
    return f"{thread.request.kind} in {code.co_name}, line {line}"


cuda = Language()
_lock = threading.RLock()                  # one kernel at a time: `cuda` above is the state of the thread that runs
_twins: dict[int, tuple[Any, Any]] = {}    # id(a name's value on the device) -> (that value, what it means here)
_order: Callable[[list[Thread]], Iterable[Thread]] = iter


def twin(original: Any, emulated: Any) -> None:
    """Let the global `original` of a kernel mean `emulated` here."""
    _twins[id(original)] = (original, emulated)


def shuffled(seed: int | None) -> None:
    """Run the threads of every block in random order (None: in theirs). A kernel whose result changes has a race."""
    global _order
    generator = random.Random(seed)
    _order = iter if seed is None else lambda threads: generator.sample(threads, len(threads))


for _module in (math,):
    twin(_module, device_math)
for _original, _emulated in SCALARS:
    twin(_original, _emulated)


def _rebuilt(function: types.FunctionType, done: dict[types.FunctionType, types.FunctionType]) -> types.FunctionType:
    """The function with globals in which every name of the device has its emulated meaning."""
    if function in done:
        return done[function]
    names: dict[str, Any] = {"__builtins__": function.__globals__["__builtins__"], "__name__": function.__module__}
    closure = tuple(types.CellType() for _ in function.__closure__ or ())
    made = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, closure or None)
    done[function] = made

    def meaning(value: Any) -> Any:
        if id(value) in _twins:
            return _twins[id(value)][1]
        if isinstance(value, types.FunctionType):
            return _rebuilt(value, done)
        if isinstance(value, types.ModuleType) and value.__name__.startswith(__package__.partition(".")[0]):
            return types.SimpleNamespace(**{k: meaning(v) for k, v in vars(value).items()
                                            if isinstance(v, (types.FunctionType, np.generic)) or id(v) in _twins})
        return value

    for cell, original in zip(closure, function.__closure__ or (), strict=True):
        cell.cell_contents = meaning(original.cell_contents)
    builtins = names["__builtins__"] if isinstance(names["__builtins__"], dict) else vars(names["__builtins__"])
    for name in _names(function.__code__):
        if name in function.__globals__:
            names[name] = meaning(function.__globals__[name])
        elif name in builtins and id(builtins[name]) in _twins:
            names[name] = _twins[id(builtins[name])][1]
    return made


def _names(code: types.CodeType) -> set[str]:
    return set(code.co_names).union(*(_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


class Emulator:
    """The executor that launches kernels in this process, on host memory."""

    name = "emulator"

    def __init__(self) -> None:
        self._built: dict[Any, tuple[types.FunctionType, bool]] = {}

    def _build(self, kernel: Any) -> tuple[types.FunctionType, bool]:
        if kernel not in self._built:
            functions: dict[types.FunctionType, types.FunctionType] = {}
            made = _rebuilt(kernel.function, functions)
            waits = any(COLLECTIVE & _names(f.__code__) or getattr(v, "collective", False)
                        for f in functions for v in (f, *functions[f].__globals__.values()))
            self._built[kernel] = made, waits
        return self._built[kernel]

    def launch(self, kernel: Any, grid: tuple[int, ...], block: int, shared: int,
               args: tuple[Any, ...]) -> None:
        """Run every thread of the grid to its end."""
        with _lock, np.errstate(all="ignore"):
            function, waits = self._build(kernel)
            owners = Ownership(cuda)
            names = kernel.parameters
            values = tuple(_argument(v, n, owners, args) for v, n in zip(args, names, strict=True))
            cuda.gridDim, cuda.blockDim = Dim3(*grid), Dim3(block)
            threads = [Thread(Dim3(k, 0, 0), k) for k in range(block)]
            for z, y, x in itertools.product(*(range(n) for n in reversed(cuda.gridDim))):
                cuda.blockIdx, cuda.block = Dim3(x, y, z), Block(shared)
                try:
                    if waits:
                        cuda.block.run(function, values, threads, _order)
                    else:
                        for thread in _order(threads):
                            cuda.thread, cuda.threadIdx = thread, thread.index
                            function(*values)
                    for made in (a for t in threads for a in t.locals):
                        made.check()
                except (KernelError, IndexError) as error:
                    place = f"block {tuple(cuda.blockIdx)}, thread {tuple(cuda.threadIdx)}"
                    raise type(error)(f"kernel {kernel.name}, {place}: {error}") from error

    def synchronize(self) -> None:
        """Nothing to wait for."""

    # Memory: what memory.py's pool asks of a device. A block is a numpy array of bytes.

    def allocate(self, nbytes: int) -> np.ndarray:
        """A block of bytes, 64-byte aligned."""
        raw = np.empty(nbytes + 64, np.uint8)
        return raw[-raw.ctypes.data % 64:][:nbytes]

    def free(self, block: np.ndarray) -> None:
        """Nothing to do: numpy frees it."""

    def address(self, block: np.ndarray, nbytes: int) -> tuple[int, np.ndarray]:
        """The block's pointer and its bytes as a new array sees them: all ones, which as a float is NaN."""
        host = block[:nbytes]
        host[:] = 0xFF
        return block.ctypes.data, host

    def write(self, memory: Any, x: np.ndarray) -> None:
        """Copy a dense numpy array to the beginning of a memory."""
        memory.host[:] = np.frombuffer(x.tobytes("A"), np.uint8)

    def read(self, out: np.ndarray, memory: Any, offset: int) -> None:
        """Copy bytes from `offset` on."""
        out[:] = memory.host[offset:offset + out.size]


def _argument(value: Any, name: str, owners: Ownership, args: tuple[Any, ...]) -> Any:
    if hasattr(value, "memory"):
        return of_array(value, name, owners)
    if isinstance(value, float):
        return next((a.dtype.type for a in args if hasattr(a, "memory") and a.dtype.kind == "f"), np.float32)(value)
    return value
