"""What Numba's CUDA language lacks, as LLVM instructions; each with its meaning in plain Python for the emulator.

This file imports the compiler. Without one, kernels can still be imported and emulated: `cuda` is then the emulator's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types

from . import emulator
from .emulated_scalars import TYPES


def _import_compiler() -> tuple[Any, Any, Any, Any]:
    """(numba.cuda, its `intrinsic`, `register_jitable` and `overload`), or the emulator's language and nothing."""
    # numba-cuda <= 0.30.4 reads np.row_stack, which NumPy 2.5 removed, and its import alone warns under NumPy 2.5.
    lacking = not hasattr(np, "row_stack")
    if lacking:
        np.row_stack = np.vstack
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import numba.cuda.np.arrayobj  # noqa: F401  (reads np.row_stack)
            from numba import cuda
            from numba.cuda.extending import intrinsic, overload, register_jitable
        return cuda, intrinsic, register_jitable, overload
    except ImportError:
        return emulator.cuda, None, None, None
    finally:
        if lacking:
            del np.row_stack


cuda, _intrinsic, _register, _overload = _import_compiler()
HAS_COMPILER = getattr(cuda, "implementation", "") == "NVIDIA"    # numba-cuda, not the older one within Numba
emulator.twin(cuda, emulator.cuda)
for _name, _emulated in TYPES.items():
    emulator.twin(getattr(types, _name), _emulated)


