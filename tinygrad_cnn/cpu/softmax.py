"""Softmax of the rows of x (m, n), its logarithm, and their derivatives. CUDA twin: cuda/softmax.py."""

from numba import uintp
from numba.extending import register_jitable

from . import scalar
from .jit import jit
from .launch import launch, parts_for

COST = 8     # elementary steps of an exponential
LANES = 64
BLOCK = 2048    # elements of neighboring rows whose exponentials are taken together


def softmax(out, x):
    """out[i,j] = exp(x[i,j] - t) / sum over k of exp(x[i,k] - t), with t = max over k of x[i,k]."""
    launch(_softmax, parts_for(COST * x.size), out, x)


def softmax_backward(out, g, y):
    """out[i,j] = y[i,j] * (g[i,j] - sum over k of g[i,k] * y[i,k])."""
    launch(_softmax_backward, parts_for(2 * y.size), out, g, y)


def log_softmax(out, x):
    """out[i,j] = x[i,j] - t - log(sum over k of exp(x[i,k] - t)), with t = max over k of x[i,k]."""
    launch(_log_softmax, parts_for(COST * x.size), out, x)


def log_softmax_backward(out, g, y):
    """out[i,j] = g[i,j] - exp(y[i,j]) * sum over k of g[i,k]."""
    launch(_log_softmax_backward, parts_for(COST * y.size), out, g, y)


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


@register_jitable
def block_of_rows(n):
    """How many rows of n elements make a block."""
    return max(1, BLOCK // max(1, n))


@register_jitable
def exponentials(out, x):
    """out[i,j] = exp(x[i,j]) of several rows as one: the end of each by itself would not be vectorized."""
    to, flat = out.reshape(out.size), x.reshape(x.size)
    for k in range(uintp(to.size)):
        to[k] = scalar.exp(flat[k])


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
    end, step = (part + 1) * m // parts, block_of_rows(n)
    for start in range(part * m // parts, end, step):
        stop = min(start + step, end)
        exponentials(out[start:stop], y[start:stop])
        for i in range(start, stop):
            to, g_row, total = out[i], g[i], y.dtype.type(0)
            for j in range(n):
                total += g_row[j]
            for j in range(n):
                to[j] = g_row[j] - to[j] * total
