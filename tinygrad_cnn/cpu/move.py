"""Runs of float32 on their way through memory: copied, padded, transposed, repeated, asked for early, past the caches.

A store to memory that no cache holds first reads the line it falls into, which takes as long as writing it. Large arrays
that nobody reads soon are therefore *streamed*: their lines are put together in a piece of the first-level cache, and go
from there to memory whole, unread. What a kernel will read next it can ask for while it computes.
"""
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import jit
from .launch import launch, parts_for
from .tile import FLOAT, INDICES, INT, LANES, VECTOR, load, pointer, save, vector_pointer

LARGE = 1 << 25    # bytes of an array that no cache would hold until it is read


def streamed(out: np.ndarray) -> bool:
    """Whether an output is so large that it is written past the caches, and all of it in its order in memory."""
    return out.nbytes >= LARGE and out.flags.c_contiguous


@intrinsic
def copy(typing, to, to_at, source, source_at, count):
    """to[to_at : +count] = source[source_at : +count], faster than a loop."""
    def codegen(context, builder, signature, args):
        cgutils.raw_memcpy(builder, pointer(context, builder, to, args[0], args[1]),
                           pointer(context, builder, source, args[2], args[3]), args[4], 4)
        return context.get_dummy_value()
    return types.void(to, types.intp, source, types.intp, types.intp), codegen


@intrinsic
def frame(typing, to, to_at, source, at, first, last, count):
    """to[to_at + i] = source[at + i] for first <= i < last, zero for the others of i < count; last <= count.

    Up to LANES elements of `to` behind these are overwritten.
    """
    def codegen(context, builder, signature, args):
        target, origin = pointer(context, builder, to, args[0], args[1]), pointer(context, builder, source, args[2], args[3])
        zero = ir.Constant(VECTOR, [0.0] * LANES)

        def put(value, index):
            builder.store(value, vector_pointer(builder, target, index)).align = 4

        def clear(begin, end):
            with cgutils.for_range_slice(builder, begin, end, INT(LANES)) as (index, _):
                put(zero, index)

        clear(INT(0), args[4])
        left = builder.sub(args[5], args[4])
        whole = builder.sub(args[5], builder.srem(left, INT(LANES)))
        with cgutils.for_range_slice(builder, args[4], whole, INT(LANES)) as (index, _):
            put(load(builder, builder.gep(origin, [index]), 1)[0], index)
        with builder.if_then(builder.icmp_signed("<", whole, args[5])):
            put(load(builder, builder.gep(origin, [whole]), 1, builder.sub(args[5], whole))[0], whole)
        clear(args[5], args[6])
        return context.get_dummy_value()
    place = types.intp
    return types.void(to, place, source, place, place, place, place), codegen


@intrinsic
def transpose(typing, to, to_at, to_step, source, at, step, height, width):
    """to[to_at + j*to_step + i] = source[at + i*step + j] for i, j < LANES; zero where i >= height or j >= width"""
    def codegen(context, builder, signature, args):
        rows = []
        for i in range(LANES):
            inside = builder.select(builder.icmp_signed("<", INT(i), args[6]), args[7], INT(0))
            place = builder.add(args[4], builder.mul(args[5], INT(i)))
            rows += load(builder, pointer(context, builder, source, args[3], place), 1, inside)
        for half in (8, 4, 2, 1):          # exchange the off-diagonal quarters of blocks of 16, 8, 4, 2
            upper = ir.Constant(INDICES, [lane if not lane & half else LANES + lane - half for lane in range(LANES)])
            lower = ir.Constant(INDICES, [lane + half if not lane & half else LANES + lane for lane in range(LANES)])
            rows = [builder.shuffle_vector(rows[i & ~half], rows[i | half], lower if i & half else upper)
                    for i in range(LANES)]
        for j in range(LANES):
            place = builder.add(args[1], builder.mul(args[2], INT(j)))
            save(builder, [rows[j]], pointer(context, builder, to, args[0], place), INT(LANES))
        return context.get_dummy_value()
    place = types.intp
    return types.void(to, place, place, source, place, place, place, place), codegen


@intrinsic
def prefetch(typing, array, at, count):
    """Ask for array[at : +count], which is not needed yet, without waiting for it; it need not lie inside the array."""
    def codegen(context, builder, signature, args):
        base = pointer(context, builder, array, args[0], args[1])
        with cgutils.for_range_slice(builder, INT(0), args[2], INT(LANES)) as (index, _):
            ask(builder, builder.gep(base, [index]))
        return context.get_dummy_value()
    return types.void(array, types.intp, types.intp), codegen


def ask(builder, place):
    """Asks for the line of the cache at an address."""
    kind = ir.FunctionType(ir.VoidType(), [FLOAT.as_pointer()] + [ir.IntType(32)] * 3)
    call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(call, [place, ir.IntType(32)(0), ir.IntType(32)(2), ir.IntType(32)(1)])


@intrinsic
def stream(typing, to, to_at, source, source_at, count):
    """to[to_at : +count] = source[source_at : +count], past the caches: whole lines are written without being read first.

    Call `settle` before the kernel ends: another thread may see these stores later than those that follow.
    """
    def codegen(context, builder, signature, args):
        target, origin = pointer(context, builder, to, args[0], args[1]), pointer(context, builder, source, args[2], args[3])
        ahead = builder.and_(builder.neg(builder.lshr(builder.ptrtoint(target, INT), INT(2))), INT(LANES - 1))
        ahead = builder.select(builder.icmp_signed("<", ahead, args[4]), ahead, args[4])       # up to the first whole line
        with builder.if_then(builder.icmp_signed(">", ahead, INT(0))):     # a store of no lanes, too, would fetch its line
            save(builder, load(builder, origin, 1, ahead), target, ahead)
        lines = builder.sdiv(builder.sub(args[4], ahead), INT(LANES))
        hint = builder.module.add_metadata([ir.IntType(32)(1)])
        with cgutils.for_range(builder, lines) as loop:
            at = builder.add(ahead, builder.mul(loop.index, INT(LANES)))
            line = builder.store(load(builder, builder.gep(origin, [at]), 1)[0], vector_pointer(builder, target, at), align=64)
            line.set_metadata("nontemporal", hint)
        at = builder.add(ahead, builder.mul(lines, INT(LANES)))
        left = builder.sub(args[4], at)
        with builder.if_then(builder.icmp_signed(">", left, INT(0))):
            save(builder, load(builder, builder.gep(origin, [at]), 1, left), builder.gep(target, [at]), left)
        return context.get_dummy_value()
    return types.void(to, types.intp, source, types.intp, types.intp), codegen


@intrinsic
def settle(typing):
    """Wait until what was streamed can be seen by every thread."""
    def codegen(context, builder, signature, args):
        builder.fence("seq_cst")
        return context.get_dummy_value()
    return types.void(), codegen


@jit
def _fill(part, parts, out, line, past):
    """Every row of out = line, streamed if past the caches"""
    rows = len(out) // len(line)
    for row in range(part * rows // parts, (part + 1) * rows // parts):
        if past:
            stream(out, row * len(line), line, 0, len(line))
        else:
            copy(out, row * len(line), line, 0, len(line))
    settle()


def fill(out: np.ndarray, bias: np.ndarray | None) -> None:
    """out = the bias, or zero."""
    line = np.zeros(out.shape[3:], np.float32)
    if bias is not None:
        line += bias
    launch(_fill, parts_for(out.size // LANES), out.reshape(-1), line.reshape(-1), streamed(out))