def device(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a plain Python function that kernels call."""
    return _register(function) if _register else function


WHOLE = (int, np.integer, np.bool_)        # what integers are in the emulator


def by_kind(integers: Callable[..., Any], floats: Callable[..., Any]) -> Callable[..., Any]:
    """The device function of two numbers that is `integers` where both are integers or bools, else `floats`."""
    def chosen(a: Any, b: Any) -> Any:
        return integers(a, b) if isinstance(a, WHOLE) and isinstance(b, WHOLE) else floats(a, b)

    def choose(a, b):                      # of types: which of the two is compiled; without annotations, as they have none
        return integers if all(isinstance(kind, types.Integer | types.Boolean) for kind in (a, b)) else floats
    if _overload:
        _overload(chosen)(choose)
    return chosen


def intrinsic(emulated: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a function that types and generates one instruction; `emulated` does the same in plain Python."""
    def decorate(generator: Callable[..., Any]) -> Callable[..., Any]:
        made = _intrinsic(generator) if _intrinsic else emulated
        emulator.twin(made, emulated)
        return made
    return decorate


def _element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Pointer to a flat element of a C-contiguous array, without the arithmetic of negative indices."""
    return builder.gep(context.make_array(array_type)(context, builder, value=array).data, [index])


def _load_emulated(array: Any, place: Any) -> Any:
    return array.load(array.run(place, 1))


@intrinsic(_load_emulated)
def load(typing: Any, array: Any, place: Any) -> Any:
    """load(array, place) -> a flat element of a C-contiguous array of any rank."""
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_element(context, builder, signature.args[0], args[0], args[1]))
    return array.dtype(array, types.int64), generate


def _store_emulated(array: Any, place: Any, value: Any) -> None:
    array.store(array.run(place, 1), value)


@intrinsic(_store_emulated)
def store(typing: Any, array: Any, place: Any, value: Any) -> Any:
    """store(array, place, value): write a flat element of a C-contiguous array of any rank."""
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _element(context, builder, signature.args[0], args[0], args[1]))
        return context.get_dummy_value()
    return types.void(array, types.int64, array.dtype), generate


def _load4_emulated(array: Any, first: Any) -> tuple[Any, ...]:
    k, load = array.run(first, 4), array.load
    return load(k), load(k + 1), load(k + 2), load(k + 3)


@intrinsic(_load4_emulated)
def load4(typing: Any, array: Any, first: Any) -> Any:
    """load4(array, first) -> four neighbors from flat element `first` on, a multiple of 4, by one load of 16 bytes."""
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _element(context, builder, signature.args[0], args[0], args[1])
        four = ir.VectorType(pointer.type.pointee, 4)
        loaded = builder.load(builder.bitcast(pointer, four.as_pointer()), align=16)
        return cgutils.pack_array(builder, [builder.extract_element(loaded, ir.IntType(32)(k)) for k in range(4)])
    return types.UniTuple(array.dtype, 4)(array, types.int64), generate


def _store4_emulated(array: Any, first: Any, *values: Any) -> None:
    k = array.run(first, 4)
    for i, value in enumerate(values):
        array.store(k + i, value)


@intrinsic(_store4_emulated)
def store4(typing: Any, array: Any, first: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """store4(array, first, a, b, c, d): write four neighbors from flat element `first` on, a multiple of 4, at once."""
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _element(context, builder, signature.args[0], args[0], args[1])
        four = ir.VectorType(pointer.type.pointee, 4)
        vector = ir.Constant(four, ir.Undefined)
        for k, value in enumerate(args[2:]):
            vector = builder.insert_element(vector, value, ir.IntType(32)(k))
        builder.store(vector, builder.bitcast(pointer, four.as_pointer()), align=16)
        return context.get_dummy_value()
    item = array.dtype
    return types.void(array, types.int64, item, item, item, item), generate


@intrinsic(divmod)
def split(typing: Any, index: Any, size: Any) -> Any:
    """split(index, size) -> (index // size, index % size) of integers in [0, 2^32): much faster than `divmod`."""
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b = (builder.trunc(x, ir.IntType(32)) for x in args)
        results = [builder.zext(x, ir.IntType(64)) for x in (builder.udiv(a, b), builder.urem(a, b))]
        return cgutils.pack_array(builder, results)
    return types.UniTuple(types.int64, 2)(types.int64, types.int64), generate


def viewer(dtype: Any, ndim: int, strided: bool) -> Any:
    """An instruction (pointer, sizes[, steps]) -> the array there; steps in elements, without them C-contiguous."""
    array_type = types.Array(dtype, ndim, "A" if strided else "C")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from numba.cuda.np.arrayobj import populate_array
        wide = ir.IntType(64)
        array = context.make_array(array_type)(context, builder)
        item = wide(context.get_abi_sizeof(context.get_data_type(dtype)))
        sizes, *given = [[builder.sext(v, wide) for v in cgutils.unpack_tuple(builder, t)] for t in args[1:]]
        strides, step = [], item
        for size in reversed(sizes):
            strides.insert(0, step)
            step = builder.mul(step, size)
        if given:
            strides = [builder.mul(s, item) for s in given[0]]
        data = builder.bitcast(args[0], context.get_data_type(dtype).as_pointer())
        populate_array(array, data=data, shape=sizes, strides=strides, itemsize=item, meminfo=None)
        return array._getvalue()

    def contiguous(typing: Any, pointer: Any, sizes: Any) -> Any:
        return array_type(pointer, sizes), generate

    def with_steps(typing: Any, pointer: Any, sizes: Any, steps: Any) -> Any:
        return array_type(pointer, sizes, steps), generate
    return _intrinsic(with_steps if strided else contiguous)


# What compiler.py puts in the place of three functions of the compiler.


def no_remainder() -> Any:
    """Refuse `%` and `//` of floats, which CUDA computes by a division: wrong once a / b has more digits than a float."""
    raise TypeError("a % b and a // b of floats are not exact on CUDA; use remainder and floor_divide of scalar.py")


def nonnegative_index(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
    """An index as it is; Numba would add the size to negative ones, which takes three instructions."""
    return context.cast(builder, index, kind, types.int64 if kind.signed else types.uint64)


def pointer_add(builder: Any, pointer: Any, offset: Any, return_type: Any = None) -> Any:
    """A pointer some bytes further, still known to point to global memory; as Numba adds, by integers, it is not."""
    byte = builder.bitcast(pointer, ir.IntType(8).as_pointer())
    offset = ir.IntType(64)(offset) if isinstance(offset, int) else offset
    return builder.bitcast(builder.gep(byte, [offset]), return_type or pointer.type)
