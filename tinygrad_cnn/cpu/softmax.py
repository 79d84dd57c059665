"""Softmax along the middle axis of x (a, n, b), its logarithm, and their derivatives. CUDA twin: cuda/softmax.py.

A softmax of few elements is too short for vector loops: there many are taken together, as a matrix (n, LINE) in which
the loops run along the softmaxes. Where b is large x already lies so; else it is turned in scratch memory. From WIDE
elements on that lie side by side, one softmax is long enough.
"""

from numba import uintp

from . import scalar
from .jit import jit
from .launch import launch, parts_for
from .memory import empty

COST = 8     # elementary steps of an exponential
LANES = 64
LINE, WIDE = 128, 64
SOFTMAX, SOFTMAX_BACKWARD, LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD = range(4)


def softmax(out, x):
    """out[i,j,l] = exp(x[i,j,l] - t) / sum over k of exp(x[i,k,l] - t), with t = max over k of x[i,k,l]."""
    _apply(SOFTMAX, COST, _softmax, out, x)


def softmax_backward(out, g, y):
    """out[i,j,l] = y[i,j,l] * (g[i,j,l] - sum over k of g[i,k,l] * y[i,k,l])."""
    _apply(SOFTMAX_BACKWARD, 2, _softmax_backward, out, g, y)


def log_softmax(out, x):
    """out[i,j,l] = x[i,j,l] - t - log(sum over k of exp(x[i,k,l] - t)), with t = max over k of x[i,k,l]."""
    _apply(LOG_SOFTMAX, COST, _log_softmax, out, x)


def log_softmax_backward(out, g, y):
    """out[i,j,l] = g[i,j,l] - exp(y[i,j,l]) * sum over k of g[i,k,l]."""
    _apply(LOG_SOFTMAX_BACKWARD, COST, _log_softmax_backward, out, g, y)


def _apply(kind, cost, rows, out, *arrays):
    _, n, b = out.shape
    if out.size == 0:
        return
    parts = parts_for(cost * out.size)
    if b == 1 and n >= WIDE:
        launch(rows, parts, out[:, :, 0], *[a[:, :, 0] for a in arrays])
    elif b >= LINE // 4:
        launch(_columns, parts, kind, out, arrays[0], arrays[-1], empty((parts, 2, LINE), out.dtype))
    else:
        line = _line(n)
        first, second = (empty((parts, n, line), out.dtype) for _ in range(2))
        launch(_turned, parts, kind, out, arrays[0], arrays[-1], first, second, empty((parts, 2, line), out.dtype))


