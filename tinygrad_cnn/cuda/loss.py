"""Cross-entropy and negative log-likelihood of x (n, classes, s) with a class for each (n, s). CPU twin: cpu/loss.py.

Where s is 1 and there are many classes a block of threads takes a row, else a thread takes a column.
"""

import math

from .driver import cuda, device, kernel, launch
from .indices import unravel3
from .intrinsics import split
from .softmax import BLOCK, _maximum, _sum

WIDE = 64


def cross_entropy(losses, counted, shift, x, target, weight, ignore_index, smoothing):
    """With t = target[i,k], w = weight (1 if None), shift = (top, log) = (max over c of x[i,c,k], log(sum exp(x - top))):

    losses[i,k] = (1 - smoothing) w[t] (log + top - x[i,t,k]) + smoothing / classes * sum over c of w[c] (log + top -
    x[i,c,k]) and counted[i,k] = w[t]; both are 0 at ignore_index, the loss is NaN where t is no class.
    """
    n, classes, s = x.shape
    if s == 1 and classes >= WIDE:
        launch(_row_shift, (n,), shift, x, block=min(1 << (classes - 1).bit_length(), BLOCK))
    else:
        launch(_column_shift, n * s, shift, x)
    launch(_losses, n * s, losses, counted, shift, x, target, weight, int(ignore_index), *_shares(smoothing, x))


def cross_entropy_backward(out, g, shift, x, target, weight, ignore_index, smoothing):
    """out = g ((1 - smoothing) w[t] + smoothing / classes * sum of w) exp(x - top - log) - g w[c] smoothing / classes,

    and in class t less g (1 - smoothing) w[t]; 0 at ignore_index.
    """
    launch(_backward, out.size, out, g, shift, x, target, weight, int(ignore_index), *_shares(smoothing, x))


def nll(losses, counted, x, target, weight, ignore_index):
    """losses[i,k] = -w[t] x[i,t,k], counted[i,k] = w[t], t = target[i,k]; 0 at ignore_index, NaN where t is no class."""
    launch(_nll, target.size, losses, counted, x, target, weight, int(ignore_index))


def nll_backward(out, g, target, weight, ignore_index):
    """out[i,c,k] = -w[t] g[i,k] in class c = t = target[i,k], else 0; 0 at ignore_index."""
    launch(_nll_backward, out.size, out, g, target, weight, int(ignore_index))


def _shares(smoothing, x):
    """What of the probability the target keeps, and what each class gets."""
    return x.dtype.type(1 - smoothing), x.dtype.type(smoothing / max(x.shape[1], 1))


@kernel
def _row_shift(shift, x):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    i, top, total = cuda.blockIdx.x, x.dtype.type(-math.inf), x.dtype.type(0)
    for c in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        top = max(top, x[i, c, 0])
    top = _maximum(top, lanes)
    for c in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[i, c, 0] - top)
    total = _sum(total, lanes)
    if cuda.threadIdx.x == 0:
        shift[0, i, 0] = top
        shift[1, i, 0] = math.log(total)


@kernel
def _column_shift(shift, x):
    me = cuda.grid(1)
    if me < x.shape[0] * x.shape[2]:
        i, k = split(me, x.shape[2])
        top, total = x.dtype.type(-math.inf), x.dtype.type(0)
        for c in range(x.shape[1]):
            top = max(top, x[i, c, k])
        for c in range(x.shape[1]):
            total += math.exp(x[i, c, k] - top)
        shift[0, i, k] = top
        shift[1, i, k] = math.log(total)


@device
def _weight(weight, t, x):
    """The weight of class t, 1 where there are none."""
    return x.dtype.type(1) if weight is None else weight[t]


@kernel
def _losses(losses, counted, shift, x, target, weight, ignore_index, certain, even):
    me = cuda.grid(1)
    if me < target.size:
        i, k = split(me, x.shape[2])
        t, loss, w = target[i, k], x.dtype.type(0), x.dtype.type(0)
        if t != ignore_index:
            top, log = shift[0, i, k], shift[1, i, k]
            if 0 <= t < x.shape[1]:
                w = _weight(weight, t, x)
                loss = certain * w * (log + (top - x[i, t, k]))
            else:
                w = x.dtype.type(1)
                loss = x.dtype.type(math.nan)
            if even != 0:
                for c in range(x.shape[1]):
                    loss += even * _weight(weight, c, x) * (log + (top - x[i, c, k]))
        losses[i, k] = loss
        counted[i, k] = w


@kernel
def _backward(out, g, shift, x, target, weight, ignore_index, certain, even):
    me = cuda.grid(1)
    if me < out.size:
        i, c, k = unravel3(me, out.shape)
        t = target[i, k]
        v = x.dtype.type(0)
        if t != ignore_index:
            w = _weight(weight, t, x) if 0 <= t < x.shape[1] else x.dtype.type(1)
            whole = x.dtype.type(x.shape[1])
            if weight is not None and even != 0:
                whole = x.dtype.type(0)
                for b in range(x.shape[1]):
                    whole += weight[b]
            v = (certain * w + even * whole) * math.exp(x[i, c, k] - shift[0, i, k] - shift[1, i, k])
            v -= even * _weight(weight, c, x)
            if t == c:
                v -= certain * w
            v *= g[i, k]
        out[i, c, k] = v


@kernel
def _nll(losses, counted, x, target, weight, ignore_index):
    me = cuda.grid(1)
    if me < target.size:
        i, k = split(me, x.shape[2])
        t, loss, w = target[i, k], x.dtype.type(0), x.dtype.type(0)
        if t != ignore_index:
            if 0 <= t < x.shape[1]:
                w = _weight(weight, t, x)
                loss = -w * x[i, t, k]
            else:
                w = x.dtype.type(1)
                loss = x.dtype.type(math.nan)
        losses[i, k] = loss
        counted[i, k] = w


@kernel
def _nll_backward(out, g, target, weight, ignore_index):
    me = cuda.grid(1)
    if me < out.size:
        i, c, k = unravel3(me, out.shape)
        t = target[i, k]
        here = t == c and t != ignore_index
        out[i, c, k] = -g[i, k] * _weight(weight, t, out) if here else out.dtype.type(0)
