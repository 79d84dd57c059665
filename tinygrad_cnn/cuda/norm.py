"""Normalization of the columns of x (m, c), which are a batch norm's channels. CPU twin: cpu/norm.py.

Sums down a column: the threads of a block add up ROWS rows of LANES columns, see block.py, and another kernel adds up
what the blocks found, in the same way.
"""

from .block import BLOCK, LANES, ROWS, STEP, block_sum, blocks_for, column_of, empty_sums, rows_of_block
from .driver import cuda, kernel, launch
from .intrinsics import split


def statistics(mean, var, x):
    """mean[c] = sum over i of x[i,c] / m;  var[c] = sum over i of (x[i,c] - mean[c])^2 / m."""
    m, c = x.shape
    sums = empty_sums(m, c, x.dtype)
    launch(_moments, blocks_for(sums), sums, x)
    launch(_combine, (-(-c // LANES),), mean, var, sums, m)


def normalize(out, x, mean, rstd, gamma, beta, relu):
    """out[i,c] = (x[i,c] - mean[c]) * rstd[c] * gamma[c] + beta[c], then max(., 0) if relu. No gamma: 1, no beta: 0."""
    launch(_normalize, x.size, out, x, mean, rstd, gamma, beta, relu)


def backward(dx, dgamma, dbeta, g, out, x, mean, rstd, gamma, fixed):
    """With xhat = (x - mean) * rstd, and g taken as 0 where out <= 0 if there is an out:

    dbeta[c] = sum over i of g[i,c];  dgamma[c] = sum over i of g[i,c] * xhat[i,c];
    dx[i,c] = gamma[c] * rstd[c] * (g[i,c] - dbeta[c] / m - xhat[i,c] * dgamma[c] / m),
    or, where mean and rstd are fixed, gamma[c] * rstd[c] * g[i,c].
    """
    m, c = x.shape
    sums = empty_sums(m, c, x.dtype)
    launch(_gradient_sums, blocks_for(sums), sums, g, out, x, mean)
    launch(_gradient_combine, (-(-c // LANES),), dgamma, dbeta, sums, rstd)
    launch(_gradient, x.size, dx, g, out, x, mean, rstd, gamma, dgamma, dbeta, fixed)


@kernel
def _moments(sums, x):
    """The mean of each block, and the sum of squares about it."""
    lanes = cuda.shared.array(BLOCK, x.dtype)
    down, c, first, stop = rows_of_block(x.shape[0], x.shape[1])
    total = x.dtype.type(0)
    for i in range(first, stop, STEP):
        total += x[i, c]
    mean = block_sum(total, lanes, LANES) / x.dtype.type(min(ROWS, x.shape[0] - down * ROWS))
    total = x.dtype.type(0)
    for i in range(first, stop, STEP):
        v = x[i, c] - mean
        total += v * v
    total = block_sum(total, lanes, LANES)
    if cuda.threadIdx.x < LANES and c < x.shape[1]:
        sums[down, 0, c] = mean
        sums[down, 1, c] = total


@kernel
def _combine(mean, var, sums, rows):
    """The weighted mean of the blocks' means; the squares about it are those within and those between blocks."""
    lanes = cuda.shared.array(BLOCK, mean.dtype)
    c, row = column_of(cuda.blockIdx.x * LANES)
    blocks, real = sums.shape[0] if c < mean.size else 0, mean.dtype.type
    total = real(0)
    for b in range(row, blocks, STEP):
        total += sums[b, 0, c] * (real(min(ROWS, rows - b * ROWS)) / real(rows))
    center = block_sum(total, lanes, LANES)
    total = real(0)
    for b in range(row, blocks, STEP):
        v = sums[b, 0, c] - center
        total += sums[b, 1, c] + v * v * real(min(ROWS, rows - b * ROWS))
    total = block_sum(total, lanes, LANES)
    if row == 0 and c < mean.size:
        mean[c] = center
        var[c] = total / real(max(rows, 1))


@kernel
def _normalize(out, x, mean, rstd, gamma, beta, relu):
    me = cuda.grid(1)
    if me < x.size:
        i, c = split(me, x.shape[1])
        v = (x[i, c] - mean[c]) * rstd[c]
        if gamma is not None:
            v *= gamma[c]
        if beta is not None:
            v += beta[c]
        out[i, c] = x.dtype.type(0) if relu and v <= 0 else v


@kernel
def _gradient_sums(sums, g, out, x, mean):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    down, c, first, stop = rows_of_block(x.shape[0], x.shape[1])
    total, product = x.dtype.type(0), x.dtype.type(0)
    for i in range(first, stop, STEP):
        v = g[i, c]
        if out is not None:
            v = v if out[i, c] > 0 else x.dtype.type(0)
        total += v
        product += v * (x[i, c] - mean[c])
    total = block_sum(total, lanes, LANES)
    product = block_sum(product, lanes, LANES)
    if cuda.threadIdx.x < LANES and c < x.shape[1]:
        sums[down, 0, c] = total
        sums[down, 1, c] = product


@kernel
def _gradient_combine(dgamma, dbeta, sums, rstd):
    """dbeta and dgamma from what the blocks found; no rstd where they have multiplied by it already."""
    lanes = cuda.shared.array(BLOCK, sums.dtype)
    c, row = column_of(cuda.blockIdx.x * LANES)
    total, product = sums.dtype.type(0), sums.dtype.type(0)
    for b in range(row, sums.shape[0] if c < dbeta.size else 0, STEP):
        total += sums[b, 0, c]
        product += sums[b, 1, c]
    total = block_sum(total, lanes, LANES)
    product = block_sum(product, lanes, LANES)
    if row == 0 and c < dbeta.size:
        dbeta[c] = total
        dgamma[c] = product if rstd is None else product * rstd[c]


@kernel
def _gradient(dx, g, out, x, mean, rstd, gamma, dgamma, dbeta, fixed):
    me = cuda.grid(1)
    if me < x.size:
        i, c = split(me, x.shape[1])
        v = g[i, c]
        if out is not None:
            v = v if out[i, c] > 0 else x.dtype.type(0)
        if not fixed:
            v -= (dbeta[c] + (x[i, c] - mean[c]) * rstd[c] * dgamma[c]) / x.dtype.type(x.shape[0])
        v *= rstd[c]
        if gamma is not None:
            v *= gamma[c]
        dx[i, c] = v