def _line(n):
    """How many softmaxes of n elements are turned together: they shall stay in the nearest cache."""
    return max(16, min(LINE, 4096 // n))


@jit
def _columns(part, parts, kind, out, g, x, pairs):
    """The elements along the last axis belong to different softmaxes."""
    A, _, B = x.shape
    blocks = (B + LINE - 1) // LINE
    for number in range(part * A * blocks // parts, (part + 1) * A * blocks // parts):
        start = number % blocks * LINE
        _lanes(kind, out, g, x, number // blocks, start, min(start + LINE, B), pairs[part, 0], pairs[part, 1])


@jit
def _turned(part, parts, kind, out, g, x, first, second, pairs):
    """Softmaxes are copied into the columns of a matrix, and back."""
    A, n, B = x.shape
    line = first.shape[2]
    blocks = (A * B + line - 1) // line
    for number in range(part * blocks // parts, (part + 1) * blocks // parts):
        start = number * line
        width = min(line, A * B - start)
        _load(first[part], x, start, width)
        if kind in (SOFTMAX_BACKWARD, LOG_SOFTMAX_BACKWARD):
            _load(second[part], g, start, width)
        _lanes(kind, first, second, first, part, 0, width, pairs[part, 0], pairs[part, 1])
        for r in range(uintp(width)):
            i, column = uintp(start + r) // uintp(B), uintp(start + r) % uintp(B)
            for j in range(uintp(n)):
                out[i, j, column] = first[part, j, r]


@jit
def _load(matrix, x, start, width):
    """matrix[j, r] = element j of softmax number start + r."""
    for r in range(uintp(width)):
        i, column = uintp(start + r) // uintp(x.shape[2]), uintp(start + r) % uintp(x.shape[2])
        for j in range(uintp(matrix.shape[0])):
            matrix[j, r] = x[i, j, column]


@jit
def _lanes(kind, out, g, x, i, start, stop, top, total):
    """The softmaxes, or their derivatives, of x[i, :, start:stop], side by side. `out` may be `x`."""
    top, total = top[:stop - start], total[:stop - start]
    total[:] = 0
    if kind == SOFTMAX_BACKWARD:
        _softmax_backward_lanes(out, g, x, i, start, stop, total)
    elif kind == LOG_SOFTMAX_BACKWARD:
        _log_softmax_backward_lanes(out, g, x, i, start, stop, total)
    else:
        top[:] = x[i, 0][start:stop]
        for j in range(1, x.shape[1]):
            row = x[i, j][start:stop]
            for r in range(uintp(row.size)):
                top[r] = row[r] if row[r] > top[r] else top[r]
        if kind == SOFTMAX:
            _softmax_lanes(out, x, i, start, stop, top, total)
        else:
            _log_softmax_lanes(out, x, i, start, stop, top, total)


@jit
def _softmax_lanes(out, x, i, start, stop, top, total):
    for j in range(x.shape[1]):
        to, row = out[i, j][start:stop], x[i, j][start:stop]
        for r in range(uintp(row.size)):
            to[r] = scalar.exp(row[r] - top[r])
        for r in range(uintp(row.size)):
            total[r] += to[r]
    for j in range(x.shape[1]):
        to = out[i, j][start:stop]
        for r in range(uintp(to.size)):
            to[r] /= total[r]


@jit
def _log_softmax_lanes(out, x, i, start, stop, top, total):
    for j in range(x.shape[1]):
        row = x[i, j][start:stop]
        for r in range(uintp(row.size)):
            total[r] += scalar.exp(row[r] - top[r])
    for r in range(uintp(total.size)):
        total[r] = scalar.log(total[r])
    for j in range(x.shape[1]):
        to, row = out[i, j][start:stop], x[i, j][start:stop]
        for r in range(uintp(row.size)):
            to[r] = row[r] - top[r] - total[r]


@jit
def _softmax_backward_lanes(out, g, y, i, start, stop, total):
    for j in range(y.shape[1]):
        g_row, row = g[i, j][start:stop], y[i, j][start:stop]
        for r in range(uintp(row.size)):
            total[r] += g_row[r] * row[r]
    for j in range(y.shape[1]):
        to, g_row, row = out[i, j][start:stop], g[i, j][start:stop], y[i, j][start:stop]
        for r in range(uintp(row.size)):
            to[r] = row[r] * (g_row[r] - total[r])


@jit
def _log_softmax_backward_lanes(out, g, y, i, start, stop, total):
    for j in range(y.shape[1]):
        row = g[i, j][start:stop]
        for r in range(uintp(row.size)):
            total[r] += row[r]
    for j in range(y.shape[1]):
        to, g_row, row = out[i, j][start:stop], g[i, j][start:stop], y[i, j][start:stop]
        for r in range(uintp(row.size)):
            to[r] = g_row[r] - scalar.exp(row[r]) * total[r]


@jit
def _maximum(row, lanes):
    """The greatest element, by LANES maxima side by side; a single one, for the sake of NaN, is not vectorized."""
    width = min(row.size, LANES)
    for j in range(width):
        lanes[j] = row[j]
    for start in range(width, row.size, width):
        piece = row[min(start, row.size - width):]    # the last one overlaps its neighbor
        for j in range(width):
            lanes[j] = piece[j] if piece[j] > lanes[j] else lanes[j]
    top = lanes[0]
    for j in range(1, width):
        top = lanes[j] if lanes[j] > top else top
    return top


@jit
def _softmax(part, parts, out, x):
    m, n = x.shape
    for i in range(part * m // parts, (part + 1) * m // parts if n else 0):
        to, row = out[i], x[i]
        top, total = _maximum(row, to), x.dtype.type(0)
        for j in range(n):
            v = scalar.exp(row[j] - top)
            to[j] = v
            total += v
        for j in range(n):
            to[j] /= total


@jit
def _softmax_backward(part, parts, out, g, y):
    m, n = y.shape
    for i in range(part * m // parts, (part + 1) * m // parts):
        to, g_row, row = out[i], g[i], y[i]
        total = y.dtype.type(0)
        for j in range(n):
            total += g_row[j] * row[j]
        for j in range(n):
            to[j] = row[j] * (g_row[j] - total)


@jit
def _log_softmax(part, parts, out, x):
    m, n = x.shape
    for i in range(part * m // parts, (part + 1) * m // parts if n else 0):
        to, row = out[i], x[i]
        top, total = _maximum(row, to), x.dtype.type(0)
        for j in range(n):
            total += scalar.exp(row[j] - top)
        log = scalar.log(total)
        for j in range(n):
            to[j] = row[j] - top - log


@jit
def _log_softmax_backward(part, parts, out, g, y):
    m, n = y.shape
    for i in range(part * m // parts, (part + 1) * m // parts):
        to, g_row, row = out[i], g[i], y[i]
        total = y.dtype.type(0)
        for j in range(n):
            total += g_row[j]
        for j in range(uintp(n)):
            to[j] = g_row[j] - scalar.exp(row[j]) * total
