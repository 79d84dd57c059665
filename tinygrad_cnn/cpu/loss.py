"""Cross-entropy of the rows of x (m, n) with a class for each, and its derivative. CUDA twin: cuda/loss.py."""

import numpy as np

from .jit import jit
from .launch import launch, parts_for
from .softmax import COST, block_of_rows, exponentials, log_softmax


def cross_entropy(losses, log_p, x, target, ignore_index):
    """log_p = log_softmax(x);  losses[i] = -log_p[i, target[i]], 0 at ignore_index, NaN where it is no class."""
    log_softmax(log_p, x)
    launch(_pick, parts_for(target.size), losses, log_p, target, ignore_index)


def cross_entropy_backward(out, g, log_p, target, ignore_index):
    """out[i,j] = g[i] * (exp(log_p[i,j]) - (1 if j == target[i] else 0)), 0 at ignore_index."""
    launch(_cross_entropy_backward, parts_for(COST * out.size), out, g, log_p, target, ignore_index)


@jit
def _pick(part, parts, losses, log_p, target, ignore_index):
    m, n = log_p.shape
    for i in range(part * m // parts, (part + 1) * m // parts):
        t = target[i]
        if t == ignore_index:
            losses[i] = 0
        else:
            losses[i] = -log_p[i, t] if 0 <= t < n else np.nan


@jit
def _cross_entropy_backward(part, parts, out, g, log_p, target, ignore_index):
    m, n = log_p.shape
    end, step = (part + 1) * m // parts, block_of_rows(n)
    for start in range(part * m // parts, end, step):
        stop = min(start + step, end)
        exponentials(out[start:stop], log_p[start:stop])
        for i in range(start, stop):
            to, t = out[i], target[i]
            scale = g.dtype.type(0) if t == ignore_index else g[i]
            for j in range(n):
                to[j] *= scale
            if t != ignore_index and 0 <= t < n:
                to[t] -= scale
