"""The decorator of every CPU kernel: Numba's compiler with a kernel cache that cannot be stale.

Numba's own disk cache does not know that a kernel depends on constants and helpers of other modules: it would run an
old tile after its size has changed. Here the folder of a module's kernels is named by a hash of that module, of every
module of this package it imports, of Numba, and of the processor. A hit is always the kernel that would be compiled.
"""
import errno
import functools
import os
import pickle
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import config, sigutils
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.config import _OptLevel as OptimizationLevel
from numba.core.registry import CPUDispatcher
from numba.core.serialize import dumps

from ..cache import cache_folder, describe, digest, sources_hash

OPTIONS = dict(nopython=True, nogil=True, error_model="numpy", boundscheck=False, no_cfunc_wrapper=True)
REORDER = ("contract", "reassoc", "nsz", "arcp")    # not "nnan", "ninf": NaN and infinity must not be assumed away
LEVEL = 1    # of LLVM's optimization: our inner loops are written by hand, and levels 2 and 3 only compile longer
MONTH = 30 * 24 * 3600    # seconds
PATIENCE = 30             # seconds to wait for another process that compiles

on_compile: list[Callable[[str], None]] = []    # each is called with a kernel's name just before it is compiled
compiled = 0                                    # kernels compiled, not loaded, by this process
scheduled = True                                # whether LLVM may reorder instructions


def jit(function: Callable | None = None, *, name: str | None = None, precise: bool = False, inline: bool = False,
        in_order: bool = False) -> Any:
    """Compile `function` with Numba at its first call with each signature.

    `name` renames the product of a factory, so that its cache entry and its announcement are its own.
    `precise` forbids the compiler to reorder sums and to contract a multiplication and an addition. `inline` makes the
    function a part of each that calls it, so that a tile it takes and returns stays in registers. `in_order` leaves
    instructions in the order in which a tile's code emits them: LLVM moves loads to the front, even where registers do not
    suffice for what they load.
    """
    if function is None:
        return functools.partial(jit, name=name, precise=precise, inline=inline, in_order=in_order)
    if name is not None:
        function.__name__ = function.__qualname__ = name
    kernel = Kernel(function, targetoptions=dict(OPTIONS, fastmath=not precise and set(REORDER), forceinline=inline))
    kernel.in_order = in_order
    return kernel


class Kernel(CPUDispatcher):
    """Numba's dispatcher of a function, with our cache and one lock among processes around compilation."""

    in_order = False

    def __init__(self, py_func: Callable, *args: Any, **kwargs: Any):
        super().__init__(py_func, *args, **kwargs)
        self._cache = Cache(py_func, bool(self.targetoptions.get("fastmath")))

    def compile(self, sig: Any) -> Any:
        arguments, _ = sigutils.normalize_signature(sig)
        # Numba's lock is always taken before the one among processes: no deadlock
        with global_compiler_lock, optimization(LEVEL, self.in_order):
            if tuple(arguments) in self.overloads or self._cache.has(sig, self.targetctx):
                return super().compile(sig)
            with file_lock():                              # while we waited, another process may have compiled it
                return super().compile(sig)


def announce(name: str) -> None:
    global compiled
    compiled += 1
    for callback in on_compile:
        callback(name)


@contextmanager
def optimization(level: int, in_order: bool):
    """Compile at this optimization level, with LLVM's scheduler of instructions or without. Both are one setting for all;
    the compiler lock is held around this, which may run inside another compilation."""
    before = config.OPT, scheduled
    config.OPT = min(config.OPT, OptimizationLevel(level))
    schedule(not in_order)
    try:
        yield
    finally:
        config.OPT = before[0]
        schedule(before[1])


def schedule(wanted: bool) -> None:
    """Let LLVM reorder the instructions of what is compiled next, or not."""
    global scheduled
    if wanted != scheduled:
        scheduled = wanted
        llvm.set_option("jit", f"-enable-misched={wanted:d}")


class Cache(NullCache):
    """The compiled signatures of one function, one file each."""

    def __init__(self, function: Callable, reorder: bool):
        self.function, self.reorder = function, reorder

    @property
    def cache_path(self) -> str | None:
        folder = cache_folder()
        return None if folder is None else str(folder)

    def path(self, signature: Any, context: Any) -> Path | None:
        folder = cache_folder()
        if folder is None:
            return None
        source = Path(self.function.__code__.co_filename)
        context.refresh()
        machine = context.codegen().magic_tuple()
        function = describe(self.function)
        key = digest(signature, function, self.reorder)
        return folder / f"{source.stem}-{digest(sources_hash(source), machine, ENVIRONMENT)}" / f"{function[1]}-{key}"

    def has(self, signature: Any, context: Any) -> bool:
        path = self.path(signature, context)
        return path is not None and path.exists()

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        path = self.path(sig, target_context)
        try:
            if path is not None:
                return CompileResult._rebuild(target_context, *pickle.loads(path.read_bytes()))
        except (OSError, EOFError, pickle.UnpicklingError):    # absent, or cut short by a full disk
            pass
        announce(self.function.__qualname__)                   # Numba compiles it now
        return None

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        path = self.path(sig, data.target_context)
        if path is None or data.library.has_dynamic_globals:
            return
        try:
            if not path.parent.exists():
                path.parent.mkdir()
                forget(path.parent)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(dumps(data._reduce()))
            os.replace(file.name, path)                    # readers see all of it or nothing
        except OSError as error:
            warnings.warn(f"jit: kernel {path.name} could not be saved in {path.parent} ({error}); it will be compiled "
                          "again in the next process. Free some space or set TINYGRAD_CNN_CACHE to another folder.",
                          stacklevel=2)


def forget(folder: Path) -> None:
    """Remove the kernels of older sources of the same module, once they are a month old."""
    for other in folder.parent.glob(folder.name.rpartition("-")[0] + "-*"):
        if other.stat().st_mtime < time.time() - MONTH:
            shutil.rmtree(other, ignore_errors=True)


ENVIRONMENT = (sys.version, numba.__version__, llvmlite.__version__, np.__version__, OPTIONS, REORDER, LEVEL)


_depth = 0


@contextmanager
def file_lock():
    """One process compiles at a time, so that processes started together share the work.

    Held by the outermost compilation. After PATIENCE seconds it is given up, as its holder may be stopped.
    """
    global _depth
    folder = cache_folder() if _depth == 0 else None
    _depth += 1
    try:
        with open(os.devnull if folder is None else folder / "lock", "a+b") as file:    # closing it releases the lock
            end = time.monotonic() + PATIENCE
            while folder is not None and not locked(file) and time.monotonic() < end:
                time.sleep(0.02)
            yield
    finally:
        _depth -= 1


def locked(file: Any) -> bool:
    """Lock the file if no other process has."""
    try:
        if sys.platform == "win32":
            import msvcrt
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)    # a file system that has no locks
