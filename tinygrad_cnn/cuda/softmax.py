"""Softmax of the rows of x (m, n), its logarithm, and their derivatives. CPU twin: cpu/softmax.py.

One block of threads per row: each thread takes every so many elements; what they found is combined in shared memory.
"""

import math

from .driver import cuda, device, kernel, launch

BLOCK = 256


def softmax(out, x):
    """out[i,j] = exp(x[i,j] - t) / sum over k of exp(x[i,k] - t), with t = max over k of x[i,k]."""
    _rows(_softmax, out, x)


def softmax_backward(out, g, y):
    """out[i,j] = y[i,j] * (g[i,j] - sum over k of g[i,k] * y[i,k])."""
    _rows(_softmax_backward, out, g, y)


def log_softmax(out, x):
    """out[i,j] = x[i,j] - t - log(sum over k of exp(x[i,k] - t)), with t = max over k of x[i,k]."""
    _rows(_log_softmax, out, x)


def log_softmax_backward(out, g, y):
    """out[i,j] = g[i,j] - exp(y[i,j]) * sum over k of g[i,k]."""
    _rows(_log_softmax_backward, out, g, y)


def _rows(kernel, out, *arrays):
    """A block per row, of as many threads as it has use for: 32, 64, 128 or 256."""
    m, n = out.shape
    launch(kernel, (m,), out, *arrays, block=min(max(32, 1 << (n - 1).bit_length()), BLOCK))


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
