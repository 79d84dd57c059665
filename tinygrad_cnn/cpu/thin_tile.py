"""What the adjoint of `thin` does in registers: lanes are neighboring pixels, a tile has a row of them for each column.

Where lanes change from channels to pixels, and back, *quads* of four channels move: sixteen of them, one for each pixel,
make up four vectors, and eight shuffles turn these into the sixteen pixels of each of four channels, or the reverse.
"""
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .move import ask
from .tile import FLOAT, INDICES, INT, LANES, MASK, VECTOR, fma, load, pointer, save, splat, vector

QUAD = 4
FOUR = ir.VectorType(FLOAT, QUAD)


@intrinsic(prefer_literal=True)
def multiply_add_columns(typing, tile, x, at, w, w_at, columns):
    """tile[t, v] += x[at + v*LANES : +LANES] * w[w_at + t] for t < columns"""
    def codegen(context, builder, signature, args):
        sums, height = cgutils.unpack_tuple(builder, args[0]), columns.literal_value
        bases = [pointer(context, builder, kind, *args[k:k + 2]) for kind, k in ((x, 1), (w, 3))]

        def value(v):
            return load(builder, builder.gep(bases[0], [INT(v * LANES)]), 1)[0]

        def weight(t):
            return splat(builder, builder.load(builder.gep(bases[1], [INT(t)])))

        vectors = tile.count // height
        few, many = (weight, value) if height < vectors else (value, weight)      # the few stay in registers
        kept = [few(k) for k in range(min(height, vectors))]
        for k in range(max(height, vectors)):
            other = many(k)
            for n, one in enumerate(kept):
                place = n * vectors + k if height < vectors else k * vectors + n
                sums[place] = fma(builder, one, other, sums[place])
        return context.make_tuple(builder, tile, sums)
    return tile(tile, x, types.intp, w, types.intp, columns), codegen


@intrinsic
def gather_quads(typing, to, at, step, source, source_at, table, index, inside):
    """to[at + j*step + i] = source[source_at + table[index + i] + j] for j < QUAD and each lane i; zero where a bit of inside
    is"""
    def codegen(context, builder, signature, args):
        places = places_at(context, builder, pointer(context, builder, source, args[3], args[4]), table, args[5], args[6])
        mask = builder.bitcast(builder.trunc(args[7], ir.IntType(LANES)), MASK)
        zero = ir.Constant(VECTOR, [0.0] * LANES)
        values = [builder.select(mask, value, zero) for value in pixels_of_quads(builder, places)]
        save_rows(context, builder, to, args, values)
        return context.get_dummy_value()
    place = types.intp
    return types.void(to, place, place, source, place, table, place, place), codegen


def places_at(context, builder, base, kind, table, index):
    """The addresses at the LANES offsets of a table that begin at an index."""
    offsets = pointer(context, builder, kind, table, index)
    return [builder.gep(base, [builder.load(builder.gep(offsets, [INT(i)]))]) for i in range(LANES)]


@intrinsic
def turn_quads(typing, to, at, step, source, source_at, source_step):
    """to[at + j*step + i] = source[source_at + i*source_step + j] for j < QUAD and each lane i"""
    def codegen(context, builder, signature, args):
        places = [pointer(context, builder, source, args[3], args[4])]
        steps = [builder.mul(args[5], INT(i)) for i in range(QUAD + 1)]
        for _ in range(QUAD - 1):
            places.append(builder.gep(places[-1], [steps[QUAD]]))
        places = [builder.gep(place, [step]) if i else place for place in places for i, step in enumerate(steps[:QUAD])]
        save_rows(context, builder, to, args, pixels_of_quads(builder, places))
        return context.get_dummy_value()
    place = types.intp
    return types.void(to, place, place, source, place, place), codegen


def pixels_of_quads(builder, places):
    """The four vectors of pixels whose quads lie at these places."""
    quads = [builder.load(builder.bitcast(place, FOUR.as_pointer()), align=4) for place in places]
    return turned(builder, [joined(builder, quads[e::QUAD]) for e in range(QUAD)])


def save_rows(context, builder, to, args, values):
    for j, value in enumerate(values):
        place = builder.add(args[1], builder.mul(args[2], INT(j)))
        save(builder, [value], pointer(context, builder, to, args[0], place), INT(LANES))


@intrinsic
def ask_for_all(typing, array, at, table, index):
    """Ask for the lines of array[at + table[index + i]] for each lane i; they need not lie inside the array."""
    def codegen(context, builder, signature, args):
        for place in places_at(context, builder, pointer(context, builder, array, args[0], args[1]), table, args[2], args[3]):
            ask(builder, place)
        return context.get_dummy_value()
    return types.void(array, types.intp, table, types.intp), codegen


@intrinsic
def ask_for(typing, array, at):
    """Ask for the line of array[at], which is not needed yet; it need not lie inside the array."""
    def codegen(context, builder, signature, args):
        ask(builder, pointer(context, builder, array, *args))
        return context.get_dummy_value()
    return types.void(array, types.intp), codegen


@intrinsic
def rows_at(typing, array, at, table, index):
    """A tile of QUAD vectors: array[at + table[index + j] : +LANES]"""
    tile = types.UniTuple(vector, QUAD)

    def codegen(context, builder, signature, args):
        base, places = pointer(context, builder, array, args[0], args[1]), pointer(context, builder, table, args[2], args[3])
        rows = [load(builder, builder.gep(base, [builder.load(builder.gep(places, [INT(j)]))]), 1)[0] for j in range(QUAD)]
        return context.make_tuple(builder, tile, rows)
    return tile(array, types.intp, table, types.intp), codegen


@intrinsic
def scatter_quads(typing, to, at, step, tile):
    """to[at + i*step + j] = tile[j, i] for j < QUAD and each lane i, in the order of i"""
    def codegen(context, builder, signature, args):
        quads = turned(builder, cgutils.unpack_tuple(builder, args[3]))
        base = pointer(context, builder, to, args[0], args[1])
        for i in range(LANES):
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), QUAD), [i // QUAD * QUAD + j for j in range(QUAD)])
            address = builder.bitcast(builder.gep(base, [builder.mul(args[2], INT(i))]), FOUR.as_pointer())
            value = quads[i % QUAD]
            builder.store(builder.shuffle_vector(value, value, lanes), address, align=4)
        return context.get_dummy_value()
    return types.void(to, types.intp, types.intp, tile), codegen


def joined(builder, quads):
    """One vector of these quads."""
    while len(quads) > 1:
        length = 2 * quads[0].type.count
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), length), list(range(length)))
        quads = [builder.shuffle_vector(a, b, lanes) for a, b in zip(quads[::2], quads[1::2])]
    return quads[0]


def turned(builder, vectors):
    """The transpose of each 4 x 4 block: found[i][4*n + j] = vectors[j][4*n + i]."""
    def mix(a, b, lanes):
        return builder.shuffle_vector(a, b, ir.Constant(INDICES, [n + lane for n in range(0, LANES, QUAD) for lane in lanes]))
    low, high = (0, LANES, 1, LANES + 1), (2, LANES + 2, 3, LANES + 3)
    halves = [[mix(*pair, lanes) for pair in (vectors[:2], vectors[2:])] for lanes in (low, high)]
    return [mix(*half, lanes) for half in halves for lanes in ((0, 1, LANES, LANES + 1), (2, 3, LANES + 2, LANES + 3))]
