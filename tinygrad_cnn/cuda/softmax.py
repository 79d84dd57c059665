"""Softmax along the middle axis of x (a, n, b), its logarithm, and their derivatives. CPU twin: cpu/softmax.py.

A thread takes a softmax: its neighbors' elements lie beside its own where b is large. From WIDE elements on that lie side
by side a block of threads does: each takes every so many elements; what they found is combined in shared memory.
"""

import math

from ..arrays import view
from .driver import cuda, device, kernel, launch
from .intrinsics import split

BLOCK, WIDE = 256, 64


def softmax(out, x):
    """out[i,j,l] = exp(x[i,j,l] - t) / sum over k of exp(x[i,k,l] - t), with t = max over k of x[i,k,l]."""
    _apply(_softmax, _softmax_columns, out, x)


def softmax_backward(out, g, y):
    """out[i,j,l] = y[i,j,l] * (g[i,j,l] - sum over k of g[i,k,l] * y[i,k,l])."""
    _apply(_softmax_backward, _softmax_backward_columns, out, g, y)


def log_softmax(out, x):
    """out[i,j,l] = x[i,j,l] - t - log(sum over k of exp(x[i,k,l] - t)), with t = max over k of x[i,k,l]."""
    _apply(_log_softmax, _log_softmax_columns, out, x)


def log_softmax_backward(out, g, y):
    """out[i,j,l] = g[i,j,l] - exp(y[i,j,l]) * sum over k of g[i,k,l]."""
    _apply(_log_softmax_backward, _log_softmax_backward_columns, out, g, y)


def _apply(rows, columns, out, *arrays):
    """A block of 64, 128 or 256 threads for each softmax, or a thread."""
    a, n, b = out.shape
    if out.size and b == 1 and n >= WIDE:
        flat = [view(array, (a, n)) for array in (out, *arrays)]
        launch(rows, (a,), *flat, block=min(1 << (n - 1).bit_length(), BLOCK))
    elif out.size:
        launch(columns, a * b, out, *arrays)


@device
def _sum(value, lanes):
    """The sum of `value` over the threads of the block."""
    me, half = cuda.threadIdx.x, cuda.blockDim.x // 2
    lanes[me] = value
    cuda.syncthreads()
    while half > 0:
        if me < half:
            lanes[me] += lanes[me + half]
        cuda.syncthreads()
        half //= 2
    total = lanes[0]
    cuda.syncthreads()
    return total


@device
def _maximum(value, lanes):
    """The greatest `value` of the threads of the block, NaN aside."""
    me, half = cuda.threadIdx.x, cuda.blockDim.x // 2
    lanes[me] = value
    cuda.syncthreads()
    while half > 0:
        if me < half:
            lanes[me] = max(lanes[me], lanes[me + half])
        cuda.syncthreads()
        half //= 2
    top = lanes[0]
    cuda.syncthreads()
    return top


@device
def _shift(x, lanes):
    """(t, sum over k of exp(x[i,k] - t)) of the block's row i, with t = max over k of x[i,k]."""
    i, n = cuda.blockIdx.x, x.shape[1]
    top = x.dtype.type(-math.inf)
    for j in range(cuda.threadIdx.x, n, cuda.blockDim.x):
        top = max(top, x[i, j])
    top = _maximum(top, lanes)
    total = x.dtype.type(0)
    for j in range(cuda.threadIdx.x, n, cuda.blockDim.x):
        total += math.exp(x[i, j] - top)
    return top, _sum(total, lanes)


@kernel
def _softmax(out, x):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    i = cuda.blockIdx.x
    top, total = _shift(x, lanes)
    for j in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[i, j] = math.exp(x[i, j] - top) / total


@kernel
def _softmax_backward(out, g, y):
    lanes = cuda.shared.array(BLOCK, y.dtype)
    i = cuda.blockIdx.x
    total = y.dtype.type(0)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        total += g[i, j] * y[i, j]
    total = _sum(total, lanes)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        out[i, j] = y[i, j] * (g[i, j] - total)


@kernel
def _log_softmax(out, x):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    i = cuda.blockIdx.x
    top, total = _shift(x, lanes)
    log = math.log(total)
    for j in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[i, j] = x[i, j] - top - log


@kernel
def _log_softmax_backward(out, g, y):
    lanes = cuda.shared.array(BLOCK, y.dtype)
    i = cuda.blockIdx.x
    total = y.dtype.type(0)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        total += g[i, j]
    total = _sum(total, lanes)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        out[i, j] = g[i, j] - math.exp(y[i, j]) * total


@device
def _shift_of_column(x, i, column):
    """(t, sum over k of exp(x[i,k,column] - t)), with t = max over k of x[i,k,column]."""
    top, total = x[i, 0, column], x.dtype.type(0)
    for j in range(1, x.shape[1]):
        top = max(top, x[i, j, column])
    for j in range(x.shape[1]):
        total += math.exp(x[i, j, column] - top)
    return top, total


@kernel
def _softmax_columns(out, x):
    i, column = split(cuda.grid(1), x.shape[2])
    if i < x.shape[0]:
        top, total = _shift_of_column(x, i, column)
        for j in range(x.shape[1]):
            out[i, j, column] = math.exp(x[i, j, column] - top) / total


@kernel
def _log_softmax_columns(out, x):
    i, column = split(cuda.grid(1), x.shape[2])
    if i < x.shape[0]:
        top, total = _shift_of_column(x, i, column)
        log = math.log(total)
        for j in range(x.shape[1]):
            out[i, j, column] = x[i, j, column] - top - log


@kernel
def _softmax_backward_columns(out, g, y):
    i, column = split(cuda.grid(1), y.shape[2])
    if i < y.shape[0]:
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            total += g[i, j, column] * y[i, j, column]
        for j in range(y.shape[1]):
            out[i, j, column] = y[i, j, column] * (g[i, j, column] - total)


@kernel
def _log_softmax_backward_columns(out, g, y):
    i, column = split(cuda.grid(1), y.shape[2])
    if i < y.shape[0]:
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            total += g[i, j, column]
        for j in range(y.shape[1]):
            out[i, j, column] = g[i, j, column] - math.exp(y[i, j, column]) * total
