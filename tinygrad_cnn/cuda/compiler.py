"""From a kernel to machine code. Besides intrinsics.py the only file that calls the compiler; none of it needs a GPU.

What is compiled is an entry with flat parameters, generated for the types of a launch, that rebuilds the arrays and calls
the kernel: an array costs a pointer and its sizes instead of Numba's 5 + 2 ndim parameters, and a launch packs all of them
by one `struct`. `python -m tinygrad_cnn.cuda.check` reads the code that would run.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import float32, float64, from_dtype, int32, int64, uint8, uint64
from numba.core import types

from .intrinsics import cuda, device, no_remainder, nonnegative_index, pointer_add, viewer

if TYPE_CHECKING:
    from .driver import Kernel

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
    """Four changes to the compiler while it works for us. Three are explained in intrinsics.py; and numba-cuda would ask
    the driver which GPU a called function is for, though it has been told, and though there may be no driver."""
    with _compiling:
        frem, thread = resolve_name("llvmlite.ir.IRBuilder.frem"), threading.get_ident()
        changes = (("numba.cuda.dispatcher", "get_current_device", lambda: SimpleNamespace(compute_capability=capability)),
                   ("numba.cuda.np.arrayobj", "fix_integer_index", nonnegative_index),
                   ("numba.cuda.cgutils", "pointer_add", pointer_add),
                   ("llvmlite.ir.IRBuilder", "frem",              # other threads may be compiling for the CPU
                    lambda *args, **how: no_remainder() if threading.get_ident() == thread else frem(*args, **how)))
        changed = [(resolve_name(place), attribute, change) for place, attribute, change in changes]
        originals = [(place, attribute, getattr(place, attribute)) for place, attribute, _ in changed]
        try:
            for one in changed:
                setattr(*one)
            yield
        finally:
            for one in originals:
                setattr(*one)


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
