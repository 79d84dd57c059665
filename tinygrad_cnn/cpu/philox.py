"""Philox for many counters at once. LLVM's vectorizer finds half the width for it, and spends as long on the order."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .tile import pointer

COUNTERS = 8    # side by side, as integers of 64 bits: a register of AVX-512
BITS = 4 * COUNTERS

INT, HALF = ir.IntType(64), ir.IntType(32)
WIDE, NARROW = ir.VectorType(INT, COUNTERS), ir.VectorType(HALF, COUNTERS)


def repeated(value):
    """A constant vector of one number."""
    return ir.Constant(WIDE, [value] * COUNTERS)


def splat(builder, value):
    """A vector with `value` in every lane."""
    one = builder.insert_element(ir.Constant(WIDE, ir.Undefined), value, HALF(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(HALF, COUNTERS), [0] * COUNTERS))


def rounds(builder, counter, seed):
    """The four results of each counter; only their lower halves mean something."""
    low, half = repeated(0xFFFFFFFF), repeated(32)
    a, b, c, d = counter, builder.lshr(counter, half), repeated(0), repeated(0)
    key, other = seed, builder.lshr(seed, half)
    for _ in range(10):
        p = builder.mul(builder.and_(a, low), repeated(0xD2511F53))
        q = builder.mul(builder.and_(c, low), repeated(0xCD9E8D57))
        a, b = builder.xor(builder.xor(builder.lshr(q, half), b), key), q
        c, d = builder.xor(builder.xor(builder.lshr(p, half), d), other), p
        key, other = builder.add(key, repeated(0x9E3779B9)), builder.add(other, repeated(0xBB67AE85))
    return a, b, c, d


@intrinsic
def philox_lanes(typing, bits, at, seed, counter):
    """bits[at + 4 k + i] = philox(seed, counter + k)[i] for k < COUNTERS"""
    def codegen(context, builder, signature, args):
        counters = builder.add(splat(builder, args[3]), ir.Constant(WIDE, list(range(COUNTERS))))
        results = [builder.trunc(v, NARROW) for v in rounds(builder, counters, splat(builder, args[2]))]
        order = ir.VectorType(HALF, 2 * COUNTERS)
        first, second = (builder.shuffle_vector(x, y, ir.Constant(order, list(range(2 * COUNTERS))))
                         for x, y in (results[:2], results[2:]))
        for part in range(2):
            counters = range(part * COUNTERS // 2, (part + 1) * COUNTERS // 2)
            lanes = ir.Constant(order, [i * COUNTERS + k for k in counters for i in range(4)])
            row = builder.shuffle_vector(first, second, lanes)
            place = builder.add(args[1], INT(part * 2 * COUNTERS))
            address = builder.bitcast(pointer(context, builder, bits, args[0], place), row.type.as_pointer())
            builder.store(row, address, align=4)
        return context.get_dummy_value()
    return types.void(bits, types.intp, types.uint64, types.uint64), codegen
