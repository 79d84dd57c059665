"""Normalization of x (b, m, c) in groups of neighboring channels, each image by itself. CUDA twin: cuda/group_norm.py.

Rows are added channel by channel, which vectorizes for groups of any size, ROWS of them in the dtype of x, the rest in
float64. An image that is a single group of a single row, as in a layer norm, is one sum. What is added over images is
added in CHUNKS of them.
"""

from .jit import jit
from .launch import launch, parts_for
from .memory import empty

ROWS, CHUNKS = 256, 64


def forward(out, mean, rstd, x, gamma, beta, eps):
    """mean[b,g], rstd[b,g] = mean and 1 / sqrt(variance + eps) of x[b,:,c] over the c of group g;

    out[b,i,c] = (x[b,i,c] - mean[b,g]) * rstd[b,g] * gamma[c] + beta[c]. No gamma: 1, no beta: 0.
    """
    parts = parts_for(4 * x.size)
    if mean.shape[1] == x.shape[1] == 1:
        launch(_forward_rows, parts, out[:, 0], mean[:, 0], rstd[:, 0], x[:, 0], gamma, beta, float(eps))
        return
    lines, totals = empty((parts, 4, x.shape[2]), x.dtype), empty((parts, x.shape[2]), "float64")
    launch(_forward, parts, out, mean, rstd, x, gamma, beta, float(eps), lines, totals)


def backward(dx, dgamma, dbeta, g, x, mean, rstd, gamma):
    """With xhat = (x - mean) * rstd and h = g * gamma, and means over i and the channels of a group:

    dbeta[c] = sum over b, i of g[b,i,c];  dgamma[c] = sum over b, i of g[b,i,c] * xhat[b,i,c];
    dx[b,i,c] = rstd[b,g] * (h[b,i,c] - mean of h - xhat[b,i,c] * mean of h * xhat).
    """
    chunks = min(x.shape[0], CHUNKS)
    sums = empty((chunks, 2, x.shape[2]), "float64")
    lines, totals = empty((chunks, 6, x.shape[2]), x.dtype), empty((chunks, 2, x.shape[2]), "float64")
    parts = min(parts_for(4 * x.size), max(chunks, 1))
    if mean.shape[1] == x.shape[1] == 1:
        launch(_backward_rows, parts, dx[:, 0], sums, g[:, 0], x[:, 0], mean[:, 0], rstd[:, 0], gamma, lines)
    else:
        launch(_backward, parts, dx, sums, g, x, mean, rstd, gamma, lines, totals)
    _combine(dgamma, dbeta, sums)


