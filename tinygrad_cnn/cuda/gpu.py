"""The executor that runs kernels on an NVIDIA GPU, on one stream, through the CUDA driver."""

from __future__ import annotations

import ctypes
import functools
import os
import struct
import sys
import threading
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..cache import cache_folder, digest, sources_hash
from ..cache import describe as describe_function
from ..environment import switched_on
from . import compiler
from .compiler import Code
from .intrinsics import HAS_COMPILER

if TYPE_CHECKING:
    from .driver import Kernel

INSTALL = "pip install 'tinygrad_cnn[cuda]'"
WHEELS = ("numba-cuda", "nvidia-nvvm", "nvidia-nvjitlink", "nvidia-cuda-nvcc-cu12", "nvidia-nvjitlink-cu12", "numpy")
SENT = 1 << 28                             # bytes on their way to the GPU that are kept for it at most
POINTER, SIZE, END = 1, 2, 0               # CU_LAUNCH_PARAM_BUFFER_POINTER, ..._SIZE, ..._END


def _bindings() -> Any:
    """The driver's interface; raises a sentence if that, or the compiler, is missing."""
    if not HAS_COMPILER:
        raise RuntimeError(f"device cuda: the CUDA compiler is missing: {INSTALL}; or set TINYGRAD_CNN_EMULATE=1 to run "
                           f"CUDA kernels slowly in plain Python")
    try:
        from cuda.bindings import driver as bindings
    except ImportError:
        raise RuntimeError(f"device cuda: the package cuda-bindings is missing: {INSTALL}") from None
    return bindings


def _count(cu: Any) -> int:
    """How many GPUs there are; raises a sentence if none."""
    try:
        result, = cu.cuInit(0)
        result, count = cu.cuDeviceGetCount() if result == cu.CUresult.CUDA_SUCCESS else (result, 0)
    except Exception as error:             # the bindings' own class for "no libcuda", which is no ImportError
        result, count = type(error).__name__, 0
    if count == 0:
        raise RuntimeError(f"device cuda: no NVIDIA GPU with a driver was found ({result}); install the driver from "
                           f"https://www.nvidia.com/drivers, use device cpu, or set TINYGRAD_CNN_EMULATE=1 to run CUDA "
                           f"kernels slowly in plain Python")
    return count


def describe() -> str:
    """The GPU's name and compute capability; raises a sentence if there is none."""
    cu = _bindings()
    _count(cu)
    _libraries()
    _, device = cu.cuDeviceGet(0)
    _, name = cu.cuDeviceGetName(128, device)
    return f"{name.decode().strip(chr(0))}, compute capability {'.'.join(map(str, _capability(cu, device)))}"


def _capability(cu: Any, device: Any) -> tuple[int, int]:
    names = cu.CUdevice_attribute
    return tuple(cu.cuDeviceGetAttribute(a, device)[1] for a in (names.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                                                 names.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR))


def _libraries() -> None:
    """Raise a sentence if a library of the compiler is missing."""
    from cuda.pathfinder import DynamicLibNotFoundError, load_nvidia_dynamic_lib
    for library in ("nvvm", "nvJitLink", "nvrtc", "cudart"):
        try:
            load_nvidia_dynamic_lib(library)
        except DynamicLibNotFoundError:
            raise RuntimeError(f"device cuda: the CUDA library {library} is missing: {INSTALL}") from None


class Loaded(NamedTuple):
    """A kernel on the GPU, ready to launch: its arguments are packed into `buffer`, to which `extra` points."""
    function: Any
    layout: struct.Struct
    buffer: Any
    extra: Any
    keep: Any


