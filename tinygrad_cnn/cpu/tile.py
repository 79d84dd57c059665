"""A register tile: ROWS x VECTORS vectors of LANES float32 that stay in registers while sums are accumulated.

Every fast kernel is a loop around one line, `tile[r, v] += x[at + offsets[r]] * w[w_at + v*LANES : +LANES]`: a column
times a row. One instruction makes LANES products, and a tile of 16 vectors has enough independent sums to hide the four
cycles that each of them takes. LLVM's own vectorizer does not find such loops, so the functions of this file emit them.

Each of the sums is a chain of roundings, whose error grows with its length. Long sums are therefore made of pieces: a tile
begins with zeros for each, and is then added to what is in memory.

Arrays are flat here: one-dimensional, indexed by offsets counted in elements.
"""
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic, models, register_model

LANES = 16    # on every CPU: a vector of 16 is one register of AVX-512, two of AVX, four of Neon
TILES = {"+avx512f": ((8, 2), (1, 2, 3), (8, 7, 6, 5, 4), (16, 14, 8, 7)), "": ((6, 1), (1,), (6, 5, 4, 3), (6, 5))}
# CPU feature -> (ROWS, VECTORS); the choices of VECTORS beside that many rows; the choices of rows; those for one column
features = config.CPU_FEATURES if config.CPU_FEATURES is not None else llvm.get_host_cpu_features().flatten()
WIDE, WIDTHS, ROWS, HEIGHTS = next(tiles for feature, tiles in TILES.items() if feature in features)

FOLDS = (1, 2, 4)    # neighboring taps that may lie side by side in the lanes

FLOAT, INT, BIT = ir.FloatType(), ir.IntType(64), ir.IntType(1)
VECTOR = ir.VectorType(FLOAT, LANES)
INDICES, MASK = ir.VectorType(ir.IntType(32), LANES), ir.VectorType(BIT, LANES)


