"""Run a serial kernel in parallel: kernel(part, parts, *args) for every part in range(parts), on Numba's threads.

The kernel is called through its machine address. LLVM then compiles it once, by itself, where a `prange` around it
would compile it again inlined into a second function with the parallel machinery: a third of the compile time, the same
speed.
"""
import ctypes
import importlib.metadata
import os
import threading
from contextlib import nullcontext
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba._dispatcher import compute_fingerprint
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.ufunc import parallel

from .jit import jit

BYTES, INT = ir.IntType(8).as_pointer(), ir.IntType(64)
SMALL = 100_000    # elementary steps that take about 50 us, below which waking other threads costs more than it saves


@intrinsic
def _run(typing, address, parts, threads, args):
    """Call the compiled kernel at `address` as kernel(part, parts, *args), once for each part, on so many threads."""
    kernel_types = (types.intp, types.intp, *args)

    def codegen(context, builder, signature, values):
        address, parts, threads, packed = values
        packed = unowned(context, builder, args, packed)
        job = cgutils.alloca_once_value(builder, cgutils.pack_struct(builder, [address, parts, packed]))
        share = share_function(context, builder.module, job.type, kernel_types)
        # the pool was made for universal functions: each thread gets an interval of one array, here 0, 1, 2, ..., parts
        numbers = cgutils.alloca_once(builder, INT, size=parts)
        with cgutils.for_range(builder, parts) as loop:
            builder.store(loop.index, builder.gep(numbers, [loop.index]))
        pool_type = ir.FunctionType(ir.VoidType(), [BYTES] * 5 + [INT] * 3)
        pool = cgutils.get_or_insert_function(builder.module, pool_type, "numba_parallel_for")
        arrays, lengths, strides = (builder.bitcast(cgutils.alloca_once_value(builder, value), BYTES)
                                    for value in (builder.bitcast(numbers, BYTES), parts, INT(8)))
        builder.call(pool, [builder.bitcast(share, BYTES), arrays, lengths, strides, builder.bitcast(job, BYTES),
                            INT(1), INT(1), threads])
        return context.get_dummy_value()
    return types.void(types.intp, types.intp, types.intp, args), codegen


def unowned(context, builder, args, packed):
    """The arguments with arrays that nobody owns. They live as long as the launch, and threads that counted references to
    the same arrays would wait for each other at each one."""
    found = []
    for kind, value in zip(args, cgutils.unpack_tuple(builder, packed)):
        if isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, value)
            array.meminfo, array.parent = (cgutils.get_null_value(field.type) for field in (array.meminfo, array.parent))
            value = array._getvalue()
        found.append(value)
    return context.make_tuple(builder, args, found)


def share_function(context, module, job_type, kernel_types):
    """share(arrays, lengths, strides, job): what the pool calls on a thread, the loop over this thread's parts."""
    pointers = [BYTES.as_pointer(), INT.as_pointer(), INT.as_pointer(), BYTES]
    share = ir.Function(module, ir.FunctionType(ir.VoidType(), pointers), name=module.get_unique_name("share"))
    share.linkage = "internal"
    builder = ir.IRBuilder(share.append_basic_block())
    arrays, lengths, _, job = share.args
    first = builder.load(builder.bitcast(builder.load(arrays), INT.as_pointer()))
    address, parts, packed = cgutils.unpack_tuple(builder, builder.load(builder.bitcast(job, job_type)), 3)
    kernel = builder.inttoptr(address, context.call_conv.get_function_type(types.none, kernel_types).as_pointer())
    args = cgutils.unpack_tuple(builder, packed, len(kernel_types) - 2)
    with cgutils.for_range(builder, builder.load(lengths)) as loop:
        part = builder.add(first, loop.index)
        context.call_conv.call_function(builder, kernel, types.none, kernel_types, [part, parts, *args])
    builder.ret_void()
    return share


@jit
def _run_on_pool(address, parts, threads, args):
    _run(address, parts, threads, args)


_addresses: dict[Any, int] = {}
_pool_lock: Any = None    # None until the pool has started
_starting = threading.Lock()
_threads = 1


def launch(kernel: Any, parts: int, *args: Any) -> None:
    """Run `kernel(part, parts, *args)` for every part in range(parts); in this thread if there is one part only.

    The arguments are arrays, ints, floats, bools, tuples of ints, or None. The kernel returns nothing.
    """
    if parts == 1:
        kernel(0, 1, *args)
        return
    if _pool_lock is None:
        start_pool()
    key = kernel, compute_fingerprint(args)                # of their types
    address = _addresses.get(key)
    if address is None:
        address = _addresses[key] = address_of(kernel, args)
    with _pool_lock:
        _run_on_pool(address, parts, min(parts, _threads), args)


def address_of(kernel: Any, args: tuple) -> int:
    """The machine address of the kernel compiled for arguments such as these."""
    signature = (types.intp, types.intp, *map(numba.typeof, args))
    kernel.compile(signature)
    result = kernel.overloads[signature]
    if result.signature.return_type != types.none:
        raise TypeError(f"launch: kernel {kernel.__name__} returns {result.signature.return_type}, which nobody would "
                        "get; let it return nothing and write to an array")
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


def threads() -> int:
    """How many threads kernels run on."""
    if _pool_lock is None:
        start_pool()
    return _threads


def set_num_threads(count: int) -> None:
    """Run kernels on `count` threads, from 1 to NUMBA_NUM_THREADS (by default the number of cores)."""
    global _threads
    limit = numba.config.NUMBA_NUM_THREADS
    if not 1 <= count <= limit:
        raise ValueError(f"set_num_threads: count is {count}, but it must lie between 1 and {limit}; to allow more, "
                         "set the environment variable NUMBA_NUM_THREADS before Python starts")
    threads()
    _threads = count


get_num_threads = threads


def parts_for(work: int) -> int:
    """Into how many parts to cut `work` elementary steps: one if they take less than about 50 us, else one per thread.

    Not for a sum that is cut into parts: how that is done must depend on shapes only.
    """
    return 1 if work < SMALL else threads()


def start_pool() -> None:
    """Start Numba's threads, on TBB where it is installed: it alone allows both fork and calls from several threads."""
    global _pool_lock, _threads
    with _starting:
        if _pool_lock is None:
            preload_tbb()
            parallel._launch_threads()
            _threads = numba.config.NUMBA_NUM_THREADS
            _pool_lock = threading.Lock() if numba.threading_layer() == "workqueue" else nullcontext()


def preload_tbb() -> None:
    """Load the library of the `tbb` wheel. It lies where the linker does not look, but Numba finds what is loaded."""
    try:
        files = importlib.metadata.files("tbb") or []
        for file in files:
            if file.name in ("libtbb.so.12", "libtbb.12.dylib", "tbb12.dll"):
                ctypes.CDLL(os.path.realpath(str(file.locate())), mode=ctypes.RTLD_GLOBAL)
    except (importlib.metadata.PackageNotFoundError, OSError):
        pass                                               # Numba falls back on OpenMP, then on its own work queue
