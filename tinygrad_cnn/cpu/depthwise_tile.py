"""Register tiles of depthwise convolutions: pixels times vectors of channels, each channel multiplied by its own weight.

The pixels of a tile are as far apart as its taps, so that what one pixel's tap sees, the next pixel's tap before sees, too:
each vector of x is loaded once for all of them. Where it lies beyond the border, zeros are read, so that x needs no copy
with a border.
"""
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import HEIGHTS, INT, LANES, VECTOR, fma, load, pointer, save

WIDEST = max(HEIGHTS[0] // 4, 1)    # vectors of channels side by side
TAPS = 7                            # in a row, at most, that are taken together
place = types.intp


def tile_of(channels: int, R: int, taps: int) -> tuple[int, int, int]:
    """The pixels and the vectors of a tile for R pixels of so many channels, and how many of the last vectors some block of
    channels does not fill.

    There are as many vectors as channels fill, since memory is read in long pieces, but few where weights of many taps stay
    in registers. The pixels are those that take least, where a tap waits for the loads, two at a time, or for the sums of
    the tap before.
    """
    blocks, widest = -(-channels // LANES), WIDEST if taps < 4 else max(WIDEST // 2, 1)
    vectors = min(range(min(widest, blocks), 0, -1), key=lambda vectors: -(-blocks // vectors) * (vectors + 1))
    highest = HEIGHTS[0] // vectors                              # lower ones pay only where there are no more pixels
    heights = range(highest, min(highest * 3 // 8, R - 1), -1)
    rows = min(heights, key=lambda rows: -(-R // rows) * max(rows * vectors + vectors + 2, 8))
    return rows, vectors, -(-blocks // vectors) * vectors - channels // LANES


def pixels(builder: Any, base: Any, step: Any, count: int, zero: Any, columns: Any, shape: Any) -> Iterator[list]:
    """The vectors of each of `count` pixels from `base` on, `step` apart, zero where the column lies beyond the border.

    Of a pixel's `shape` = (vectors, masked, width), the last `masked` vectors are zero from lane `width` of the first on.
    """
    (column, apart, extent), (vectors, masked, width) = columns, shape
    for r in range(count):
        if r and r % 3 == 0:             # a register for three of them: an instruction can add another once or twice
            base = builder.gep(base, [builder.mul(step, INT(3))])
        inside = builder.icmp_unsigned("<", builder.add(column, builder.mul(apart, INT(r))), extent)
        address = builder.select(inside, builder.gep(base, [builder.mul(step, INT(r % 3))]), zero)
        found = load(builder, address, vectors - masked)
        if masked:
            whole = INT((vectors - masked) * LANES)
            found += load(builder, builder.gep(address, [whole]), masked, builder.sub(width, whole))
        yield found


@intrinsic(prefer_literal=True)
def multiply_add_pixels(typing, tile, x, at, step, w, w_at, taps, vectors, masked, width, zeros, column, apart, extent):
    """tile[r, v] += the sum over k of x[at + (r + k)*step + v*LANES : +LANES] * w[w_at + (k*vectors + v)*LANES : +LANES]

    where 0 <= column + (r + k)*apart < extent; beside these columns x is `zeros`. The last `masked` vectors are so from lane
    `width` of a pixel on.
    """
    def codegen(context, builder, signature, args):
        count, length, sums = vectors.literal_value, taps.literal_value, cgutils.unpack_tuple(builder, args[0])
        zero, rows = pointer(context, builder, zeros, args[10], INT(0)), len(sums) // count
        weights = load(builder, pointer(context, builder, w, args[4], args[5]), length * count)
        found = pixels(builder, pointer(context, builder, x, args[1], args[2]), args[3], rows + length - 1, zero, args[11:],
                       (count, masked.literal_value, args[9]))
        for z, values in enumerate(found):
            for k in range(max(0, z - rows + 1), min(z + 1, length)):
                r = (z - k) * count
                sums[r:r + count] = [fma(builder, *three) for three in zip(values, weights[k * count:], sums[r:r + count])]
        return context.make_tuple(builder, tile, sums)
    return tile(tile, x, place, place, w, place, taps, vectors, masked, place, zeros, place, place, place), codegen


@intrinsic(prefer_literal=True)
def add_products(typing, sums, sums_at, x, at, step, tile, taps, vectors, masked, width, zeros, column, apart, extent):
    """sums[sums_at + (k*vectors + v)*LANES : +LANES] += sum over r of x[at + (r + k)*step + v*LANES : +LANES] * tile[r, v],
    x as above"""
    def codegen(context, builder, signature, args):
        count, length, factors = vectors.literal_value, taps.literal_value, cgutils.unpack_tuple(builder, args[5])
        zero, rows = pointer(context, builder, zeros, args[10], INT(0)), len(factors) // count
        target = pointer(context, builder, sums, args[0], args[1])
        nothing = [ir.Constant(VECTOR, [0.0] * LANES)] * (length * count)
        halves = [load(builder, target, length * count), nothing] if length < 4 else [nothing]    # a sum waits for the last
        found = pixels(builder, pointer(context, builder, x, args[2], args[3]), args[4], rows + length - 1, zero, args[11:],
                       (count, masked.literal_value, args[9]))
        for z, values in enumerate(found):
            for k in range(max(0, z - rows + 1), min(z + 1, length)):
                r, half = z - k, halves[(z - k) % len(halves)]
                half[k * count:(k + 1) * count] = [fma(builder, *three) for three in zip(
                    values, factors[r * count:(r + 1) * count], half[k * count:])]
        if length >= 4:
            halves.append(load(builder, target, length * count))
        save(builder, [builder.fadd(*pair) for pair in zip(*halves)], target, INT(length * count * LANES))
        return context.get_dummy_value()
    return types.void(sums, place, x, place, place, tile, taps, vectors, masked, place, zeros, place, place, place), codegen
