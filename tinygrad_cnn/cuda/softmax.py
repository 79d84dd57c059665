"""Softmax along the middle axis of x (a, n, b), its logarithm, and their derivatives. CPU twin: cpu/softmax.py.

A thread takes a softmax: its neighbors' elements lie beside its own where b is large. From block.WIDE elements on, where few
softmaxes lie side by side or there are few in all, a block of threads does: each takes every so many elements.
"""

import math

from .block import BLOCK, block_max, block_sum, in_rows, threads_for
from .driver import cuda, device, kernel, launch
from .intrinsics import split


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
    """A block for each softmax, or a thread."""
    a, n, b = out.shape
    if in_rows(a, n, b):
        launch(rows, (a * b,), out, *arrays, block=threads_for(n))
    elif n:
        launch(columns, a * b, out, *arrays)


@device
def shift_of_row(x, i, column, lanes):
    """(t, sum over k of exp(x[i,k,column] - t)), with t = max over k of x[i,k,column], by the threads of a block."""
    top, total = x.dtype.type(-math.inf), x.dtype.type(0)
    for j in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        top = max(top, x[i, j, column])
    top = block_max(top, lanes, 1)
    for j in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[i, j, column] - top)
    return top, block_sum(total, lanes, 1)


@device
def shift_of_column(x, i, column):
    """The same by one thread."""
    top, total = x.dtype.type(-math.inf), x.dtype.type(0)
    for j in range(x.shape[1]):
        top = max(top, x[i, j, column])
    for j in range(x.shape[1]):
        total += math.exp(x[i, j, column] - top)
    return top, total


@kernel
def _softmax(out, x):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    i, column = split(cuda.blockIdx.x, x.shape[2])
    top, total = shift_of_row(x, i, column, lanes)
    for j in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[i, j, column] = math.exp(x[i, j, column] - top) / total


@kernel
def _softmax_backward(out, g, y):
    lanes = cuda.shared.array(BLOCK, y.dtype)
    i, column = split(cuda.blockIdx.x, y.shape[2])
    total = y.dtype.type(0)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        total += g[i, j, column] * y[i, j, column]
    total = block_sum(total, lanes, 1)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        out[i, j, column] = y[i, j, column] * (g[i, j, column] - total)


@kernel
def _log_softmax(out, x):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    i, column = split(cuda.blockIdx.x, x.shape[2])
    top, total = shift_of_row(x, i, column, lanes)
    log = math.log(total)
    for j in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[i, j, column] = x[i, j, column] - top - log


@kernel
def _log_softmax_backward(out, g, y):
    lanes = cuda.shared.array(BLOCK, y.dtype)
    i, column = split(cuda.blockIdx.x, y.shape[2])
    total = y.dtype.type(0)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        total += g[i, j, column]
    total = block_sum(total, lanes, 1)
    for j in range(cuda.threadIdx.x, y.shape[1], cuda.blockDim.x):
        out[i, j, column] = g[i, j, column] - math.exp(y[i, j, column]) * total


@kernel
def _softmax_columns(out, x):
    i, column = split(cuda.grid(1), x.shape[2])
    if i < x.shape[0]:
        top, total = shift_of_column(x, i, column)
        for j in range(x.shape[1]):
            out[i, j, column] = math.exp(x[i, j, column] - top) / total


@kernel
def _log_softmax_columns(out, x):
    i, column = split(cuda.grid(1), x.shape[2])
    if i < x.shape[0]:
        top, total = shift_of_column(x, i, column)
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
