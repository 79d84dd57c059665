"""A register tile: ROWS x VECTORS vectors of LANES float32 that stay in registers while sums are accumulated.

Every fast kernel is a loop around one line, `tile[r, v] += x[at + offsets[r]] * w[w_at + v*LANES : +LANES]`: a column
times a row. One instruction makes LANES products, and a tile of 16 vectors has enough independent sums to hide the four
cycles that each of them takes. LLVM's own vectorizer does not find such loops, so the functions of this file emit them.

Each of the sums is a chain of roundings, whose error grows with its length. Long sums are therefore made of pieces: a tile
begins with zeros for each, and is then added to what is in memory.

Arrays are flat here: one-dimensional, indexed by offsets counted in elements.
"""
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from .tile_shape import HEIGHTS as HEIGHTS
from .tile_shape import LANES as LANES
from .tile_shape import WIDE as WIDE
from .tile_shape import width_of as width_of

FLOAT, INT, BIT = ir.FloatType(), ir.IntType(64), ir.IntType(1)
VECTOR = ir.VectorType(FLOAT, LANES)
INDICES, MASK = ir.VectorType(ir.IntType(32), LANES), ir.VectorType(BIT, LANES)


class Vector(types.Type):
    def __init__(self) -> None:
        super().__init__(f"float32x{LANES}")


vector = Vector()


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any):
        super().__init__(manager, kind, VECTOR)


def pointer(context, builder, kind, array, index):
    """The address of array[index]."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def vector_pointer(builder, address, lane):
    return builder.bitcast(builder.gep(address, [INT(lane) if isinstance(lane, int) else lane]), VECTOR.as_pointer())


def splat(builder, value, kind=VECTOR):
    """A vector with `value` in every lane."""
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(one, one, ir.Constant(INDICES, [0] * LANES))


def masks(builder, width, vectors):
    """For each of so many vectors side by side, which lanes lie below `width`."""
    left = splat(builder, builder.trunc(width, ir.IntType(32)), INDICES)
    return [builder.icmp_signed("<", ir.Constant(INDICES, list(range(v * LANES, (v + 1) * LANES))), left)
            for v in range(vectors)]


def load(builder, address, vectors, width=None):
    """Vectors that lie side by side; with a width, lanes beyond it are not touched and become zero."""
    if width is None:
        found = [builder.load(vector_pointer(builder, address, v * LANES)) for v in range(vectors)]
        for value in found:
            value.align = 4
        return found
    kind = ir.FunctionType(VECTOR, [VECTOR.as_pointer(), ir.IntType(32), MASK, VECTOR])
    masked = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.load.v{LANES}f32.p0")
    return [builder.call(masked, [vector_pointer(builder, address, v * LANES), ir.IntType(32)(4), mask,
                                  ir.Constant(VECTOR, [0.0] * LANES)])
            for v, mask in enumerate(masks(builder, width, vectors))]


def save(builder, values, address, width):
    """The reverse of `load`."""
    kind = ir.FunctionType(ir.VoidType(), [VECTOR, VECTOR.as_pointer(), ir.IntType(32), MASK])
    masked = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.store.v{LANES}f32.p0")
    for v, mask in enumerate(masks(builder, width, len(values))):
        builder.call(masked, [values[v], vector_pointer(builder, address, v * LANES), ir.IntType(32)(4), mask])


def fma(builder, a, b, c):
    """a * b + c, rounded once."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32"), [a, b, c])


@intrinsic(prefer_literal=True)
def start(typing, array, index, rows, vectors):
    """tile[r, v] = array[index + v*LANES : +LANES] for every row: the bias."""
    tile = types.UniTuple(vector, rows.literal_value * vectors.literal_value)

    def codegen(context, builder, signature, args):
        row = load(builder, pointer(context, builder, array, args[0], args[1]), vectors.literal_value)
        return context.make_tuple(builder, tile, row * rows.literal_value)
    return tile(array, types.intp, rows, vectors), codegen


