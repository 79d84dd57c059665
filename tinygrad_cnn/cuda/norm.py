"""Normalization of the columns of x (m, c), which are a batch norm's channels. CPU twin: cpu/norm.py.

Sums down a column: a block of threads is LANES columns wide and takes ROWS rows; each thread adds every so many,
and what the threads found is added up in shared memory. Another kernel adds up what the blocks found, in the same way.
"""

from .block import BLOCK, block_sum
from .driver import cuda, device, kernel, launch
from .intrinsics import split
from .memory import empty

LANES, ROWS = 32, 512
STEP = BLOCK // LANES


def statistics(mean, var, x):
    """mean[c] = sum over i of x[i,c] / m;  var[c] = sum over i of (x[i,c] - mean[c])^2 / m."""
    m, c = x.shape
    sums = empty((-(-m // ROWS), 2, c), x.dtype)
    launch(_moments, (sums.shape[0], -(-c // LANES)), sums, x)
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
    sums = empty((-(-m // ROWS), 2, c), x.dtype)
    launch(_gradient_sums, (sums.shape[0], -(-c // LANES)), sums, g, out, x, mean)
    launch(_gradient_combine, (-(-c // LANES),), dgamma, dbeta, sums, rstd)
    launch(_gradient, x.size, dx, g, out, x, mean, rstd, gamma, dgamma, dbeta, fixed)


@device
def column_of(first):
    """(this thread's column, the first row it takes) of a block that starts at column `first`."""
    return first + cuda.threadIdx.x % LANES, cuda.threadIdx.x // LANES


@kernel
def _moments(sums, x):
    """The mean of each block, and the sum of squares about it."""
    lanes = cuda.shared.array(BLOCK, x.dtype)
    c, row = column_of(cuda.blockIdx.y * LANES)
    start = cuda.blockIdx.x * ROWS
    stop = min(start + ROWS, x.shape[0]) if c < x.shape[1] else start
    total = x.dtype.type(0)
    for i in range(start + row, stop, STEP):
        total += x[i, c]
    mean = block_sum(total, lanes, LANES) / x.dtype.type(min(ROWS, x.shape[0] - start))
    total = x.dtype.type(0)
    for i in range(start + row, stop, STEP):
        v = x[i, c] - mean
        total += v * v
    total = block_sum(total, lanes, LANES)
    if row == 0 and c < x.shape[1]:
        sums[cuda.blockIdx.x, 0, c] = mean
        sums[cuda.blockIdx.x, 1, c] = total


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
    c, row = column_of(cuda.blockIdx.y * LANES)
    start = cuda.blockIdx.x * ROWS
    stop = min(start + ROWS, x.shape[0]) if c < x.shape[1] else start
    total, product = x.dtype.type(0), x.dtype.type(0)
    for i in range(start + row, stop, STEP):
        v = g[i, c]
        if out is not None:
            v = v if out[i, c] > 0 else x.dtype.type(0)
        total += v
        product += v * (x[i, c] - mean[c])
    total = block_sum(total, lanes, LANES)
    product = block_sum(product, lanes, LANES)
    if row == 0 and c < x.shape[1]:
        sums[cuda.blockIdx.x, 0, c] = total
        sums[cuda.blockIdx.x, 1, c] = product


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
