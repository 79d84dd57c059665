"""The indices of an element from its number, by the sizes of three, four and five axes; the last index runs fastest."""

from .driver import device
from .intrinsics import split


@device
def unravel3(number, sizes):
    """(i, j, k) with number = (i * sizes[1] + j) * sizes[2] + k; a number that is too large has i >= sizes[0]."""
    rest, k = split(number, sizes[2])
    i, j = split(rest, sizes[1])
    return i, j, k


@device
def unravel4(number, sizes):
    """The same of four."""
    rest, m = split(number, sizes[3])
    rest, k = split(rest, sizes[2])
    i, j = split(rest, sizes[1])
    return i, j, k, m


@device
def unravel5(number, sizes):
    """The same of five."""
    rest, n = split(number, sizes[4])
    rest, m = split(rest, sizes[3])
    rest, k = split(rest, sizes[2])
    i, j = split(rest, sizes[1])
    return i, j, k, m, n
