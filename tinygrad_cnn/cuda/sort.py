"""Stable sorting of rows. CPU twin: cpu/sort.py.

A bitonic network (Batcher, "Sorting networks and their applications", 1968): in each step a thread compares two elements
and swaps them if they stand the wrong way. Rows are filled up to a power of two with elements that come last. Equal
elements are told apart by their places, which makes the network stable.
"""

from .driver import cuda, device, kernel, launch
from .intrinsics import split
from .memory import empty

PIECE = 256      # elements of a row that one thread looks through for the first ones


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
    _top_of(out, index, x, None, int(descending))


def _top_of(out, index, x, places, descending):
    """The same, where the elements had other `places` before. A long row is cut into pieces: its first elements are
    among the first of each piece."""
    rows, count = out.shape
    pieces = x.shape[1] // max(PIECE, 2 * count)
    if pieces < 2:
        launch(_top, rows, out, index, x, places, count, descending)
        return
    values, found = (empty((rows, pieces * count), array.dtype) for array in (x, index))
    launch(_top, rows * pieces, values, found, x, places, count, descending)
    _top_of(out, index, values, found, descending)


@kernel
def _top(out, index, x, places, count, descending):
    """A thread for each piece of a row, with a sorted list of the best so far, into which few elements still come."""
    pieces = out.shape[1] // count
    r, piece = split(cuda.grid(1), pieces)
    if r < x.shape[0]:
        n, first = x.shape[1], piece * count
        last = first + count - 1
        begin = piece * n // pieces
        for i in range(begin, (piece + 1) * n // pieces):
            value, place = x[r, i], i if places is None else places[r, i]
            k = min(first + i - begin, last)
            if i - begin < count or _first(value, place, out[r, last], index[r, last], descending):
                while k > first and _first(value, place, out[r, k - 1], index[r, k - 1], descending):
                    out[r, k] = out[r, k - 1]
                    index[r, k] = index[r, k - 1]
                    k -= 1
                out[r, k] = value
                index[r, k] = place


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
        i = 2 * pair - (pair & (step - 1))         # step is a power of two
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
    """Whether a of place m must stand before b of place n; no two have the same place, and those behind come last."""
    if m >= length or n >= length:
        return m < n
    return _first(a, m, b, n, descending)


@device
def _first(a, m, b, n, descending):
    """Whether a of place m must stand before b of place n."""
    if a == b or (a != a and b != b):
        return m < n
    if descending:
        return a > b or a != a
    return a < b or b != b
