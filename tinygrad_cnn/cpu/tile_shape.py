"""How large a register tile is, and what lies in its lanes: on this processor, and for so many channels and taps.

A tile of a convolution is a column times a row (see `tile`). Its row holds output channels, side by side in the lanes; where
they are few, `fold` neighboring taps of each lie there. Its column holds pixels, or, in the weight's kernel, taps.
"""
import functools

import llvmlite.binding as llvm
from numba.core import config

LANES = 16    # on every CPU: a vector of 16 is one register of AVX-512, two of AVX, four of Neon
TILES = {"+avx512f": ((8, 2), (1, 2, 3), (8, 7, 6, 5, 4), (16, 14, 8, 7), 27),
         "": ((6, 1), (1,), (6, 5, 4, 3), (6, 5), 0)}
# CPU feature -> (ROWS, VECTORS); the choices of VECTORS beside that many rows; the choices of rows; those for one column;
# the most for one column and rows of which several have one address
features = config.CPU_FEATURES if config.CPU_FEATURES is not None else llvm.get_host_cpu_features().flatten()
WIDE, WIDTHS, ROWS, HEIGHTS, TALL = next(tiles for feature, tiles in TILES.items() if feature in features)

FOLDS = (1, 2, 4)    # neighboring taps that may lie side by side in the lanes
FEW = 2              # tiles of taps, at most, that do not pay for a copy of g
ADDRESSES = 9        # that registers hold
MANY = 1 << 9        # taps beyond which adding up what was found for them takes longer than their rows gain
RUNS = (2, 3, 5)     # taps at equal distances of which one address is kept, as registers would not suffice for more


def width_of(outputs: int) -> int:
    """The vectors of a tile that waste least on so many output channels; one alone loads as much as it multiplies."""
    return min(reversed(WIDTHS), key=lambda v: -(-outputs // (v * LANES)) * v * (1.25 if v == 1 < len(WIDTHS) else 1))


@functools.lru_cache(512)
def pixels_tile(outputs: int, length: int, runs: int) -> tuple[int, int]:
    """(vectors, fold) of a tile of pixels that take least for so few outputs and so many runs of taps of this length, if
    `fold` neighboring taps lie side by side in the lanes: each step waits for the multiplications, two at a time, or for the
    loads; at the end the sums of `fold` lanes are added, in two shuffles for each vector that is left."""
    def cost(vectors: int, fold: int) -> float:
        steps = runs * -(-length // fold)
        return -(-outputs * fold // (vectors * LANES)) * (steps * (max(4 * vectors, 4.5 + vectors / 2) + 1) +
                                                          1.5 * WIDE[0] * vectors * (1 - 1 / fold))
    pairs = [(v, fold) for fold in FOLDS[1:] for v in WIDTHS if outputs * fold <= v * LANES and fold <= length]
    return min([(width_of(outputs), 1), *pairs], key=lambda pair: cost(*pair))


@functools.lru_cache(512)
def taps_tile(outputs: int, length: int, runs: int, dense: bool, room: bool) -> tuple[int, int, int, int]:
    """(rows, vectors, fold, run) of a tile of taps that take least for so many runs of this length, if `fold` neighboring
    taps lie side by side in the lanes, even beyond the run if there is room, or `run` of them have one address: for each
    pixel, each tile waits for the multiplications, two at a time, for the loads, or for the sums of the pixel before; and
    g may have to be copied."""
    def cost(rows: int, vectors: int, fold: int, run: int) -> float:
        tiles, blocks = -(-runs * -(-length // (fold * run)) * run // rows), -(-outputs * fold // (vectors * LANES))
        copied = 2 * vectors + 2 if fold > 1 or tiles > FEW else 0
        wait = max(rows * vectors, rows + vectors, 8) + (2 if run == 1 else 3.5)
        return blocks * (tiles * wait / 2 + copied) * (1 if run == 1 else 1.1)       # as more sums overlap, and x is read more
    choices = [(rows, width_of(outputs), 1, 1) for rows in ROWS]
    if dense:
        choices += [(rows, v, fold, 1) for fold in FOLDS[1:] for v in WIDTHS for rows in ROWS
                    if outputs * fold <= v * LANES and (fold <= length or room)]
    if runs * length <= MANY:
        choices += [(rows, 1, 1, run) for run in RUNS if run <= length
                    for rows in range(run, min(TALL, ADDRESSES * run) + 1, run)]
    return min(choices, key=lambda choice: (cost(*choice), choice))
