"""Normalization of x (b, m, c) in groups of neighboring channels, each image by itself. CPU twin: cpu/group_norm.py.

A block of threads takes a group of an image. Sums over images are those down the columns of a matrix, as in norm.py.
"""

import math

from .block import BLOCK, LANES, STEP, block_sum, blocks_for, empty_sums, rows_of_block, threads_for
from .driver import cuda, device, kernel, launch
from .intrinsics import split
from .norm import _gradient_combine


def forward(out, mean, rstd, x, gamma, beta, eps):
    """mean[b,g], rstd[b,g] = mean and 1 / sqrt(variance + eps) of x[b,:,c] over the c of group g;

    out[b,i,c] = (x[b,i,c] - mean[b,g]) * rstd[b,g] * gamma[c] + beta[c]. No gamma: 1, no beta: 0.
    """
    _blocks(_forward, x, mean, out, mean, rstd, x, gamma, beta, x.dtype.type(eps))


def backward(dx, dgamma, dbeta, g, x, mean, rstd, gamma):
    """With xhat = (x - mean) * rstd and h = g * gamma, and means over i and the channels of a group:

    dbeta[c] = sum over b, i of g[b,i,c];  dgamma[c] = sum over b, i of g[b,i,c] * xhat[b,i,c];
    dx[b,i,c] = rstd[b,g] * (h[b,i,c] - mean of h - xhat[b,i,c] * mean of h * xhat).
    """
    sums = empty_sums(x.shape[0] * x.shape[1], x.shape[2], x.dtype)
    launch(_affine_sums, blocks_for(sums), sums, g, x, mean, rstd)
    launch(_gradient_combine, (-(-x.shape[2] // LANES),), dgamma, dbeta, sums, None)
    _blocks(_gradient, x, mean, dx, g, x, mean, rstd, gamma)


def _blocks(kernel, x, mean, *args):
    """A block of threads for each group of each image."""
    launch(kernel, (mean.size,), *args, block=threads_for(x.shape[1] * x.shape[2] // max(mean.shape[1], 1)))


@device
def _element(number, group, size):
    """(row, channel) of an element of a group of `size` channels."""
    i, c = split(number, size)
    return i, group * size + c


@kernel
def _forward(out, mean, rstd, x, gamma, beta, eps):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    b, group = split(cuda.blockIdx.x, mean.shape[1])
    size = x.shape[2] // mean.shape[1]
    count, real = x.shape[1] * size, x.dtype.type
    total = real(0)
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        i, c = _element(k, group, size)
        total += x[b, i, c]
    center = block_sum(total, lanes, 1) / real(count)
    total = real(0)
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        i, c = _element(k, group, size)
        v = x[b, i, c] - center
        total += v * v
    scale = real(1) / math.sqrt(block_sum(total, lanes, 1) / real(count) + eps)
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        i, c = _element(k, group, size)
        v = (x[b, i, c] - center) * scale
        if gamma is not None:
            v *= gamma[c]
        if beta is not None:
            v += beta[c]
        out[b, i, c] = v
    if cuda.threadIdx.x == 0:
        mean[b, group] = center
        rstd[b, group] = scale


@kernel
def _gradient(dx, g, x, mean, rstd, gamma):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    b, group = split(cuda.blockIdx.x, mean.shape[1])
    size = x.shape[2] // mean.shape[1]
    count, real = x.shape[1] * size, x.dtype.type
    center, scale = mean[b, group], rstd[b, group]
    total, product = real(0), real(0)
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        i, c = _element(k, group, size)
        v = g[b, i, c]
        if gamma is not None:
            v *= gamma[c]
        total += v
        product += v * (x[b, i, c] - center) * scale
    total = block_sum(total, lanes, 1) / real(count)
    product = block_sum(product, lanes, 1) / real(count)
    for k in range(cuda.threadIdx.x, count, cuda.blockDim.x):
        i, c = _element(k, group, size)
        v = g[b, i, c]
        if gamma is not None:
            v *= gamma[c]
        dx[b, i, c] = scale * (v - total - (x[b, i, c] - center) * scale * product)


@kernel
def _affine_sums(sums, g, x, mean, rstd):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    down, c, first, stop = rows_of_block(x.shape[0] * x.shape[1], x.shape[2])
    group, _ = split(c, x.shape[2] // mean.shape[1])
    total, product = x.dtype.type(0), x.dtype.type(0)
    for k in range(first, stop, STEP):
        b, i = split(k, x.shape[1])
        v = g[b, i, c]
        total += v
        product += v * (x[b, i, c] - mean[b, group]) * rstd[b, group]
    total = block_sum(total, lanes, LANES)
    product = block_sum(product, lanes, LANES)
    if cuda.threadIdx.x < LANES and c < x.shape[2]:
        sums[down, 0, c] = total
        sums[down, 1, c] = product
