"""Normalization of the columns of x (m, c), which are a batch norm's channels. CUDA twin: cuda/norm.py.

A row of few channels is too short for a vector loop, so whole rows are taken together: a line is the least number of
rows that has LINE elements, and what belongs to a channel is repeated along the line. Lines are added in the dtype of x
within a block of BLOCK elements, which stays in the cache; blocks are added in float64.
"""

from .jit import jit
from .launch import launch, parts_for
from .memory import empty

LINE, BLOCK = 512, 1 << 15


def statistics(mean, var, x):
    """mean[c] = sum over i of x[i,c] / m;  var[c] = sum over i of (x[i,c] - mean[c])^2 / m."""
    line, block = _cut(x)
    parts = parts_for(2 * x.size)
    sums = empty((-(-x.size // block), 2, x.shape[1]), "float64")
    launch(_moments, parts, sums, x.reshape(-1), empty((parts, 2, line), x.dtype), block)
    _combine(mean, var, sums, x.shape[0], block)


def normalize(out, x, mean, rstd, gamma, beta, relu):
    """out[i,c] = (x[i,c] - mean[c]) * rstd[c] * gamma[c] + beta[c], then max(., 0) if relu. No gamma: 1, no beta: 0."""
    line, _ = _cut(x)
    table = empty((3, line), x.dtype)
    _normalize_table(table, mean, rstd, gamma, beta)
    launch(_normalize, parts_for(x.size), out.reshape(-1), x.reshape(-1), table, relu)


def backward(dx, dgamma, dbeta, g, out, x, mean, rstd, gamma, fixed):
    """With xhat = (x - mean) * rstd, and g taken as 0 where out <= 0 if there is an out:

    dbeta[c] = sum over i of g[i,c];  dgamma[c] = sum over i of g[i,c] * xhat[i,c];
    dx[i,c] = gamma[c] * rstd[c] * (g[i,c] - dbeta[c] / m - xhat[i,c] * dgamma[c] / m),
    or, where mean and rstd are fixed, gamma[c] * rstd[c] * g[i,c].
    """
    line, block = _cut(x)
    parts = parts_for(2 * x.size)
    sums = empty((-(-x.size // block), 2, x.shape[1]), "float64")
    g, out, x, dx = g.reshape(-1), None if out is None else out.reshape(-1), x.reshape(-1), dx.reshape(-1)
    launch(_gradient_sums, parts, sums, g, out, x, mean, empty((parts, 3, line), x.dtype), block)
    table = empty((4, line), x.dtype)
    _gradient_table(table, dgamma, dbeta, sums, mean, rstd, gamma, x.size)
    if fixed:
        launch(_scaled, parts_for(x.size), dx, g, out, table[1])
    else:
        launch(_gradient, parts, dx, g, out, x, table)


def _cut(x):
    """The elements of a line and of a block: whole rows, and whole lines."""
    channels = max(x.shape[1], 1)
    line = channels * -(-LINE // channels)
    return line, line * max(BLOCK // line, 1)


@jit
def _repeat(line, values):
    for start in range(0, line.size, max(values.size, 1)):
        for c in range(values.size):
            line[start + c] = values[c]


@jit
def _fold(total, line):
    for c in range(total.size):
        total[c] = 0
    for start in range(0, line.size, max(total.size, 1)):
        for c in range(total.size):
            total[c] += line[start + c]


@jit
def _moments(part, parts, sums, x, scratch, block):
    """The mean of each block, and the sum of squares about it."""
    total, shift = scratch[part, 0], scratch[part, 1]
    channels = sums.shape[2]
    for b in range(part * len(sums) // parts, (part + 1) * len(sums) // parts):
        stop = min((b + 1) * block, x.size)
        total[:] = 0
        for start in range(b * block, stop, total.size):
            row = x[start:min(start + total.size, stop)]
            for j in range(row.size):
                total[j] += row[j]
        _fold(sums[b, 0], total)
        for c in range(channels):
            sums[b, 0, c] /= (stop - b * block) // channels
        _repeat(shift, sums[b, 0])
        total[:] = 0
        for start in range(b * block, stop, total.size):
            row = x[start:min(start + total.size, stop)]
            for j in range(row.size):
                v = row[j] - shift[j]
                total[j] += v * v
        _fold(sums[b, 1], total)


@jit
def _combine(mean, var, sums, rows, block):
    """The weighted mean of the blocks' means; the squares about it are those within and those between blocks."""
    height = block // max(mean.size, 1)
    for c in range(mean.size):
        total, squares = 0.0, 0.0
        for b in range(len(sums)):
            total += sums[b, 0, c] * min(height, rows - b * height)
        center = total / max(rows, 1)
        for b in range(len(sums)):
            squares += sums[b, 1, c] + (sums[b, 0, c] - center) ** 2 * min(height, rows - b * height)
        mean[c], var[c] = center, squares / max(rows, 1)


@jit
def _normalize_table(table, mean, rstd, gamma, beta):
    for start in range(0, table.shape[1], max(mean.size, 1)):
        for c in range(mean.size):
            table[0, start + c] = mean[c]
            table[1, start + c] = rstd[c] if gamma is None else rstd[c] * gamma[c]
            table[2, start + c] = 0 if beta is None else beta[c]


@jit
def _normalize(part, parts, out, x, table, relu):
    mean, scale, shift = table[0], table[1], table[2]
    zero = out.dtype.type(0)
    lines = -(-x.size // mean.size)
    for start in range(part * lines // parts * mean.size, (part + 1) * lines // parts * mean.size, mean.size):
        to, row = out[start:start + mean.size], x[start:start + mean.size]
        for j in range(row.size):
            v = (row[j] - mean[j]) * scale[j] + shift[j]
            to[j] = zero if relu and v <= zero else v


@jit
def _gradient_sums(part, parts, sums, g, out, x, mean, scratch, block):
    center, total, product = scratch[part, 0], scratch[part, 1], scratch[part, 2]
    zero = x.dtype.type(0)
    _repeat(center, mean)
    for b in range(part * len(sums) // parts, (part + 1) * len(sums) // parts):
        stop = min((b + 1) * block, x.size)
        total[:] = 0
        product[:] = 0
        for start in range(b * block, stop, total.size):
            end = min(start + total.size, stop)
            row, g_row, mask = x[start:end], g[start:end], None if out is None else out[start:end]
            for j in range(row.size):
                if out is None:
                    v = g_row[j]
                else:
                    v = g_row[j] if mask[j] > zero else zero
                total[j] += v
                product[j] += v * (row[j] - center[j])
        _fold(sums[b, 0], total)
        _fold(sums[b, 1], product)


@jit
def _gradient_table(table, dgamma, dbeta, sums, mean, rstd, gamma, size):
    """dx = scale * (g - shift - (x - mean) * slope), the four along a line."""
    rows = size // max(mean.size, 1)
    for c in range(mean.size):
        total, product = 0.0, 0.0
        for b in range(len(sums)):
            total += sums[b, 0, c]
            product += sums[b, 1, c]
        dbeta[c], dgamma[c] = total, product * rstd[c]
        for j in range(c, table.shape[1], mean.size):
            table[0, j] = mean[c]
            table[1, j] = rstd[c] if gamma is None else rstd[c] * gamma[c]
            table[2, j] = total / rows
            table[3, j] = product * rstd[c] * rstd[c] / rows


@jit
def _gradient(part, parts, dx, g, out, x, table):
    mean, scale, shift, slope = table[0], table[1], table[2], table[3]
    zero = x.dtype.type(0)
    lines = -(-x.size // mean.size)
    for start in range(part * lines // parts * mean.size, (part + 1) * lines // parts * mean.size, mean.size):
        end = start + mean.size
        to, row, g_row, mask = dx[start:end], x[start:end], g[start:end], None if out is None else out[start:end]
        for j in range(row.size):
            if out is None:
                v = g_row[j]
            else:
                v = g_row[j] if mask[j] > zero else zero
            to[j] = scale[j] * (v - shift[j] - (row[j] - mean[j]) * slope[j])


@jit
def _scaled(part, parts, dx, g, out, scale):
    zero = dx.dtype.type(0)
    lines = -(-dx.size // scale.size)
    for start in range(part * lines // parts * scale.size, (part + 1) * lines // parts * scale.size, scale.size):
        end = start + scale.size
        to, g_row, mask = dx[start:end], g[start:end], None if out is None else out[start:end]
        for j in range(to.size):
            if out is None:
                to[j] = scale[j] * g_row[j]
            else:
                to[j] = scale[j] * g_row[j] if mask[j] > zero else zero