@jit
def _forward(part, parts, out, mean, rstd, x, gamma, beta, eps, lines, totals):
    images, rows, channels = x.shape
    groups = mean.shape[1]
    line, center, scale, shift = lines[part, 0], lines[part, 1], lines[part, 2], lines[part, 3]
    count = rows * (channels // max(groups, 1))
    shift[:] = 0
    if beta is not None:
        shift[:] = beta
    for b in range(part * images // parts, (part + 1) * images // parts):
        center[:] = 0
        _powers(totals[part], x[b], center, line, False)
        for k in range(groups):
            mean[b, k] = _group(totals[part], k, groups) / count
        _spread(center, mean[b])
        _powers(totals[part], x[b], center, line, True)
        for k in range(groups):
            rstd[b, k] = 1 / (_group(totals[part], k, groups) / count + eps) ** 0.5
        _spread(scale, rstd[b])
        if gamma is not None:
            for c in range(channels):
                scale[c] *= gamma[c]
        for i in range(rows):
            to, row = out[b, i], x[b, i]
            for c in range(channels):
                to[c] = (row[c] - center[c]) * scale[c] + shift[c]


@jit
def _powers(totals, x, center, line, squares):
    """totals[c] = sum over i of x[i,c] - center[c], or of its square."""
    totals[:] = 0
    for start in range(0, len(x), ROWS):
        line[:] = 0
        for i in range(start, min(start + ROWS, len(x))):
            row = x[i]
            if squares:
                for c in range(line.size):
                    v = row[c] - center[c]
                    line[c] += v * v
            else:
                for c in range(line.size):
                    line[c] += row[c] - center[c]
        for c in range(line.size):
            totals[c] += line[c]


@jit
def _group(totals, k, groups):
    """The sum of the totals of group k."""
    size = totals.size // groups
    found = 0.0
    for c in range(k * size, (k + 1) * size):
        found += totals[c]
    return found


@jit
def _spread(line, values):
    """line[c] = values[g] of the group of c."""
    size = line.size // max(values.size, 1)
    for k in range(values.size):
        for c in range(k * size, (k + 1) * size):
            line[c] = values[k]


@jit
def _backward(part, parts, dx, sums, g, x, mean, rstd, gamma, lines, totals):
    chunks = len(sums)
    for chunk in range(part * chunks // parts, (part + 1) * chunks // parts):
        sums[chunk] = 0
        for b in range(chunk * len(x) // chunks, (chunk + 1) * len(x) // chunks):
            _gradient_totals(totals[chunk], g[b], x[b], mean[b], lines[chunk])
            _gradient(dx[b], sums[chunk], g[b], x[b], rstd[b], gamma, lines[chunk], totals[chunk])


@jit
def _gradient_totals(totals, g, x, mean, lines):
    """totals[0,c] = sum over i of g[i,c], totals[1,c] of g[i,c] * (x[i,c] - mean)."""
    center, line, product = lines[0], lines[1], lines[2]
    _spread(center, mean)
    totals[:] = 0
    for start in range(0, len(x), ROWS):
        line[:] = 0
        product[:] = 0
        for i in range(start, min(start + ROWS, len(x))):
            row, g_row = x[i], g[i]
            for c in range(line.size):
                line[c] += g_row[c]
                product[c] += g_row[c] * (row[c] - center[c])
        for c in range(line.size):
            totals[0, c] += line[c]
            totals[1, c] += product[c]


@jit
def _gradient(dx, sums, g, x, rstd, gamma, lines, totals):
    """dx = scale * g - shift - (x - mean) * slope, the four along a line of channels."""
    center, scale, shift, slope = lines[0], lines[3], lines[4], lines[5]
    groups = rstd.size
    size = center.size // max(groups, 1)
    count = len(x) * size
    for k in range(groups):
        total, product, r = 0.0, 0.0, float(rstd[k])
        for c in range(k * size, (k + 1) * size):
            sums[0, c] += totals[0, c]
            sums[1, c] += totals[1, c] * r
            weight = 1.0 if gamma is None else float(gamma[c])
            scale[c] = r * weight
            total += weight * totals[0, c]
            product += weight * totals[1, c]
        for c in range(k * size, (k + 1) * size):
            shift[c] = r * total / count
            slope[c] = r * r * r * product / count
    for i in range(len(x)):
        to, row, g_row = dx[i], x[i], g[i]
        for c in range(center.size):
            to[c] = scale[c] * g_row[c] - shift[c] - (row[c] - center[c]) * slope[c]


@jit
def _forward_rows(part, parts, out, mean, rstd, x, gamma, beta, eps):
    """The same of rows x (b, c) that are a group each."""
    rows, channels = x.shape
    for b in range(part * rows // parts, (part + 1) * rows // parts):
        to, row = out[b], x[b]
        total, squares = x.dtype.type(0), x.dtype.type(0)
        for c in range(channels):
            total += row[c]
        center = x.dtype.type(total / channels)
        for c in range(channels):
            squares += (row[c] - center) * (row[c] - center)
        scale = x.dtype.type(1 / (squares / channels + eps) ** 0.5)
        mean[b], rstd[b] = center, scale
        for c in range(channels):
            to[c] = (row[c] - center) * scale
        if gamma is not None:
            for c in range(channels):
                to[c] *= gamma[c]
        if beta is not None:
            for c in range(channels):
                to[c] += beta[c]


@jit
def _backward_rows(part, parts, dx, sums, g, x, mean, rstd, gamma, lines):
    rows, channels = x.shape
    chunks = len(sums)
    for chunk in range(part * chunks // parts, (part + 1) * chunks // parts):
        dbeta, dgamma = lines[chunk, 0], lines[chunk, 1]
        sums[chunk] = 0
        start, stop = chunk * rows // chunks, (chunk + 1) * rows // chunks
        for first in range(start, stop, ROWS):
            dbeta[:] = 0
            dgamma[:] = 0
            for b in range(first, min(first + ROWS, stop)):
                _gradient_row(dx[b], dgamma, dbeta, g[b], x[b], mean[b], rstd[b], gamma)
            for c in range(channels):
                sums[chunk, 0, c] += dbeta[c]
                sums[chunk, 1, c] += dgamma[c]


@jit
def _gradient_row(dx, dgamma, dbeta, g, x, center, scale, gamma):
    """The gradient of a row that is a group; its parts of dgamma and dbeta are added to these."""
    total, product = x.dtype.type(0), x.dtype.type(0)
    for c in range(x.size):
        dbeta[c] += g[c]
        dgamma[c] += g[c] * (x[c] - center) * scale
    for c in range(x.size):
        dx[c] = g[c] * scale if gamma is None else g[c] * scale * gamma[c]
    for c in range(x.size):
        total += dx[c]
        product += dx[c] * (x[c] - center)
    shift, slope = x.dtype.type(total / x.size), x.dtype.type(product * scale * scale / x.size)
    for c in range(x.size):
        dx[c] -= shift + (x[c] - center) * slope


@jit
def _combine(dgamma, dbeta, sums):
    for c in range(dbeta.size):
        total, product = 0.0, 0.0
        for chunk in range(len(sums)):
            total += sums[chunk, 0, c]
            product += sums[chunk, 1, c]
        dbeta[c], dgamma[c] = total, product