@intrinsic(prefer_literal=True)
def pick(typing, table, first, last, rows):
    """offsets[r] = table[min(first + r, last)]: rows beyond the last repeat it, so that nothing outside is read."""
    offsets = types.UniTuple(types.intp, rows.literal_value)

    def codegen(context, builder, signature, args):
        base, count = pointer(context, builder, table, args[0], INT(0)), rows.literal_value
        places = [builder.add(args[1], INT(r)) for r in range(count)]
        with builder.if_else(builder.icmp_signed("<", places[-1], args[2]), likely=True) as (inside, partly):
            with inside:
                first, near = builder.block, [builder.load(builder.gep(base, [place])) for place in places]
            with partly:
                places = [builder.select(builder.icmp_signed("<", place, args[2]), place, args[2]) for place in places]
                second, far = builder.block, [builder.load(builder.gep(base, [place])) for place in places]
        found = [builder.phi(INT) for _ in places]
        for value, a, b in zip(found, near, far):
            value.add_incoming(a, first)
            value.add_incoming(b, second)
        return context.make_tuple(builder, offsets, found)
    return offsets(table, types.intp, types.intp, rows), codegen


@intrinsic
def peek(typing, table, index):
    """table[index], without a look at whether the index is negative."""
    def codegen(context, builder, signature, args):
        return builder.load(pointer(context, builder, table, *args))
    return table.dtype(table, types.intp), codegen


