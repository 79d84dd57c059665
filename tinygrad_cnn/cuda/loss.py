"""Cross-entropy of the rows of x (m, n) with a class for each, and its derivative. CPU twin: cpu/loss.py."""

import math

from .driver import cuda, kernel, launch
from .intrinsics import split
from .softmax import log_softmax


def cross_entropy(losses, log_p, x, target, ignore_index):
    """log_p = log_softmax(x);  losses[i] = -log_p[i, target[i]], 0 at ignore_index, NaN where it is no class."""
    log_softmax(log_p, x)
    launch(_pick, target.size, losses, log_p, target, ignore_index)


def cross_entropy_backward(out, g, log_p, target, ignore_index):
    """out[i,j] = g[i] * (exp(log_p[i,j]) - (1 if j == target[i] else 0)), 0 at ignore_index."""
    launch(_cross_entropy_backward, out.size, out, g, log_p, target, ignore_index)


@kernel
def _pick(losses, log_p, target, ignore_index):
    i = cuda.grid(1)
    if i < target.size:
        t = target[i]
        if t == ignore_index:
            losses[i] = losses.dtype.type(0)
        else:
            losses[i] = -log_p[i, t] if 0 <= t < log_p.shape[1] else losses.dtype.type(math.nan)


@kernel
def _cross_entropy_backward(out, g, log_p, target, ignore_index):
    me = cuda.grid(1)
    if me < out.size:
        i, j = split(me, out.shape[1])
        t = target[i]
        v = math.exp(log_p[i, j])
        if t == j:
            v -= out.dtype.type(1)
        out[i, j] = out.dtype.type(0) if t == ignore_index else g[i] * v