def width_of(outputs: int) -> int:
    """The vectors of a tile that waste least on so many output channels; one alone loads as much as it multiplies."""
    return min(reversed(WIDTHS), key=lambda v: -(-outputs // (v * LANES)) * v * (1.25 if v == 1 < len(WIDTHS) else 1))


def fold_of(outputs: int, inputs: int) -> int:
    """How many neighboring taps lie side by side in the lanes, as far as so few outputs leave room and inputs divide."""
    return max(count for count in FOLDS if count == 1 or (outputs * count <= LANES and inputs % count == 0))


def rows_of(taps: int, vectors: int) -> int:
    """The rows of a tile that take least on so many taps: for each pixel it waits for the multiplications, two at a time,
    for the loads, or for the sums of the pixel before."""
    return min(ROWS, key=lambda rows: -(-taps // rows) * max(rows * vectors, rows + vectors + 5, 8))


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
        base = pointer(context, builder, table, args[0], INT(0))
        places = [builder.add(args[1], INT(r)) for r in range(rows.literal_value)]
        places = [builder.select(builder.icmp_signed("<", place, args[2]), place, args[2]) for place in places]
        return context.make_tuple(builder, offsets, [builder.load(builder.gep(base, [place])) for place in places])
    return offsets(table, types.intp, types.intp, rows), codegen


@intrinsic
def peek(typing, table, index):
    """table[index], without a look at whether the index is negative."""
    def codegen(context, builder, signature, args):
        return builder.load(pointer(context, builder, table, *args))
    return table.dtype(table, types.intp), codegen


def column_times_row(context, builder, kinds, args, fold):
    """tile[r, v] += x[at + offsets[r] + lane % fold] * w[w_at + v*LANES : +LANES]"""
    sums, offsets = cgutils.unpack_tuple(builder, args[0]), cgutils.unpack_tuple(builder, args[3])
    vectors = len(sums) // len(offsets)
    weights = load(builder, pointer(context, builder, kinds[4], args[4], args[5]), vectors)
    base = pointer(context, builder, kinds[1], args[1], args[2])
    for r, offset in enumerate(offsets):
        address = builder.gep(base, [offset])
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
        return column_times_row(context, builder, signature.args, args, 1)
    return tile(tile, x, types.intp, offsets, w, types.intp), codegen


@intrinsic(prefer_literal=True)
def multiply_add_folded(typing, tile, x, at, offsets, w, w_at, fold):
    """tile[r, v] += x[at + offsets[r] + lane % fold] * w[w_at + v*LANES : +LANES]"""
    def codegen(context, builder, signature, args):
        return column_times_row(context, builder, signature.args, args, fold.literal_value)
    return tile(tile, x, types.intp, offsets, w, types.intp, fold), codegen


@intrinsic(prefer_literal=True)
def folded(typing, tile, count):
    """tile[r, i] = sum over h < count of tile[r, i*count + h]"""
    def codegen(context, builder, signature, args):
        sums, step = cgutils.unpack_tuple(builder, args[0]), 1
        while step < count.literal_value:
            swap = ir.Constant(INDICES, [lane ^ step for lane in range(LANES)])
            sums, step = [builder.fadd(value, builder.shuffle_vector(value, value, swap)) for value in sums], 2 * step
        return context.make_tuple(builder, tile, rearranged(builder, sums, [lane * step % LANES for lane in range(LANES)]))
    return tile(tile, count), codegen


@intrinsic(prefer_literal=True)
def unfolded(typing, tile, count):
    """tile[r, i*count + h] = tile[r, i] for h < count"""
    def codegen(context, builder, signature, args):
        lanes = [lane // count.literal_value for lane in range(LANES)]
        return context.make_tuple(builder, tile, rearranged(builder, cgutils.unpack_tuple(builder, args[0]), lanes))
    return tile(tile, count), codegen


def rearranged(builder, values, lanes):
    return [builder.shuffle_vector(value, value, ir.Constant(INDICES, lanes)) for value in values]


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
def store_sums(typing, out, at, step, tile, height, bias, vectors, fold):
    """out[at + (r*fold + i)*step + v] = bias[(r*fold + i)*vectors + v] + sum over part i of the lanes of tile[r, v]

    for r*fold + i < height, where the lanes of a vector are cut into `fold` equal parts.
    """
    width, parts = vectors.literal_value, fold.literal_value

    def codegen(context, builder, signature, args):
        length, sums = LANES // parts, cgutils.unpack_tuple(builder, args[3])
        sums += [ir.Constant(VECTOR, [0.0] * LANES)] * (-len(sums) % length)
        groups = [sums[first:first + length] for first in range(0, len(sums), length)]
        half = length
        while half > 1:                    # lane i of a part becomes the sum of this part of the group's vector i
            half //= 2
            keep = ir.Constant(INDICES, [lane + LANES * (lane & half > 0) for lane in range(LANES)])
            move = ir.Constant(INDICES, [(lane ^ half) + LANES * (lane & half > 0) for lane in range(LANES)])
            groups = [[builder.fadd(builder.shuffle_vector(a, b, keep), builder.shuffle_vector(a, b, move))
                       for a, b in zip(group[:half], group[half:])] for group in groups]
        found = [group[0] for group in groups]
        places = [divmod(r * width + v, length) for r in range(tile.count // width) for v in range(width)]
        places = [(group, i * length + lane) for r in range(tile.count // width) for i in range(parts)
                  for group, lane in places[r * width:(r + 1) * width]]        # of out's elements, in their order
        bases = pointer(context, builder, bias, args[5], INT(0)), pointer(context, builder, out, args[0], args[1])
        count = builder.mul(args[4], INT(width))
        with builder.if_else(builder.icmp_signed("==", args[2], INT(width))) as (together, apart):
            with together:
                for first in range(0, len(places), LANES):
                    more = load(builder, builder.gep(bases[0], [INT(first)]), 1)[0]
                    value = builder.fadd(gathered(builder, found, places[first:first + LANES]), more)
                    save(builder, [value], builder.gep(bases[1], [INT(first)]), builder.sub(count, INT(first)))
            with apart:
                for pixel in range(len(places) // width):
                    with builder.if_then(builder.icmp_signed("<", INT(pixel), args[4]), likely=True):
                        more = load(builder, builder.gep(bases[0], [INT(pixel * width)]), 1)[0]
                        value = builder.fadd(gathered(builder, found, places[pixel * width:(pixel + 1) * width]), more)
                        save(builder, [value], builder.gep(bases[1], [builder.mul(args[2], INT(pixel))]), INT(width))
        return context.get_dummy_value()
    return types.void(out, types.intp, types.intp, tile, types.intp, bias, vectors, fold), codegen


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
