"""A register tile: ROWS x VECTORS vectors of LANES float32 that stay in registers while sums are accumulated.

Every fast kernel is a loop around one line, `tile[r, v] += x[at + offsets[r]] * w[w_at + v*LANES : +LANES]`: a column
times a row. One instruction makes LANES products, and a tile of 16 vectors has enough independent sums to hide the four
cycles that each of them takes. LLVM's own vectorizer does not find such loops, so the functions of this file emit them.

Arrays are flat here: one-dimensional, indexed by offsets counted in elements.
"""
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic, models, register_model

LANES = 16    # on every CPU: a vector of 16 is one register of AVX-512, two of AVX, four of Neon
TILES = {"+avx512f": ((8, 2), (8, 1), (16, 14, 8, 7)), "": ((6, 1), (6, 1), (6, 5))}
# CPU feature -> (ROWS, VECTORS), wide and narrow, and the choice of ROWS where each has a vector of its own
features = config.CPU_FEATURES if config.CPU_FEATURES is not None else llvm.get_host_cpu_features().flatten()
WIDE, NARROW, HEIGHTS = next(tiles for feature, tiles in TILES.items() if feature in features)

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
    return builder.bitcast(builder.gep(address, [INT(lane)]), VECTOR.as_pointer())


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
        base = pointer(context, builder, table, args[0], INT(0))
        places = [builder.add(args[1], INT(r)) for r in range(rows.literal_value)]
        places = [builder.select(builder.icmp_signed("<", place, args[2]), place, args[2]) for place in places]
        return context.make_tuple(builder, offsets, [builder.load(builder.gep(base, [place])) for place in places])
    return offsets(table, types.intp, types.intp, rows), codegen


@intrinsic
def multiply_add(typing, tile, x, at, offsets, w, w_at):
    """tile[r, v] += x[at + offsets[r]] * w[w_at + v*LANES : +LANES]"""
    def codegen(context, builder, signature, args):
        sums, offsets_ = cgutils.unpack_tuple(builder, args[0]), cgutils.unpack_tuple(builder, args[3])
        vectors = len(sums) // len(offsets_)
        weights = load(builder, pointer(context, builder, w, args[4], args[5]), vectors)
        base = pointer(context, builder, x, args[1], args[2])
        for r, offset in enumerate(offsets_):
            value = splat(builder, builder.load(builder.gep(base, [offset])))
            for v, weight in enumerate(weights):
                sums[r * vectors + v] = fma(builder, value, weight, sums[r * vectors + v])
        return context.make_tuple(builder, tile, sums)
    return tile(tile, x, types.intp, offsets, w, types.intp), codegen


@intrinsic(prefer_literal=True)
def zeros(typing, count):
    """A tile of so many vectors, all zero."""
    tile = types.UniTuple(vector, count.literal_value)

    def codegen(context, builder, signature, args):
        return context.make_tuple(builder, tile, [ir.Constant(VECTOR, [0.0] * LANES)] * tile.count)
    return tile(count), codegen