class Gpu:
    """Device 0 (choose another by CUDA_VISIBLE_DEVICES)."""

    name = "gpu"

    def __init__(self) -> None:
        self.cu = cu = _bindings()
        _count(cu)
        _libraries()
        self.device = self._check(cu.cuDeviceGet(0), "choosing the GPU")
        self.context = self._check(cu.cuDevicePrimaryCtxRetain(self.device), "opening the GPU")
        self._ready = threading.local()
        self._enter()
        self.capability = _capability(cu, self.device)
        self.stream = self._check(cu.cuStreamCreate(cu.CUstream_flags.CU_STREAM_NON_BLOCKING), "making a stream")
        # Memory that is freed stays with this process: asking the operating system again at each step would wait.
        self.pool = self._check(cu.cuDeviceGetDefaultMemPool(self.device), "reading the memory pool")
        keep = cu.CUmemPool_attribute.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD
        self._check(cu.cuMemPoolSetAttribute(self.pool, keep, cu.cuuint64_t(2**64 - 1)), "setting the memory pool")
        self.each = switched_on("TINYGRAD_CNN_SYNC")
        self._lock = threading.Lock()
        self._sent: list[np.ndarray] = []  # where the GPU can read the host's memory, it may still do so

    def _enter(self) -> None:
        """Let this thread of the process use the context, if it does not yet."""
        if not hasattr(self._ready, "entered"):
            self._check(self.cu.cuCtxSetCurrent(self.context), "entering the GPU's context")
            self._ready.entered = True

    def _check(self, results: tuple[Any, ...], doing: str) -> Any:
        result, *values = results
        if result != self.cu.CUresult.CUDA_SUCCESS:
            if result == self.cu.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
                raise MemoryError(doing)
            _, text = self.cu.cuGetErrorString(result)
            raise RuntimeError(f"device cuda: {doing} failed: {text.decode() if text else result}. Kernels run after "
                               f"their launch, so an earlier one may be the cause: set TINYGRAD_CNN_SYNC=1 to learn "
                               f"which, and TINYGRAD_CNN_EMULATE=1 to see where in it")
        return values[0] if values else None

    # Kernels

    def launch(self, kernel: Kernel, grid: tuple[int, ...], block: int, shared: int,
               args: tuple[Any, ...]) -> None:
        """Queue the kernel."""
        self._enter()
        kinds, values = compiler.signature(kernel, args)
        loaded = kernel.compiled.get(kinds)
        if loaded is None:
            loaded = kernel.compiled[kinds] = self._load(kernel, kinds)
        with self._lock:
            try:
                loaded.layout.pack_into(loaded.buffer, 0, *values)
            except struct.error:
                integers = [a for a in args if isinstance(a, (int, tuple))]
                raise OverflowError(f"{kernel}: one of {integers} does not fit int32; pass it as numpy.int64") from None
            result, = self.cu.cuLaunchKernel(loaded.function, *grid, block, 1, 1, shared, self.stream, 0, loaded.extra)
        if result:
            self._check((result,), f"launching {kernel} on a grid of {grid} blocks of {block}")
        if self.each:
            self._check(self.cu.cuStreamSynchronize(self.stream), str(kernel))

    def _load(self, kernel: Kernel, kinds: tuple[Any, ...]) -> Loaded:
        code = self._cached(kernel, kinds)
        module = self._check(self.cu.cuModuleLoadData(code.cubin), f"loading {kernel}")
        function = self._check(self.cu.cuModuleGetFunction(module, code.entry.encode()), f"finding {kernel}")
        layout = struct.Struct("@" + "".join(letter for _, letter, _ in compiler.parameters(kernel, kinds)))
        buffer, size = ctypes.create_string_buffer(max(layout.size, 1)), ctypes.c_size_t(layout.size)
        extra = (ctypes.c_void_p * 5)(POINTER, ctypes.addressof(buffer), SIZE, ctypes.addressof(size), END)
        return Loaded(function, layout, buffer, ctypes.addressof(extra), (extra, size, module))

    def _cached(self, kernel: Kernel, kinds: tuple[Any, ...]) -> Code:
        """The compiled kernel, from the disk if it has been compiled before: by any process, of these very sources."""
        folder, source = cache_folder(), Path(kernel.function.__code__.co_filename)
        if folder is None:
            return compiler.compile(kernel, kinds, self.capability)
        versions = [(name, _version(name)) for name in WHEELS]
        key = digest(sources_hash(source), describe_function(kernel.function), str(kinds), self.capability, versions,
                     kernel.block, kernel.blocks, kernel.strided, sys.version)
        path = folder / "cuda" / f"{kernel.name}-{key}.cubin"
        try:
            entry, _, cubin = path.read_bytes().partition(b"\n")
            return Code(cubin, entry.decode(), "", "")
        except OSError:
            code = compiler.compile(kernel, kinds, self.capability)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(code.entry.encode() + b"\n" + code.cubin)
            unfinished.replace(path)
        except OSError:                    # a full or read-only disk costs time, nothing else
            pass
        return code

    def synchronize(self) -> None:
        """Wait for all kernels and copies on the GPU, those of other libraries in this process too."""
        self._wait(self.cu.cuCtxSynchronize)

    def _wait(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Wait by a call of the driver."""
        self._enter()
        arrived, self._sent = self._sent, []  # by the time the wait is over; other threads may send more meanwhile
        self._check(call(*arguments), "waiting for the GPU")
        del arrived

    # Memory: what memory.py's pool asks of a device. A block is a device pointer.

    def allocate(self, nbytes: int) -> int:
        """A block of GPU memory; raises MemoryError."""
        self._enter()
        return int(self._check(self.cu.cuMemAllocAsync(nbytes, self.stream), f"allocating {nbytes:,} bytes"))

    def free(self, block: int) -> None:
        """Give a block back to the driver once the queued kernels are done with it."""
        self._enter()
        self._check(self.cu.cuMemFreeAsync(block, self.stream), "freeing memory")

    def trim(self) -> None:
        """Give what was freed back to the system: to other processes, and to blocks of other sizes."""
        self._wait(self.cu.cuStreamSynchronize, self.stream)
        self._check(self.cu.cuMemPoolTrimTo(self.pool, 0), "giving memory back")

    def address(self, block: int, nbytes: int) -> tuple[int, None]:
        """The block's pointer; the host cannot look inside."""
        return block, None

    def write(self, memory: Any, x: np.ndarray) -> None:
        """Copy a flat numpy array to a memory; it must not change any more."""
        self._enter()
        self._check(self.cu.cuMemcpyHtoDAsync(memory.pointer, x.ctypes.data, x.nbytes, self.stream),
                    "copying to the GPU")
        self._sent.append(x)
        if sum(sent.nbytes for sent in self._sent) > SENT:
            self._wait(self.cu.cuStreamSynchronize, self.stream)

    def read(self, out: np.ndarray, memory: Any, offset: int) -> None:
        """Copy bytes from `offset` on to the host, and wait for them."""
        self._enter()
        self._check(self.cu.cuMemcpyDtoHAsync(out.ctypes.data, memory.pointer + offset, out.nbytes, self.stream),
                    "copying from the GPU")
        self._wait(self.cu.cuStreamSynchronize, self.stream)


@functools.cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
