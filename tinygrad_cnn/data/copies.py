"""Kernels that copy parts of pictures, of any type, as they are or mirrored: serial, and free of the GIL.

The inner loops run over rows of contiguous elements with unsigned counters, which the compiler turns into copies of
whole vectors. Where rows are short they are written out: the call of `copy` takes several times longer than the copy.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..cpu.jit import jit

Integers = npt.NDArray[np.int64]
Pictures = npt.NDArray[Any]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


@jit
def copy(to: Pictures, of: Pictures) -> None:
    """to = of, one row"""
    for j in range(np.uintp(to.size)):
        to[j] = of[j]


@jit
def paint(to: Pictures, value: Any) -> None:
    """to = value, one row"""
    for j in range(np.uintp(to.size)):
        to[j] = value


@jit
def flip_rows(out: Pictures, x: Pictures, flipped: Flags) -> None:
    """out[n] = x[n], upside down where flipped[n]"""
    samples, channels, height, _ = x.shape
    for n in range(samples):
        for c in range(channels):
            for i in range(height):
                copy(out[n, c, i], x[n, c, height - 1 - i if flipped[n] else i])


@jit
def flip_columns(out: Pictures, x: Pictures, flipped: Flags) -> None:
    """out[n] = x[n], left side right where flipped[n]; both as (samples, rows of all channels, columns)"""
    samples, rows, width = x.shape
    last = np.uintp(width) - np.uintp(1)
    for n in range(samples):
        for i in range(np.uintp(rows)):
            if flipped[n]:
                for j in range(np.uintp(width)):
                    out[n, i, j] = x[n, i, last - j]
            else:
                for j in range(np.uintp(width)):
                    out[n, i, j] = x[n, i, j]


@jit
def flip_words(out: Words, x: Words, flipped: Flags) -> None:
    """`flip_columns` of bytes looked at as words of eight: the words backwards, and the bytes within each"""
    samples, rows, width = x.shape
    last = np.uintp(width) - np.uintp(1)
    for n in range(samples):
        for i in range(np.uintp(rows)):
            if flipped[n]:
                for j in range(np.uintp(width)):
                    out[n, i, j] = backwards(x[n, i, last - j])
            else:
                for j in range(np.uintp(width)):
                    out[n, i, j] = x[n, i, j]


@jit
def backwards(word: np.uint64) -> np.uint64:
    """The eight bytes of a word in the other order: halves change places, then quarters, then single bytes."""
    word = (word << np.uint64(32)) | (word >> np.uint64(32))
    quarters, singles = np.uint64(0x0000FFFF0000FFFF), np.uint64(0x00FF00FF00FF00FF)
    word = ((word & quarters) << np.uint64(16)) | ((word >> np.uint64(16)) & quarters)
    return ((word & singles) << np.uint64(8)) | ((word >> np.uint64(8)) & singles)


@jit
def crop(out: Pictures, x: Pictures, top: Integers, left: Integers, fill: Any) -> None:
    """out[n, c, i, j] = x[n, c, top[n] + i, left[n] + j]; `fill` outside x."""
    samples, channels, height, width = x.shape
    size = out.shape[3]
    for n in range(samples):
        low = min(max(0, -left[n]), size)  # columns from `low` to before `high` are inside
        high = max(low, min(size, width - left[n]))
        for c in range(channels):
            for i in range(out.shape[2]):
                row, to = top[n] + i, out[n, c, i]
                if 0 <= row < height:
                    paint(to[:low], fill)
                    copy(to[low:high], x[n, c, row, left[n] + low:left[n] + high])
                    paint(to[high:], fill)
                else:
                    paint(to, fill)


@jit
def views(out: Pictures, x: Pictures, top: Integers, left: Integers) -> None:
    """out[n, v, c, i, j] = x[n, c, top[v] + i, left[v] + j]; views beyond those show the mirrored picture alike."""
    samples, channels, _, width = x.shape
    height, size = np.uintp(out.shape[3]), np.uintp(out.shape[4])
    for n in range(samples):
        for v in range(out.shape[1]):
            place = v % top.size
            start, first, last = np.uintp(top[place]), np.uintp(left[place]), np.uintp(width - 1 - left[place])
            for c in range(channels):
                for i in range(height):
                    if v < top.size:
                        for j in range(size):
                            out[n, v, c, i, j] = x[n, c, start + i, first + j]
                    else:
                        for j in range(size):
                            out[n, v, c, i, j] = x[n, c, start + i, last - j]
