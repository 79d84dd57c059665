"""Pieces of an array copied so that what one tap sees from neighboring outputs of a row lies side by side; float32.

A unit is a piece of one image, some planes and rows of the output, in some blocks of `lanes` channels. The part of x under it
is copied with zeros around it, and its columns are sorted by their residue modulo the stride.
"""
import functools
import itertools
import math
from typing import NamedTuple

import numpy as np

from .conv_tile import SHARES
from .jit import jit
from .tile import HEIGHTS, LANES, clear, fetch, spread, store

CACHE = 1 << 17    # float32 of a unit's image at most: a quarter of a second-level cache
NEAR = 1 << 13     # float32 of the rows under a tile at most: a first-level cache


class Plan(NamedTuple):
    """The geometry of a thin convolution in the form that the kernels take."""
    rows: int              # outputs of a tile
    phases: np.ndarray     # for each phase: its first tap, its place, then count, taps, corner and spacing of each axis
    taps: np.ndarray       # for each tap of each phase: its offset in the image, and that of (i, j, k) in a block of w
    blocks: int            # of channels in a unit
    units: int             # pieces of these blocks
    room: int              # float32 of a block's image
    met: np.ndarray        # for each plane of an image, each row, and each residue of its columns: whether a tap meets it
    geometry: tuple        # integers, named in _image