@intrinsic(prefer_literal=True)
def multiply_add_lanes(typing, tile, x, at, w, w_at, vectors):
    """tile[r, v] += x[at + r*LANES : +LANES] * w[w_at + v*LANES : +LANES]"""
    def codegen(context, builder, signature, args):
        weights = load(builder, pointer(context, builder, w, args[3], args[4]), vectors.literal_value)
        values = load(builder, pointer(context, builder, x, args[1], args[2]), tile.count // len(weights))
        products = [(value, weight) for value in values for weight in weights]
        sums = [fma(builder, *factors, total) for factors, total in zip(products, cgutils.unpack_tuple(builder, args[0]))]
        return context.make_tuple(builder, tile, sums)
    return tile(tile, x, types.intp, w, types.intp, vectors), codegen


@intrinsic
def multiply_tiles(typing, tile, a, b):
    """tile[r] += a[r] * b[r]"""
    def codegen(context, builder, signature, args):
        tiles = [cgutils.unpack_tuple(builder, arg) for arg in args]
        return context.make_tuple(builder, tile, [fma(builder, x, y, total) for total, x, y in zip(*tiles)])
    return tile(tile, a, b), codegen


@intrinsic
def add_products(typing, sums, sums_at, x, at, tile):
    """sums[sums_at : +LANES] += sum over r of x[at + r*LANES : +LANES] * tile[r]"""
    def codegen(context, builder, signature, args):
        place = pointer(context, builder, sums, args[0], args[1])
        values = load(builder, pointer(context, builder, x, args[2], args[3]), tile.count)
        (total,) = load(builder, place, 1)
        for value, factor in zip(values, cgutils.unpack_tuple(builder, args[4])):
            total = fma(builder, value, factor, total)
        save(builder, [total], place, INT(LANES))
        return context.get_dummy_value()
    return types.void(sums, types.intp, x, types.intp, tile), codegen


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
def store_sums(typing, out, at, step, tile, height, bias, vectors):
    """out[at + r*step + v] = bias[r*vectors + v] + sum over lanes of tile[r, v] for r < height"""
    width = vectors.literal_value

    def codegen(context, builder, signature, args):
        sums = cgutils.unpack_tuple(builder, args[3])
        sums += [ir.Constant(VECTOR, [0.0] * LANES)] * (LANES - len(sums))
        for half in (8, 4, 2, 1):          # lane i becomes the sum of the lanes of sums[i]
            keep = ir.Constant(INDICES, [lane + LANES * (lane & half > 0) for lane in range(LANES)])
            move = ir.Constant(INDICES, [(lane ^ half) + LANES * (lane & half > 0) for lane in range(LANES)])
            sums = [builder.fadd(builder.shuffle_vector(a, b, keep), builder.shuffle_vector(a, b, move))
                    for a, b in zip(sums[:half], sums[half:])]
        (more,) = load(builder, pointer(context, builder, bias, args[5], INT(0)), 1)
        total, base = builder.fadd(sums[0], more), pointer(context, builder, out, args[0], args[1])
        count = builder.mul(args[4], INT(width))
        with builder.if_else(builder.icmp_signed("==", args[2], INT(width))) as (together, apart):
            with together:
                save(builder, [total], base, count)
            with apart:
                for r in range(tile.count // width):
                    with builder.if_then(builder.icmp_signed("<", INT(r), args[4]), likely=True):
                        for v in range(width):
                            value = builder.extract_element(total, ir.IntType(32)(r * width + v))
                            place = builder.add(builder.mul(args[2], INT(r)), INT(v))
                            builder.store(value, builder.gep(base, [place]))
        return context.get_dummy_value()
    return types.void(out, types.intp, types.intp, tile, types.intp, bias, vectors), codegen


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
def copy(typing, to, to_at, source, source_at, count):
    """to[to_at : +count] = source[source_at : +count], faster than a loop."""
    def codegen(context, builder, signature, args):
        cgutils.raw_memcpy(builder, pointer(context, builder, to, args[0], args[1]),
                           pointer(context, builder, source, args[2], args[3]), args[4], 4)
        return context.get_dummy_value()
    return types.void(to, types.intp, source, types.intp, types.intp), codegen


@intrinsic
def add(typing, to, to_at, to_step, source, at, step, count):
    """to[to_at + i*to_step] += source[at + i*step] for i < count"""
    def codegen(context, builder, signature, args):
        target, origin = pointer(context, builder, to, args[0], args[1]), pointer(context, builder, source, args[3], args[4])
        with cgutils.for_range(builder, args[6]) as loop:
            place = builder.gep(target, [builder.mul(loop.index, args[2])])
            value = builder.load(builder.gep(origin, [builder.mul(loop.index, args[5])]))
            builder.store(builder.fadd(builder.load(place), value), place)
        return context.get_dummy_value()
    place = types.intp
    return types.void(to, place, place, source, place, place, place), codegen


@intrinsic
def clear(typing, to, at, count):
    """to[at : +count] = 0"""
    def codegen(context, builder, signature, args):
        address = pointer(context, builder, to, args[0], args[1])
        cgutils.memset(builder, address, builder.mul(args[2], INT(4)), 0)
        return context.get_dummy_value()
    return types.void(to, types.intp, types.intp), codegen


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
