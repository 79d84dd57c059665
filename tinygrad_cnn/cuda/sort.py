"""Stable sorting of rows. CPU twin: cpu/sort.py.

A bitonic network (Batcher, "Sorting networks and their applications", 1968): in each step a thread compares two elements
and swaps them if they stand the wrong way. Rows are filled up to a power of two with elements that come last. Equal
elements are told apart by their places, which makes the network stable.
"""

from .driver import cuda, device, kernel, launch
from .intrinsics import split
from .memory import empty


def sort(out, index, x, descending):
    """out[r, i] = x[r, index[r, i]] is row r in rising order, or in falling order if `descending`; NaN is above all
    numbers, and equal elements keep their order."""
    rows, n = x.shape
    if x.size == 0:
        return
    width = 1 << (n - 1).bit_length()
    values, places = (out, index) if width == n else (empty((rows, width), x.dtype), empty((rows, width), index.dtype))
    launch(_fill, rows * width, values, places, x)
    block = 2
    while block <= width:
        step = block // 2
        while step:
            launch(_swap, rows * width // 2, values, places, n, block, step, int(descending))
            step //= 2
        block *= 2
    if width != n:
        launch(_cut, rows * n, out, index, values, places)


def top(out, index, x, descending):
    """The first elements of what `sort` would give, as many as a row of out has."""
    launch(_top, x.shape[0], out, index, x, int(descending))


@kernel
def _top(out, index, x, descending):
    """A thread for each row, with a sorted list of the best so far, into which few elements still come."""
    r = cuda.grid(1)
    if r < x.shape[0]:
        n, last = x.shape[1], out.shape[1] - 1
        for i in range(n):
            if i <= last or _before(x[r, i], i, out[r, last], index[r, last], n, descending):
                k = min(i, last)
                while k > 0 and _before(x[r, i], i, out[r, k - 1], index[r, k - 1], n, descending):
                    out[r, k] = out[r, k - 1]
                    index[r, k] = index[r, k - 1]
                    k -= 1
                out[r, k] = x[r, i]
                index[r, k] = i


@kernel
def _fill(values, places, x):
    """The rows, and what fills them up: places behind the end."""
    r, i = split(cuda.grid(1), values.shape[1])
    if r < x.shape[0]:
        values[r, i] = x[r, min(i, x.shape[1] - 1)]
        places[r, i] = i


@kernel
def _swap(values, places, length, block, step, descending):
    """Blocks are sorted in turns forwards and backwards; in the last one, the row, forwards."""
    r, pair = split(cuda.grid(1), values.shape[1] // 2)
    if r < values.shape[0]:
        i = pair // step * 2 * step + pair % step
        k = i + step
        a, b, m, n = values[r, i], values[r, k], places[r, i], places[r, k]
        if _before(b, n, a, m, length, descending) == ((i & block) == 0):
            values[r, i] = b
            values[r, k] = a
            places[r, i] = n
            places[r, k] = m


@kernel
def _cut(out, index, values, places):
    r, i = split(cuda.grid(1), out.shape[1])
    if r < out.shape[0]:
        out[r, i] = values[r, i]
        index[r, i] = places[r, i]


@device
def _before(a, m, b, n, length, descending):
    """Whether a of place m must stand before b of place n; no two have the same place."""
    if m >= length or n >= length:
        return m < n
    if a == b or (a != a and b != b):
        return m < n
    if descending:
        return a > b or a != a
    return a < b or b != b
