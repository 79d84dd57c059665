"""Cross-entropy and negative log-likelihood of x (n, classes, s) with a class for each (n, s). CUDA twin: cuda/loss.py.

Few classes make rows too short for vector loops: there LINE columns (samples, or pixels) are taken together, as a matrix
(classes, LINE) in scratch memory, and the loops run along the columns. From WIDE classes on a row is long enough.
"""

import numpy as np
from numba import uintp
from numba.extending import register_jitable

from . import scalar
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .softmax import COST, LANES, _maximum

LINE, WIDE = 128, 64


def cross_entropy(losses, counted, shift, x, target, weight, ignore_index, smoothing):
    """With t = target[i,k], w = weight (1 if None), shift = (top, log) = (max over c of x[i,c,k], log(sum exp(x - top))):

    losses[i,k] = (1 - smoothing) w[t] (log + top - x[i,t,k]) + smoothing / classes * sum over c of w[c] (log + top -
    x[i,c,k]) and counted[i,k] = w[t]; both are 0 at ignore_index, the loss is NaN where t is no class.
    """
    parts, numbers = parts_for(COST * x.size), (int(ignore_index), *map(x.dtype.type, _shares(smoothing, x.shape[1])))
    flat = losses.reshape(-1), counted.reshape(-1), shift.reshape(2, -1), target.reshape(-1)
    launch(_forward, parts, *flat, x, weight, *numbers, empty((parts, *_scratch(x)), x.dtype))


def cross_entropy_backward(out, g, shift, x, target, weight, ignore_index, smoothing):
    """out = g ((1 - smoothing) w[t] + smoothing / classes * sum of w) exp(x - top - log) - g w[c] smoothing / classes,

    and in class t less g (1 - smoothing) w[t]; 0 at ignore_index.
    """
    parts, numbers = parts_for(COST * x.size), (int(ignore_index), *map(x.dtype.type, _shares(smoothing, x.shape[1])))
    flat = g.reshape(-1), shift.reshape(2, -1), target.reshape(-1)
    launch(_backward, parts, out, *flat, x, weight, *numbers, empty((parts, *_scratch(x)), x.dtype))


def nll(losses, counted, x, target, weight, ignore_index):
    """losses[i,k] = -w[t] x[i,t,k], counted[i,k] = w[t], t = target[i,k]; 0 at ignore_index, NaN where t is no class."""
    launch(_nll, parts_for(target.size), losses, counted, x, target, weight, int(ignore_index))


def nll_backward(out, g, target, weight, ignore_index):
    """out[i,c,k] = -w[t] g[i,k] in class c = t = target[i,k], else 0; 0 at ignore_index."""
    launch(_nll_backward, parts_for(out.size), out, g, target, weight, int(ignore_index))


def _shares(smoothing, classes):
    """What of the probability the target keeps, and what each class gets."""
    return 1 - smoothing, smoothing / max(classes, 1)


def _scratch(x):
    """Room for a block, classes by columns, and behind it for two numbers of each column, or for the lanes of a row."""
    _, classes, s = x.shape
    return (classes + LANES, 1) if s == 1 and classes >= WIDE else (classes + 2, LINE)


@register_jitable
def _blocks(x, line):
    """(columns of an image, blocks of line columns in it, blocks in all): where s is 1 all samples are one image."""
    n, _, s = x.shape
    images, columns = (1, n) if s == 1 else (n, s)
    blocks = (columns + line - 1) // line
    return columns, blocks, images * blocks


@jit
def _load(v, x, image, start, width):
    """v[c,j] = the class c of column start + j."""
    if x.shape[2] == 1:
        for j in range(uintp(width)):
            row = x[start + j]
            for c in range(uintp(x.shape[1])):
                v[c, j] = row[c, 0]
    else:
        for c in range(x.shape[1]):
            to, row = v[c], x[image, c, start:start + width]
            for j in range(uintp(width)):
                to[j] = row[j]


@jit
def _store(x, v, image, start, width):
    """The inverse of `_load`."""
    if x.shape[2] == 1:
        for j in range(uintp(width)):
            row = x[start + j]
            for c in range(uintp(x.shape[1])):
                row[c, 0] = v[c, j]
    else:
        for c in range(x.shape[1]):
            to, row = x[image, c, start:start + width], v[c]
            for j in range(uintp(width)):
                to[j] = row[j]


@jit
def _shift(tops, logs, v, lanes):
    """tops[j] = max over c of v[c,j];  logs[j] = log(sum over c of exp(v[c,j] - tops[j]))."""
    if v.shape[1] == 1:
        row, total = v.reshape(v.size), v.dtype.type(0)
        tops[0] = top = _maximum(row, lanes.reshape(lanes.size))
        for c in range(uintp(row.size)):
            total += scalar.exp(row[c] - top)
        logs[0] = scalar.log(total)
        return
    for j in range(uintp(tops.size)):
        tops[j], logs[j] = v[0, j], 0
    for c in range(1, len(v)):
        row = v[c]
        for j in range(uintp(tops.size)):
            tops[j] = row[j] if row[j] > tops[j] else tops[j]
    for c in range(len(v)):
        row = v[c]
        for j in range(uintp(tops.size)):
            logs[j] += scalar.exp(row[j] - tops[j])
    for j in range(uintp(tops.size)):
        logs[j] = scalar.log(logs[j])


