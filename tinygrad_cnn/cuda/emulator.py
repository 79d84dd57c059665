"""Runs CUDA kernels in plain Python, thread by thread, with the device's arithmetic: for tests, and for looking inside.

The very same functions run that the compiler sees: each is rebuilt once with other globals, in which `cuda`, `math`,
`float32`, ... mean what emulated_language.py and emulated_scalars.py say. A kernel without barriers is a loop over its
threads; else every thread is a greenlet that hands over at each barrier. What a GPU does in silence is an error here:
an index out of bounds (negative ones too), a barrier that some threads miss, two threads that touch one element with no
barrier in between. Memory that nobody has written is NaN.
"""

from __future__ import annotations

import contextvars
import itertools
import math
import random
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..arrays import is_contiguous
from .emulated_arrays import KernelError, Ownership, Shared, Touch, of_array
from .emulated_language import COLLECTIVE, WARP, Dim3, Request, Thread, cuda
from .emulated_scalars import BUILTINS, device_math

STATIC_SHARED = 48 * 1024                  # bytes a kernel may declare without asking the driver for more
MISSING_GREENLET = "the emulator runs this kernel's barriers with the package greenlet: pip install greenlet"


class Block:
    """A block while it runs: its shared arrays and its waiting threads."""

    def __init__(self, dynamic: int) -> None:
        self.dynamic, self.declared = dynamic, 0
        self.arrays: dict[Any, Shared] = {}
        self.barriers: dict[Any, Request] = {}         # of the whole block, by where they stand
        cuda.epoch += 1

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
        """Let the next thread go on, or after the last one the scheduler; returns when this thread is released."""
        me = cuda.thread
        me.request = request
        thread = next(self.turns, None)
        if thread is None:
            self.scheduler.switch()
        else:
            cuda.thread, cuda.threadIdx = thread, thread.index
            thread.greenlet.switch()
        return me.answer

    def run(self, function: Callable[..., None], args: tuple[Any, ...], threads: list[Thread], order: Any) -> None:
        """Every thread in turn until it waits; then release those whose barrier is complete; and again. A thread that
        waits hands over to the next itself, one that ends comes back here."""
        try:
            from greenlet import getcurrent, greenlet
        except ImportError:
            raise KernelError(MISSING_GREENLET) from None

        def started() -> None:
            function(*args)
            cuda.thread.request = None                 # it has ended

        self.scheduler = getcurrent()
        for thread in threads:
            thread.greenlet = greenlet(started)
            thread.greenlet.gr_context = contextvars.copy_context()            # of which np.errstate is a part
        self.turns: Iterator[Thread] = iter(())        # none starts another, which would nest their stacks
        ready, turns = threads, iter(order(threads))
        while ready:
            for thread in turns:
                cuda.thread, cuda.threadIdx = thread, thread.index
                thread.greenlet.switch()
            ready = self._released(threads)
            self.turns = turns = iter(order(ready))

    def _released(self, threads: list[Thread]) -> list[Thread]:
        waiting = [t for t in threads if t.request is not None]
        if not waiting:
            return []
        if all(t.request.mask is None for t in waiting):
            if len(waiting) < len(threads):
                ended = next(t for t in threads if t.request is None)
                raise KernelError(f"{_where(waiting[0])}: thread {waiting[0].number} waits for the whole block, but "
                                  f"thread {ended.number} has already returned; move the barrier out of the branch")
            other = next((t for t in waiting if t.request.place != waiting[0].request.place), None)
            if other is not None:
                raise KernelError(f"{_where(waiting[0])}: thread {waiting[0].number} waits here and thread "
                                  f"{other.number} at {_where(other)}; all threads of a block must reach one barrier")
            cuda.epoch += 1
            return _answer(waiting, lambda t: t.number)
        released = []
        for _, members in itertools.groupby(waiting, lambda t: t.warp):
            asking = [t for t in members if t.request.mask is not None]
            if asking and self._complete(asking, threads):
                for t in asking:
                    t.touch = Touch(t, t.warp, cuda.epoch, t.touch.warp_epoch + 1)
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
        if any(threads[first.warp * WARP + k].request is None for k in wanted):
            raise KernelError(f"{_where(first)}: the mask {first.request.mask:#x} names a lane that has returned")
        return (wanted == {t.lane for t in asking}
                and all(t.request.kind == first.request.kind and t.request.mask == first.request.mask for t in asking))


