"""The weights of a convolution on their way into tiles, and the sums of its weight's gradient on their way out.

Tiles read one tap of a *block* of output channels at a time: (block, tap, lane), where w is (output, channel, window). Where
outputs are few, the lanes of a tile hold the taps of a group as well: (block, group, output, tap of the group).
"""
import functools
from typing import NamedTuple

import numpy as np
from numba import uintp

from .jit import jit
from .move import copy
from .tile import clear, peek

PAGE = 256            # vectors of weights that are put in their places together: half of a first-level cache


class Groups(NamedTuple):
    """Taps that are taken together. A run of taps ends with a group that may overlap the one before: what a tap adds is
    divided among its groups, so that no group sees anything but its run, unless it is larger: nobody looks at what it
    finds beyond."""
    taps: np.ndarray      # each tap of each group
    share: np.ndarray     # of what it adds: 1 or 1/2
    place: np.ndarray     # for each tap: of all taps of all groups, one that it is
    first: np.ndarray     # tap of each group


@functools.lru_cache(512)
def groups_of(taps: int, length: int, count: int) -> Groups:
    """Groups of so many taps out of runs of this length."""
    starts = np.minimum(np.arange(0, length, count), max(0, length - count))
    found = (np.arange(0, taps, length)[:, None, None] + starts[:, None] + np.arange(count)).reshape(-1, count)
    times, place = np.bincount(found.reshape(-1)), np.zeros(taps, np.int64)
    inside = np.arange(count) < length
    place[found[:, inside]] = np.arange(found.size).reshape(-1, count)[:, inside]
    return Groups(found.reshape(-1), (1 / times[found]).astype(np.float32).reshape(-1), place, found[:, 0])


@jit
def _pack(part, parts, packed, w, block, shape, strides):
    """packed[group, b, (i, j, k, c), lane] = w[group, b*block + lane, c, i, j, k], zero beyond the last output"""
    G, outputs, C, planes, J, K = shape
    B, window = -(-outputs // block), planes * J * K
    some = max(1, PAGE // window)
    pieces = -(-C // some)
    for piece in range(part * G * B * pieces // parts, (part + 1) * G * B * pieces // parts):
        place, first = piece // pieces, piece % pieces * some
        group, b = place // B, place % B
        width, count = min(block, outputs - b * block), min(some, C - first)
        if width < block:
            for tap in range(window):
                clear(packed, ((place * window + tap) * C + first) * block, count * block)
        for lane in range(width):
            source = group * strides[0] + (b * block + lane) * strides[1] + first * strides[2]
            line = (place * window * C + first) * block + lane
            for i in range(planes):
                for j in range(J):
                    for k in range(K):
                        tap = source + i * strides[3] + j * strides[4] + k * strides[5]
                        for c in range(count):
                            copy(packed, line + c * block, w, tap + c * strides[2], 1)
                        line += C * block


@jit
def _unpack(part, parts, w, sums, splits, block, shape):
    """w[group, b*block + lane, c, i, j, k] = sum over the splits of sums[split, group, b, (i, j, k, c), lane], in the first"""
    G, outputs, C, window = shape
    B, some = -(-outputs // block), max(1, PAGE // window)
    length, pieces = G * B * window * C * block, -(-C // some)
    for piece in range(part * G * B * pieces // parts, (part + 1) * G * B * pieces // parts):
        place, first = piece // pieces, piece % pieces * some
        group, b = place // B, place % B
        count = min(some, C - first)
        for tap in range(window):
            line = ((place * window + tap) * C + first) * block
            for split in range(1, splits):
                for e in range(uintp(count * block)):
                    sums[line + e] += sums[split * length + line + e]
        for lane in range(min(block, outputs - b * block)):
            row = (group * outputs + b * block + lane) * C
            for tap in range(window):
                source = (place * window + tap) * C * block + lane
                for c in range(first, first + count):
                    w[(row + c) * window + tap] = sums[source + c * block]


@jit
def _pack_groups(part, parts, packed, w, taps, share, block, fold, shape, strides):
    """packed[group, b, taken, lane, n] = w[group, b*block + lane, tap n of those taken together] * its share, or zero"""
    G, outputs, C, _, J, K = shape
    B = -(-outputs // block)
    lines = G * B * len(taps)
    for line in range(part * lines // parts, (part + 1) * lines // parts):
        place, t = line // len(taps), line % len(taps)
        group, b, tap, c = place // B, place % B, peek(taps, t) // C, peek(taps, t) % C
        source = (group * strides[0] + b * block * strides[1] + c * strides[2] + tap // (J * K) * strides[3] +
                  tap // K % J * strides[4] + tap % K * strides[5])
        target, width = line // fold * fold * block + line % fold, min(block, outputs - b * block)
        for o in range(block):
            packed[target + o * fold] = peek(w, source + o * strides[1]) * peek(share, t) if o < width else np.float32(0)


@jit
def _unpack_groups(part, parts, w, sums, place, splits, length, block, fold, shape):
    """w[group, b*block + lane, tap] = sum over the splits of sums[split, group, b, taken, lane, n], where the tap is number
    n of those taken together"""
    G, outputs, C, window = shape
    B = -(-outputs // block)
    lines, apart = G * B * len(place), length // (G * B)             # from one block of a split to the next
    for line in range(part * lines // parts, (part + 1) * lines // parts):
        where, t = line // len(place), line % len(place)
        group, b, at = where // B, where % B, peek(place, t)
        source = where * apart + at // fold * fold * block + at % fold
        target = ((group * outputs + b * block) * C + t % C) * window + t // C
        for o in range(min(block, outputs - b * block)):
            total = np.float32(0)
            for split in range(splits):
                total += peek(sums, source + split * length + o * fold)
            w[target + o * C * window] = total