@jit(precise=True)    # log + top would lose what top - x keeps
def _evenly(sums, v, tops, logs, weight):
    """sums[j] = sum over c of w[c] (logs[j] + (tops[j] - v[c,j]))."""
    for j in range(uintp(tops.size)):
        sums[j] = 0
    for c in range(len(v)):
        row = v[c]
        w = row.dtype.type(1) if weight is None else weight[c]
        for j in range(uintp(tops.size)):
            sums[j] += w * (logs[j] + (tops[j] - row[j]))


@jit(precise=True)
def _forward(part, parts, losses, counted, shift, target, x, weight, ignore_index, certain, even, scratch):
    columns, blocks, every = _blocks(x, scratch.shape[2])
    v, behind = scratch[part, :x.shape[1]], scratch[part, x.shape[1]:]
    for block in range(part * every // parts, (part + 1) * every // parts if len(v) else 0):
        image, start = block // blocks, block % blocks * v.shape[1]
        width, first = min(v.shape[1], columns - start), image * columns + start
        tops, logs = shift[0, first:first + width], shift[1, first:first + width]
        _load(v, x, image, start, width)
        _shift(tops, logs, v, behind)
        if even != 0:
            _evenly(behind[0], v, tops, logs, weight)
        for j in range(width):
            t, loss, w = target[first + j], x.dtype.type(0), x.dtype.type(0)
            if t != ignore_index:
                known = 0 <= t < len(v)
                w = weight[t] if weight is not None and known else x.dtype.type(1)
                loss = certain * w * (logs[j] + (tops[j] - v[t, j])) if known else x.dtype.type(np.nan)
                if even != 0:
                    loss += even * behind[0, j]
            losses[first + j], counted[first + j] = loss, w


@jit(precise=True)
def _gradient(v, tops, logs, factors, evens, weight):
    """v[c,j] = factors[j] exp(v[c,j] - tops[j] - logs[j]) - evens[j] w[c]."""
    if v.shape[1] == 1:
        row, factor, top, log = v.reshape(v.size), factors[0], tops[0], logs[0]
        for c in range(uintp(row.size)):
            row[c] = factor * scalar.exp(row[c] - top - log)
        if evens[0] != 0:
            for c in range(uintp(row.size)):
                row[c] -= evens[0] * (row.dtype.type(1) if weight is None else weight[c])
        return
    for c in range(len(v)):
        row = v[c]
        w = row.dtype.type(1) if weight is None else weight[c]
        for j in range(uintp(tops.size)):
            row[j] = factors[j] * scalar.exp(row[j] - tops[j] - logs[j]) - evens[j] * w


@jit
def _backward(part, parts, out, g, shift, target, x, weight, ignore_index, certain, even, scratch):
    columns, blocks, every = _blocks(x, scratch.shape[2])
    v, behind = scratch[part, :x.shape[1]], scratch[part, x.shape[1]:]
    one, none, whole = x.dtype.type(1), x.dtype.type(0), x.dtype.type(x.shape[1])
    if weight is not None:
        whole = weight.sum()
    for block in range(part * every // parts, (part + 1) * every // parts if len(v) else 0):
        image, start = block // blocks, block % blocks * v.shape[1]
        width, first = min(v.shape[1], columns - start), image * columns + start
        for j in range(width):
            t = target[first + j]
            w = weight[t] if weight is not None and 0 <= t < len(v) else one
            arriving = g[first + j] if t != ignore_index else none
            behind[0, j], behind[1, j] = arriving * (certain * w + even * whole), arriving * even
        _load(v, x, image, start, width)
        _gradient(v, shift[0, first:first + width], shift[1, first:first + width], behind[0], behind[1], weight)
        for j in range(width):
            t = target[first + j]
            if t != ignore_index and 0 <= t < len(v):
                v[t, j] -= g[first + j] * certain * (one if weight is None else weight[t])
        _store(out, v, image, start, width)


@jit
def _nll(part, parts, losses, counted, x, target, weight, ignore_index):
    n, classes, s = x.shape
    for i in range(part * n // parts, (part + 1) * n // parts):
        for k in range(s):
            t, loss, w = target[i, k], x.dtype.type(0), x.dtype.type(0)
            if t != ignore_index:
                w = weight[t] if weight is not None and 0 <= t < classes else x.dtype.type(1)
                loss = -w * x[i, t, k] if 0 <= t < classes else x.dtype.type(np.nan)
            losses[i, k], counted[i, k] = loss, w


@jit
def _nll_backward(part, parts, out, g, target, weight, ignore_index):
    n, classes, s = out.shape
    for i in range(part * n // parts, (part + 1) * n // parts):
        out[i] = 0
        for k in range(s):
            t = target[i, k]
            if t != ignore_index and 0 <= t < classes:
                out[i, t, k] = -g[i, k] * (out.dtype.type(1) if weight is None else weight[t])