def _answer(threads: list[Thread], key: Callable[[Thread], int]) -> list[Thread]:
    combine = threads[0].request.combine
    if combine:
        answers = combine({key(t): t.request.value for t in threads})
        for t in threads:
            t.answer = answers[key(t)]
    return threads


def _where(thread: Thread) -> str:
    code, instruction = thread.request.place
    line = next((n for start, end, n in code.co_lines() if start <= instruction < end), code.co_firstlineno)
    return f"{thread.request.kind} in {code.co_name}, line {line}"


_lock = threading.RLock()                  # one kernel at a time: `cuda` is the state of the thread that runs
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


twin(math, device_math)
for _original, _emulated in BUILTINS:
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
        self._threads: dict[int, list[Thread]] = {}    # of a block of so many, for the next launch

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
            values = tuple(_argument(kernel, v, n, owners, args) for v, n in zip(args, names, strict=True))
            cuda.gridDim, cuda.blockDim = Dim3(*grid), Dim3(block)
            threads = self._threads.pop(block, None) or [Thread(Dim3(k, 0, 0), k) for k in range(block)]
            for z, y, x in itertools.product(*(range(n) for n in reversed(cuda.gridDim))):
                cuda.blockIdx, cuda.block = Dim3(x, y, z), Block(shared)
                try:
                    if waits:
                        cuda.block.run(function, values, threads, _order)
                    else:
                        for thread in _order(threads):
                            cuda.thread, cuda.threadIdx = thread, thread.index
                            function(*values)
                    for thread in threads:
                        for made in thread.locals:
                            made.check()
                        thread.locals.clear()
                except (KernelError, IndexError) as error:
                    place = f"block {tuple(cuda.blockIdx)}, thread {tuple(cuda.threadIdx)}"
                    raise type(error)(f"kernel {kernel.name}, {place}: {error}") from error
            self._threads[block] = threads             # not after an error, which leaves them halfway

    def synchronize(self) -> None:
        """Nothing to wait for."""

    # Memory: what memory.py's pool asks of a device. A block is a numpy array of bytes.

    def allocate(self, nbytes: int) -> np.ndarray:
        """A block of bytes, 64-byte aligned."""
        raw = np.empty(nbytes + 64, np.uint8)
        return raw[-raw.ctypes.data % 64:][:nbytes]

    def free(self, block: np.ndarray) -> None:
        """Nothing to do: numpy frees it."""

    def trim(self) -> None:
        """Nothing to do: so does the system."""

    def address(self, block: np.ndarray, nbytes: int) -> tuple[int, np.ndarray]:
        """The block's pointer and its bytes as a new array sees them: all ones, which as a float is NaN."""
        host = block[:nbytes]
        host[:] = 0xFF
        return block.ctypes.data, host

    def write(self, memory: Any, x: np.ndarray) -> None:
        """Copy a flat numpy array to a memory."""
        memory.host[:] = x.view(np.uint8)

    def read(self, out: np.ndarray, memory: Any, offset: int) -> None:
        """Copy bytes from `offset` on."""
        out[:] = memory.host[offset:offset + out.size]


def _argument(kernel: Any, value: Any, name: str, owners: Ownership, args: tuple[Any, ...]) -> Any:
    if hasattr(value, "memory"):
        if not (kernel.strided or is_contiguous(value) or value.size == 0):
            raise ValueError(f"kernel {kernel.name}: {name} has strides {value.strides} and must be C-contiguous; copy "
                             f"it, or declare the kernel with strided=True")
        return of_array(value, name, owners)
    if type(value) is float:               # numpy scalars keep their type
        return next((a.dtype.type for a in args if hasattr(a, "memory") and a.dtype.kind == "f"), np.float32)(value)
    return value
