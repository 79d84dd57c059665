"""What goes to one place, found by sorting: sums and last writers without a race. CUDA twin: cuda/segments.py.

Elements are ordered by their place, those of one place as they came. The elements of place j are order[starts[j]] to
order[starts[j + 1] - 1], and one owner goes through them in that order.
"""

from numba import uintp

from .jit import jit
from .launch import launch, parts_for
from .memory import empty

KINDS = {"prod": 0, "amax": 1, "amin": 2}
BLOCK = 256    # elements of a segment added up before they join the total


def sort(order, starts, index):
    """order[starts[j]:starts[j + 1]] = the places m with index[m] == j, in rising order."""
    launch(_sort, 1, order, starts, index)


def add(out, x, order, starts):
    """out[a, j, c] = sum over m in segment j of x[a, m, c]"""
    parts = parts_for(x.size)
    launch(_add, parts, out, x, order, starts, empty((parts, out.shape[2]), out.dtype))


def write(out, x, order, starts):
    """out[a, j, c] = x[a, m, c] with m the last of segment j; where the segment is empty, out stays."""
    launch(_write, parts_for(x.size), out, x, order, starts)


def combine(out, x, order, starts, kind):
    """out[a, j, c] and all x[a, m, c] with m in segment j become their product ("prod"), or the greatest ("amax") or least
    ("amin") of them, a NaN if there is one."""
    launch(_combine, parts_for(x.size), out, x, order, starts, KINDS[kind])


@jit
def _sort(part, parts, order, starts, index):
    """Counting sort: the ends of the segments move down to their starts as they are filled."""
    for j in range(len(starts)):
        starts[j] = 0
    for m in range(len(index)):
        starts[index[m]] += 1
    for j in range(1, len(starts)):
        starts[j] += starts[j - 1]
    for m in range(len(index) - 1, -1, -1):
        j = index[m]
        starts[j] -= 1
        order[starts[j]] = m


@jit
def _add(part, parts, out, x, order, starts, block):
    A, J, C = out.shape
    first = part * A * J // parts
    a, j = first // max(J, 1), first % max(J, 1)
    for _ in range(first, (part + 1) * A * J // parts):
        for c in range(uintp(C)):
            out[a, j, c] = 0
        for begin in range(starts[j], starts[j + 1], BLOCK):
            for c in range(uintp(C)):
                block[part, c] = 0
            for k in range(begin, min(begin + BLOCK, starts[j + 1])):
                m = order[k]
                for c in range(uintp(C)):
                    block[part, c] += x[a, m, c]
            for c in range(uintp(C)):
                out[a, j, c] += block[part, c]
        j += 1
        if j == J:    # counting on takes less than a division for each row
            a, j = a + 1, 0


@jit
def _write(part, parts, out, x, order, starts):
    A, J, C = out.shape
    for place in range(part * A * J // parts, (part + 1) * A * J // parts):
        a, j = place // J, place % J
        if starts[j] < starts[j + 1]:
            m = order[starts[j + 1] - 1]
            for c in range(uintp(C)):
                out[a, j, c] = x[a, m, c]


@jit
def _combine(part, parts, out, x, order, starts, kind):
    A, J, C = out.shape
    for place in range(part * A * J // parts, (part + 1) * A * J // parts):
        a, j = place // J, place % J
        for k in range(starts[j], starts[j + 1]):
            m = order[k]
            for c in range(uintp(C)):
                old, new = out[a, j, c], x[a, m, c]
                if kind == 0:
                    out[a, j, c] = old * new
                elif new != new or (new > old if kind == 1 else new < old):
                    out[a, j, c] = new