def column_times_row(context, builder, kinds, tile, x, at, offsets, w, w_at, fold=1, apart=None, run=1):
    """tile[r, v] += x[at + offsets[r // run] + r % run * apart + lane % fold] * w[w_at + v*LANES : +LANES]"""
    sums, offsets = cgutils.unpack_tuple(builder, tile), cgutils.unpack_tuple(builder, offsets)
    vectors = len(sums) // (len(offsets) * run)
    weights = load(builder, pointer(context, builder, kinds[4], w, w_at), vectors)
    base = pointer(context, builder, kinds[1], x, at)
    for r in range(len(offsets) * run):
        address = builder.gep(base, [offsets[r // run]])
        if r % run:
            address = builder.gep(address, [builder.mul(apart, INT(r % run))])
        if fold == 1:
            value = splat(builder, builder.load(address))
        else:
            few = builder.load(builder.bitcast(address, ir.VectorType(FLOAT, fold).as_pointer()), align=4)
            value = builder.shuffle_vector(few, few, ir.Constant(INDICES, [lane % fold for lane in range(LANES)]))
        for v, weight in enumerate(weights):
            sums[r * vectors + v] = fma(builder, value, weight, sums[r * vectors + v])
    return context.make_tuple(builder, kinds[0], sums)


@intrinsic
def multiply_add(typing, tile, x, at, offsets, w, w_at):
    """tile[r, v] += x[at + offsets[r]] * w[w_at + v*LANES : +LANES]"""
    def codegen(context, builder, signature, args):
        return column_times_row(context, builder, signature.args, *args)
    return tile(tile, x, types.intp, offsets, w, types.intp), codegen


@intrinsic(prefer_literal=True)
def multiply_add_folded(typing, tile, x, at, offsets, w, w_at, fold):
    """tile[r, v] += x[at + offsets[r] + lane % fold] * w[w_at + v*LANES : +LANES]"""
    def codegen(context, builder, signature, args):
        return column_times_row(context, builder, signature.args, *args[:6], fold.literal_value)
    return tile(tile, x, types.intp, offsets, w, types.intp, fold), codegen


@intrinsic(prefer_literal=True)
def multiply_add_apart(typing, tile, x, at, offsets, w, w_at, fold, apart, run):
    """tile[r, v] += x[at + offsets[r // run] + r % run * apart + lane % fold] * w[w_at + v*LANES : +LANES]"""
    def codegen(context, builder, signature, args):
        return column_times_row(context, builder, signature.args, *args[:6], fold.literal_value, args[7], run.literal_value)
    return tile(tile, x, types.intp, offsets, w, types.intp, fold, types.intp, run), codegen


@intrinsic(prefer_literal=True)
def folded(typing, tile, count):
    """The sums of each `count` neighboring lanes of a tile, of all vectors in their order, side by side."""
    fold = count.literal_value
    sums = types.UniTuple(vector, -(-tile.count // fold))

    def codegen(context, builder, signature, args):
        values, step = cgutils.unpack_tuple(builder, args[0]), 1
        values += [ir.Constant(VECTOR, [0.0] * LANES)] * (-len(values) % fold)
        even, odd = (ir.Constant(INDICES, [2 * lane + k for lane in range(LANES)]) for k in range(2))
        while step < fold:
            values, step = [builder.fadd(builder.shuffle_vector(a, b, even), builder.shuffle_vector(a, b, odd))
                            for a, b in zip(values[::2], values[1::2])], 2 * step
        return context.make_tuple(builder, sums, values)
    return sums(tile, count), codegen


@intrinsic(prefer_literal=True)
def unfolded(typing, tile, vectors, count):
    """Each lane of a tile, of all vectors in their order, `count` times: in so many vectors."""
    found, fold = types.UniTuple(vector, vectors.literal_value), count.literal_value

    def codegen(context, builder, signature, args):
        values = cgutils.unpack_tuple(builder, args[0])
        places = [divmod(lane // fold, LANES) for lane in range(found.count * LANES)]
        return context.make_tuple(builder, found, [gathered(builder, values, places[first:first + LANES])
                                                   for first in range(0, len(places), LANES)])
    return found(tile, vectors, count), codegen


@intrinsic(prefer_literal=True)
def zeros(typing, count):
    """A tile of so many vectors, all zero."""
    tile = types.UniTuple(vector, count.literal_value)

    def codegen(context, builder, signature, args):
        return context.make_tuple(builder, tile, [ir.Constant(VECTOR, [0.0] * LANES)] * tile.count)
    return tile(count), codegen


@intrinsic
def multiply_tiles(typing, tile, a, b):
    """tile[r] += a[r] * b[r]"""
    def codegen(context, builder, signature, args):
        tiles = [cgutils.unpack_tuple(builder, arg) for arg in args]
        return context.make_tuple(builder, tile, [fma(builder, x, y, total) for total, x, y in zip(*tiles)])
    return tile(tile, a, b), codegen


@intrinsic
def plus(typing, tile, other):
    """tile[r, v] + other[r, v]"""
    def codegen(context, builder, signature, args):
        pairs = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args))
        return context.make_tuple(builder, tile, [builder.fadd(a, b) for a, b in pairs])
    return tile(tile, other), codegen


@intrinsic
def rectify(typing, tile):
    """tile[r, v] = max(tile[r, v], 0), where NaN stays NaN."""
    def codegen(context, builder, signature, args):
        zero = ir.Constant(VECTOR, [0.0] * LANES)
        sums = [builder.select(builder.fcmp_ordered("<", value, zero), zero, value)
                for value in cgutils.unpack_tuple(builder, args[0])]
        return context.make_tuple(builder, tile, sums)
    return tile(tile), codegen


@intrinsic
def store(typing, out, at, offsets, tile, height, width):
    """out[at + offsets[r] + lane] = tile[r, lane] for r < height and lane < width."""
    def codegen(context, builder, signature, args):
        offsets_, sums = cgutils.unpack_tuple(builder, args[2]), cgutils.unpack_tuple(builder, args[3])
        vectors = len(sums) // len(offsets_)
        base = pointer(context, builder, out, args[0], args[1])
        for r, offset in enumerate(offsets_):
            with builder.if_then(builder.icmp_signed("<", INT(r), args[4]), likely=True):
                save(builder, sums[r * vectors:(r + 1) * vectors], builder.gep(base, [offset]), args[5])
        return context.get_dummy_value()
    return types.void(out, types.intp, offsets, tile, types.intp, types.intp), codegen


@intrinsic(prefer_literal=True)
def store_packed(typing, out, at, offsets, tile, height, width, block):
    """out[at + offsets[r] + lane] = lane r*block + lane of all vectors of a tile, for r < height and lane < width"""
    lanes = block.literal_value

    def codegen(context, builder, signature, args):
        offsets_, sums = cgutils.unpack_tuple(builder, args[2]), cgutils.unpack_tuple(builder, args[3])
        base, rows = pointer(context, builder, out, args[0], args[1]), len(offsets_)
        dense = builder.icmp_signed("==", builder.sub(offsets_[-1], offsets_[0]), INT((rows - 1) * lanes))
        whole = builder.and_(builder.icmp_signed("==", args[5], INT(lanes)), builder.icmp_signed(">=", args[4], INT(rows)))
        with builder.if_else(builder.and_(whole, dense), likely=True) as (together, apart):
            with together:
                address = builder.gep(base, [offsets_[0]])
                for first in range(0, rows * lanes, LANES):
                    save(builder, [sums[first // LANES]], builder.gep(address, [INT(first)]), INT(rows * lanes - first))
            with apart:
                for r, offset in enumerate(offsets_):
                    with builder.if_then(builder.icmp_signed("<", INT(r), args[4]), likely=True):
                        places = [divmod(r * lanes + lane, LANES) for lane in range(lanes)]
                        row = [gathered(builder, sums, places[first:first + LANES]) for first in range(0, lanes, LANES)]
                        save(builder, row, builder.gep(base, [offset]), args[5])
        return context.get_dummy_value()
    return types.void(out, types.intp, offsets, tile, types.intp, types.intp, block), codegen


def gathered(builder, vectors, places):
    """A vector whose lanes are these places (number, lane) of some vectors."""
    value = None
    for number in sorted({number for number, _ in places}):
        lanes = [LANES + lane if at == number else i for i, (at, lane) in enumerate(places)]
        lanes += [0] * (LANES - len(lanes))
        value = builder.shuffle_vector(value or vectors[number], vectors[number], ir.Constant(INDICES, lanes))
    return value


@intrinsic(prefer_literal=True)
def spread(typing, step, last, rows):
    """offsets[r] = min(r, last) * step"""
    offsets = types.UniTuple(types.intp, rows.literal_value)

    def codegen(context, builder, signature, args):
        places = [INT(r) for r in range(rows.literal_value)]
        places = [builder.select(builder.icmp_signed("<", place, args[1]), place, args[1]) for place in places]
        return context.make_tuple(builder, offsets, [builder.mul(args[0], place) for place in places])
    return offsets(types.intp, types.intp, rows), codegen


@intrinsic(prefer_literal=True)
def fetch(typing, array, at, offsets, vectors, height, width):
    """tile[r, lane] = array[at + offsets[r] + lane] for r < height and lane < width, else zero."""
    tile = types.UniTuple(vector, offsets.count * vectors.literal_value)

    def codegen(context, builder, signature, args):
        base = pointer(context, builder, array, args[0], args[1])
        sums = [load(builder, builder.gep(base, [offset]), vectors.literal_value,
                     builder.select(builder.icmp_signed("<", INT(r), args[4]), args[5], INT(0)))
                for r, offset in enumerate(cgutils.unpack_tuple(builder, args[2]))]
        return context.make_tuple(builder, tile, [value for row in sums for value in row])
    return tile(array, types.intp, offsets, vectors, types.intp, types.intp), codegen


@intrinsic
def clear(typing, to, at, count):
    """to[at : +count] = 0"""
    def codegen(context, builder, signature, args):
        address = pointer(context, builder, to, args[0], args[1])
        cgutils.memset(builder, address, builder.mul(args[2], INT(4)), 0)
        return context.get_dummy_value()
    return types.void(to, types.intp, types.intp), codegen
