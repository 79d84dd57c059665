"""How a CUDA kernel is declared, launched and compiled. Only this file and intrinsics.py know the compiler.

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
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float32, float64, from_dtype, int32, int64, uint8, uint32, uint64
from numba.core import types

from . import emulator
from .intrinsics import cuda, device, nonnegative_index, pointer_add, viewer

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


def emulating() -> bool:
    """Whether the environment asks for the emulator."""
    return os.environ.get("TINYGRAD_CNN_EMULATE", "0") not in ("", "0")


def available() -> tuple[bool, str]:
    """Whether kernels can run in this process; and on what, or why not and what to do about it."""
    if emulating():
        return True, "the emulator: plain Python on the CPU, for tests"
    if getattr(cuda, "implementation", "") != "NVIDIA":
        return False, "the CUDA compiler is missing: pip install 'tinygrad_cnn[cuda]'"
    try:
        from .gpu import describe
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


# From a kernel to machine code. An entry with flat parameters is generated, which rebuilds the arrays and calls the
# kernel: an array costs a pointer and its sizes instead of Numba's 5 + 2 ndim parameters, and a launch packs all of
# them by one `struct`. None of it needs a GPU, so `python -m tinygrad_cnn.cuda.check` reads the code that would run.

SCALARS = {"f": float32, "d": float64, "i": int32, "q": int64, "Q": uint64}
_compiling = threading.Lock()


class Code(NamedTuple):
    """A compiled kernel."""
    cubin: bytes
    entry: str                             # the name of the function in it
    ptx: str
    log: str                               # nvJitLink's account of registers, stack and shared memory


def signature(kernel: Kernel, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The types of a launch, hashable, and its values in the order of the entry's parameters.

    A type is (dtype, ndim) of an array, the letter of a scalar ("r": the arrays' floating type), the length of a tuple
    of integers, or None.
    """
    kinds: list[Any] = []
    values: list[Any] = []
    for arg in args:
        if hasattr(arg, "memory"):
            kinds.append((arg.dtype, len(arg.shape)))
            values.append(arg.memory.pointer + arg.offset)
            values += arg.shape
            if kernel.strided:
                item = arg.dtype.itemsize
                values += [stride // item for stride in arg.strides]
        elif arg is None:
            kinds.append(None)
        elif isinstance(arg, tuple):
            kinds.append(len(arg))
            values += arg
        elif isinstance(arg, np.generic):
            kinds.append(arg.dtype.char.translate({ord("l"): "q", ord("L"): "Q"}))
            values.append(arg.item())
        else:
            kinds.append("i" if isinstance(arg, int) else "r")
            values.append(arg)
    return tuple(kinds), values


def parameters(kernel: Kernel, kinds: tuple[Any, ...]) -> list[tuple[str, str, str]]:
    """The entry's parameters, (name, letter as in `struct`, which argument of the kernel it belongs to)."""
    real = next((k[0].char for k in kinds if isinstance(k, tuple) and k[0].kind == "f"), "f")
    found = []
    for name, kind in zip(kernel.parameters, kinds, strict=True):
        if isinstance(kind, tuple):
            sizes = [f"{name}_size{k}" for k in range(kind[1])]
            steps = [f"{name}_step{k}" for k in range(kind[1] if kernel.strided else 0)]
            found += [(f"{name}_pointer", "P", name), *((n, "i", name) for n in sizes + steps)]
        elif isinstance(kind, int):
            found += [(f"{name}_{k}", "i", name) for k in range(kind)]
        elif kind is not None:
            found.append((name, real if kind == "r" else kind, name))
    return found


def entry(kernel: Kernel, kinds: tuple[Any, ...]) -> tuple[Callable[..., None], tuple[Any, ...]]:
    """The function that is compiled in the kernel's place, and the types of its parameters."""
    scope: dict[str, Any] = {"kernel": device(kernel.function)}
    flat = parameters(kernel, kinds)
    arguments = []
    for name, kind in zip(kernel.parameters, kinds, strict=True):
        own = [p for p, _, argument in flat if argument == name]
        if isinstance(kind, tuple):
            dtype, ndim = kind
            scope[f"view_{name}"] = viewer(from_dtype(dtype), ndim, kernel.strided)
            sizes, steps = _tuple(own[1:ndim + 1]), _tuple(own[ndim + 1:])
            arguments.append(f"view_{name}({own[0]}, {sizes}{', ' + steps if kernel.strided else ''})")
        elif isinstance(kind, int):
            arguments.append(_tuple(own))
        else:
            arguments.append(str(name if kind else None))
    title = re.sub(r"\W", "_", kernel.name)
    exec(f"def {title}({', '.join(p for p, _, _ in flat)}):\n    kernel({', '.join(arguments)})", scope)
    return scope[title], tuple(types.CPointer(uint8) if letter == "P" else SCALARS[letter] for _, letter, _ in flat)


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)},)" if names else "()"


@contextmanager
def _adapted_compiler(capability: tuple[int, int]) -> Iterator[None]:
    """Three changes to numba-cuda while it compiles for us. Two are explained in intrinsics.py; and it would ask the
    driver which GPU a called function is for, though it has been told, and though there may be no driver."""
    changes = (("numba.cuda.dispatcher", "get_current_device", lambda: SimpleNamespace(compute_capability=capability)),
               ("numba.cuda.np.arrayobj", "fix_integer_index", nonnegative_index),
               ("numba.cuda.cgutils", "pointer_add", pointer_add))
    with _compiling:
        modules = [import_module(name) for name, _, _ in changes]
        originals = [getattr(module, attribute) for module, (_, attribute, _) in zip(modules, changes, strict=True)]
        try:
            for module, (_, attribute, change) in zip(modules, changes, strict=True):
                setattr(module, attribute, change)
            yield
        finally:
            for module, (_, attribute, _), original in zip(modules, changes, originals, strict=True):
                setattr(module, attribute, original)


def compile(kernel: Kernel, kinds: tuple[Any, ...], capability: tuple[int, int], verbose: bool = False) -> Code:
    """The kernel for arguments of these types, for GPUs of one compute capability, such as (9, 0)."""
    from cuda.bindings import nvjitlink
    function, numba_types = entry(kernel, kinds)
    bounds = (kernel.block, kernel.blocks) if kernel.blocks else kernel.block
    with _adapted_compiler(capability):
        ptx, _ = cuda.compile(function, numba_types, device=False, abi="numba", cc=capability, launch_bounds=bounds)
    options = [f"-arch=sm_{capability[0]}{capability[1]}", *(["-verbose"] if verbose else [])]
    linker = nvjitlink.create(len(options), options)
    source = ptx.encode()
    nvjitlink.add_data(linker, nvjitlink.InputType.PTX, source, len(source), kernel.name)
    nvjitlink.complete(linker)
    cubin, log = bytearray(nvjitlink.get_linked_cubin_size(linker)), bytearray(nvjitlink.get_info_log_size(linker))
    nvjitlink.get_linked_cubin(linker, cubin)
    nvjitlink.get_info_log(linker, log)
    nvjitlink.destroy(linker)
    return Code(bytes(cubin), re.search(r"\.entry (\S+)\(", ptx)[1], ptx, log.decode().strip("\0\n "))
