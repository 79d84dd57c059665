"""How a CUDA kernel is declared and launched.

A kernel is a plain Python function on n-d arrays, launched with at least one thread per element:

    @kernel
    def _scale(out, x, factor):
        i = cuda.grid(1)
        if i < out.size:
            out[i] = x[i] * factor

    launch(_scale, out.size, out, x, 2.0)

Nothing is compiled before its first launch. With TINYGRAD_CNN_EMULATE=1 the launch runs the function in plain Python.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from numba import boolean, float32, float64, int32, int64, uint8, uint32, uint64

from ..environment import emulating
from . import emulator
from .intrinsics import cuda, device

__all__ = ["KERNELS", "Kernel", "available", "boolean", "cuda", "device", "executor", "float32", "float64", "int32",
           "int64", "kernel", "launch", "synchronize", "uint8", "uint32", "uint64", "use"]

GRID = (2**31 - 1, 2**16 - 1, 2**16 - 1)   # blocks along each axis, at the most
KERNELS: dict[str, Kernel] = {}            # every kernel by its full name


class Kernel:
    """A function that runs once per thread of a grid of blocks. `launch` runs it."""

    __slots__ = ("block", "blocks", "compiled", "function", "name", "parameters", "strided")

    def __init__(self, function: Callable[..., None], name: str, block: int, blocks: int, strided: bool) -> None:
        self.function, self.name = function, name
        self.parameters = tuple(inspect.signature(function).parameters)
        self.block, self.blocks, self.strided = block, blocks, strided
        self.compiled: dict[Any, Any] = {}

    def __call__(self, *args: Any) -> None:
        raise TypeError(f"kernel {self.name} runs on a grid of threads: launch({self.name}, threads, ...)")

    def __repr__(self) -> str:
        return f"kernel {self.name}"


def kernel(function: Callable[..., None] | None = None, *, name: str = "", block: int = 256, blocks: int = 0,
           strided: bool = False) -> Any:
    """Decorator of a kernel.

    block: threads per block, also the most it can be launched with. blocks: how many blocks shall fit a multiprocessor
    (registers are limited to that); 0 leaves it to the compiler. strided: its arrays may have any strides; without it
    all must be C-contiguous, which saves the kernel arithmetic and parameters. name: of a factory's product.
    """
    if function is None:
        return functools.partial(kernel, name=name, block=block, blocks=blocks, strided=strided)
    full = f"{function.__module__.rpartition('.')[2]}.{name or function.__qualname__}"
    KERNELS[full] = made = Kernel(function, full, block, blocks, strided)
    return made


def launch(kernel: Kernel, threads: int | tuple[int, ...], *args: Any, block: int = 0, shared: int = 0) -> None:
    """Run `kernel(*args)` in `threads` threads or more, or on a grid of (x[, y[, z]]) blocks.

    Arguments: arrays; Python integers, which must fit int32 (numpy scalars keep their type); floats, which become the
    float type of the first array that has one; tuples of integers; None. block: threads per block if not the kernel's.
    shared: bytes of dynamic shared memory. Returns before the GPU has finished. No threads: nothing happens.
    """
    block = block or kernel.block
    if block > kernel.block:
        raise ValueError(f"{kernel}: a block of {block} threads is more than its {kernel.block}; declare it with "
                         f"block={block}")
    grid = (-(-threads // block), 1, 1) if isinstance(threads, int) else (*threads, 1, 1)[:3]
    if any(count > most for count, most in zip(grid, GRID, strict=True)):
        raise ValueError(f"{kernel}: a grid of {grid} blocks is more than the {GRID} of a GPU; take a smaller batch")
    if 0 not in grid:
        executor().launch(kernel, grid, block, shared, args)


def synchronize() -> None:
    """Wait until all launched kernels have finished."""
    executor().synchronize()


def available() -> tuple[bool, str]:
    """Whether kernels can run in this process; and on what, or why not and what to do about it."""
    if emulating():
        return True, "the emulator: plain Python on the CPU, for tests"
    from .gpu import describe
    try:
        return True, describe()
    except (ImportError, RuntimeError) as error:
        return False, str(error)


_executor: Any = None


def executor() -> Any:
    """What runs kernels in this process: the GPU, or with TINYGRAD_CNN_EMULATE=1 the emulator."""
    global _executor
    if _executor is None:
        if emulating():
            _executor = emulator.Emulator()
        else:
            from .gpu import Gpu
            _executor = Gpu()
    return _executor


def use(other: Any) -> Any:
    """Let `other` run the kernels from now on; returns what did before."""
    global _executor
    before, _executor = _executor, other
    return before