@functools.lru_cache(512)
def plan(x_shape: tuple, stride: tuple, window: tuple, phases: tuple, heights: tuple = HEIGHTS, least: int = 1,
         lanes: int = LANES) -> Plan:
    """The plan of an output in these phases from x (N, A, B, C, channels), with one of these heights of a tile and at
    least so many blocks of channels in a unit, a block being so many lanes."""
    P, Q, R = (max(axis) for axis in zip(*(phase.count for phase in phases)))
    low = [min(axis) for axis in zip(*(phase.corner for phase in phases))]
    reach = [max(p.corner[k] + max(len(p.taps[k]) - 1, 0) * p.spacing[k] for p in phases) - low[k] + 1 for k in range(3)]
    rows = min(heights, key=lambda rows: (-(-R // rows) * rows, -rows))
    width = (R - 1) * stride[2] + reach[2]
    every = -(-R // rows) * rows + (reach[2] - 1) // stride[2]       # columns of one residue, as far as tiles look
    line = every * stride[2] * lanes
    blocks = -(-x_shape[-1] // lanes)
    whole = ((P - 1) * stride[0] + reach[0]) * ((Q - 1) * stride[1] + reach[1])
    blocks = min(blocks, CACHE // (line * min(whole, 8 * reach[0] * reach[1])))
    met = max(len(phase.taps[0]) * len(phase.taps[1]) for phase in phases)          # rows of the image under a tile
    if met > 1:                                                                     # which the next row's tile meets, too
        blocks = min(blocks, NEAR // (line * met))
    blocks = max(blocks, least)
    lines = CACHE // (line * blocks)
    pieces = x_shape[0] * P * -(-x_shape[-1] // (blocks * lanes))    # without a cut along rows
    high = max(1, min(Q, (lines // reach[0] - reach[1]) // stride[1] + 1, max(-(-pieces * Q // SHARES), 2 * reach[1])))
    height = (high - 1) * stride[1] + reach[1]
    deep = max(1, min(P, (lines // height - reach[0]) // stride[0] + 1))
    planes = (deep - 1) * stride[0] + reach[0]
    table, taps = [], []
    for phase in phases:
        table.append((len(taps), phase.place, *phase.count, *map(len, phase.taps), *phase.corner, *phase.spacing))
        places = [[c - first + n * d for n in range(len(met))]
                  for c, first, met, d in zip(phase.corner, low, phase.taps, phase.spacing)]
        for (a, i), (b, j), (c, k) in itertools.product(*(list(zip(*axis)) for axis in zip(places, phase.taps))):
            column = (c % stride[2] * every + c // stride[2]) * lanes
            taps.append(((a * height + b) * line + column, ((i * window[1] + j) * window[2] + k) * LANES))
    geometry = (*x_shape, P, Q, deep, high, planes, height, width, line, *stride, *low, lanes)
    return Plan(rows, np.array(table, np.int64), np.array(taps, np.int64).reshape(-1), blocks,
                x_shape[0] * -(-P // deep) * -(-Q // high), planes * height * line,
                met_of(phases, low, (deep, high, R), (planes, height, width), stride), geometry)


def met_of(phases: tuple, low: list, counts: tuple, extents: tuple, stride: tuple) -> np.ndarray:
    """Plan.met, for so many outputs and an image of these extents that begins at `low`."""
    axes = [np.zeros(extent, np.bool_) for extent in extents]
    for phase in phases:
        for k, axis in enumerate(axes):
            taps = phase.corner[k] - low[k] + np.arange(len(phase.taps[k])) * phase.spacing[k]
            axis[np.arange(counts[k])[:, None] * stride[k] + taps] = True
    residues = [axes[2][residue::stride[2]].any() for residue in range(stride[2])]
    return np.concatenate([*axes[:2], residues])


@jit
def _margins(image, at, blocks, room, geometry):
    """Clears the columns of an image that lie outside x: the same ones for every unit."""
    _, _, _, C, _, _, _, _, _, _, _, width, line, _, _, s2, _, _, c2, lanes = geometry
    every = line // s2
    for phase in range(s2):
        first, last = _columns(phase, s2, c2, width, C)
        for row in range(at + phase * every, at + blocks * room, line):
            clear(image, row, first * lanes)
            clear(image, row + last * lanes, every - last * lanes)


@jit
def _columns(phase, s2, c2, width, C):
    """The z, from the first to below the last, for which column c2 + phase + z*s2 lies in x."""
    first = max(0, -((c2 + phase) // s2))
    return first, max(first, -(-(min(width, C - c2) - phase) // s2))


@jit
def _image(unit, block, blocks, x, image, at, room, met, geometry):
    """Copies what taps meet of the part of x under a unit; returns the unit's n, first p and q, planes and rows."""
    _, A, B, C, channels, P, Q, deep, high, planes, height, width, line, s0, s1, s2, c0, c1, c2, lanes = geometry
    along, one, every = -(-Q // high), spread(0, 0, 1), line // s2
    n, p, q = unit // (along * -(-P // deep)), unit // along % -(-P // deep) * deep, unit % along * high
    for phase in range(s2):
        first, last = _columns(phase, s2, c2, width, C)
        for a in range(max(0, -(p * s0 + c0)), min(planes, A - (p * s0 + c0)) * met[planes + height + phase]):
            for b in range(max(0, -(q * s1 + c1)), min(height, B - (q * s1 + c1)) * met[a]):
                if not met[planes + b]:
                    continue
                source = (((n * A + p * s0 + c0 + a) * B + q * s1 + c1 + b) * C + c2 + phase) * channels
                row = at + (a * height + b) * line + phase * every
                for c in range(block * lanes, min((block + blocks) * lanes, channels), lanes):
                    for z in range(first, last):
                        pixel = fetch(x, source + z * s2 * channels + c, one, 1, 1, min(lanes, channels - c))
                        store(image, row + z * lanes, one, pixel, 1, lanes)
                    row += room
    return n, p, q, min(deep, P - p), min(high, Q - q)


@jit
def _met(place, spacing, count, extent):
    """The taps n, from the first to below the last, whose place + n * spacing lies in x."""
    first = max(0, -(place // spacing))
    return first, max(first, min(count, (extent - 1 - place) // spacing + 1))


def ahead(array: np.ndarray, p: Plan, groups: int, repeats: int) -> tuple[int, int, int, int]:
    """What is prefetched while groups of channels are computed: where in the array this begins for the first group, how
    much further for each next one, how much of it there is for each tile, and where the last piece begins."""
    share = array.size // (p.units * groups)
    tiles = repeats * math.prod(p.geometry[7:9]) * -(-int(p.phases[0, 4]) // p.rows)
    piece = -(-share // tiles)
    return share * groups, share, piece, max(0, array.size - piece)
