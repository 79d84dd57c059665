"""Cross-entropy and negative log-likelihood of x (n, classes, s) with a class for each (n, s). CPU twin: cpu/loss.py.

A block of threads takes a sample, or a thread, as in softmax.py.
"""

import math

from ..arrays import view
from .block import BLOCK, block_sum, in_rows, threads_for
from .driver import cuda, device, kernel, launch
from .indices import unravel3
from .intrinsics import split
from .memory import empty
from .reduce import sum as total_of
from .softmax import shift_of_column, shift_of_row


def cross_entropy(losses, counted, shift, x, target, weight, ignore_index, smoothing):
    """With t = target[i,k], w = weight (1 if None), shift = (top, log) = (max over c of x[i,c,k], log(sum exp(x - top))):

    losses[i,k] = (1 - smoothing) w[t] (log + top - x[i,t,k]) + smoothing / classes * sum over c of w[c] (log + top -
    x[i,c,k]) and counted[i,k] = w[t]; both are 0 at ignore_index, the loss is NaN where t is no class.
    """
    n, classes, s = x.shape
    args = losses, counted, shift, x, target, weight, int(ignore_index), *_shares(smoothing, x)
    if in_rows(n, classes, s):
        launch(_losses_of_rows, (n * s,), *args, block=threads_for(classes))
    else:
        launch(_losses_of_columns, n * s, *args)


def cross_entropy_backward(out, g, shift, x, target, weight, ignore_index, smoothing):
    """out = g ((1 - smoothing) w[t] + smoothing / classes * sum of w) exp(x - top - log) - g w[c] smoothing / classes,

    and in class t less g (1 - smoothing) w[t]; 0 at ignore_index.
    """
    whole = None
    if weight is not None:
        whole = empty((1, 1), weight.dtype)
        total_of(whole, view(weight, (1, 1, 1, weight.size)))
    launch(_backward, out.size, out, g, shift, x, target, weight, whole, int(ignore_index), *_shares(smoothing, x))


def nll(losses, counted, x, target, weight, ignore_index):
    """losses[i,k] = -w[t] x[i,t,k], counted[i,k] = w[t], t = target[i,k]; 0 at ignore_index, NaN where t is no class."""
    launch(_nll, target.size, losses, counted, x, target, weight, int(ignore_index))


def nll_backward(out, g, target, weight, ignore_index):
    """out[i,c,k] = -w[t] g[i,k] in class c = t = target[i,k], else 0; 0 at ignore_index."""
    launch(_nll_backward, out.size, out, g, target, weight, int(ignore_index))


def _shares(smoothing, x):
    """What of the probability the target keeps, and what each class gets."""
    return x.dtype.type(1 - smoothing), x.dtype.type(smoothing / max(x.shape[1], 1))


@device
def _weight(weight, t, x):
    """The weight of class t, 1 where there are none."""
    return x.dtype.type(1) if weight is None else weight[t]


@device
def _spread(x, i, k, first, step, top, log, weight):
    """The sum of w[c] (log + top - x[i,c,k]) over c = first, first + step, ..."""
    total = x.dtype.type(0)
    for c in range(first, x.shape[1], step):
        total += _weight(weight, c, x) * (log + (top - x[i, c, k]))
    return total


@device
def _put(losses, counted, shift, x, i, k, t, top, log, weight, ignore_index, certain, smooth):
    """Write what is known of a sample; `smooth` is the part of its loss that the target has no share in."""
    real = x.dtype.type
    loss, w = real(0), real(0)
    if 0 <= t < x.shape[1] and t != ignore_index:
        w = _weight(weight, t, x)
        loss = certain * w * (log + (top - x[i, t, k])) + smooth
    elif t != ignore_index:
        loss, w = real(math.nan), real(1)
    shift[0, i, k], shift[1, i, k] = top, log
    losses[i, k], counted[i, k] = loss, w


@kernel
def _losses_of_rows(losses, counted, shift, x, target, weight, ignore_index, certain, even):
    lanes = cuda.shared.array(BLOCK, x.dtype)
    i, k = split(cuda.blockIdx.x, x.shape[2])
    top, total = shift_of_row(x, i, k, lanes)
    log, smooth = math.log(total), x.dtype.type(0)
    if even != 0:
        smooth = even * _spread(x, i, k, cuda.threadIdx.x, cuda.blockDim.x, top, log, weight)
        smooth = block_sum(smooth, lanes, 1)
    if cuda.threadIdx.x == 0:
        _put(losses, counted, shift, x, i, k, target[i, k], top, log, weight, ignore_index, certain, smooth)


@kernel
def _losses_of_columns(losses, counted, shift, x, target, weight, ignore_index, certain, even):
    me = cuda.grid(1)
    if me < target.size:
        i, k = split(me, x.shape[2])
        top, total = shift_of_column(x, i, k)
        log, smooth = math.log(total), x.dtype.type(0)
        if even != 0:
            smooth = even * _spread(x, i, k, 0, 1, top, log, weight)
        _put(losses, counted, shift, x, i, k, target[i, k], top, log, weight, ignore_index, certain, smooth)


@kernel
def _backward(out, g, shift, x, target, weight, whole, ignore_index, certain, even):
    me = cuda.grid(1)
    if me < out.size:
        i, c, k = unravel3(me, out.shape)
        t = target[i, k]
        v = x.dtype.type(0)
        if t != ignore_index:
            w = _weight(weight, t, x) if 0 <= t < x.shape[1] else x.dtype.type(1)
            all_weights = x.dtype.type(x.shape[1]) if whole is None else whole[0, 0]
            v = (certain * w + even * all_weights) * math.exp(x[i, c, k] - shift[0, i, k] - shift[1, i, k])
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
