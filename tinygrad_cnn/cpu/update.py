"""The arithmetic of the optimizers, in place on flat arrays. CUDA twin: cuda/update.py."""

import math

from numba import uintp

from .jit import jit
from .launch import launch, parts_for


def sgd(p, g, velocity, lr, momentum, dampening, weight_decay, nesterov, first):
    """d = g + weight_decay p;  v = momentum v + (1 - dampening) d, or d at the first step;  p -= lr v.

    With `nesterov` p -= lr (d + momentum v); where `velocity` is None p -= lr d.
    """
    numbers = map(p.dtype.type, (lr, momentum, 1 - dampening, weight_decay))
    launch(_sgd, parts_for(p.size), p, g, velocity, *numbers, bool(nesterov), bool(first))


def adam(p, g, m, v, lr, beta1, beta2, eps, weight_decay, decoupled, step):
    """m += (1 - beta1)(d - m);  v += (1 - beta2)(d^2 - v);  p -= lr m' / (sqrt(v') + eps).

    m' = m / (1 - beta1^step), v' = v / (1 - beta2^step), `step` counts from 1. d = g + weight_decay p, or `decoupled`
    (AdamW) d = g, and before all p -= lr weight_decay p.
    """
    decay, shrink = (0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1)
    rate, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
    numbers = map(p.dtype.type, (rate, 1 / root, 1 - beta1, 1 - beta2, eps, decay, shrink))
    launch(_adam, parts_for(p.size), p, g, m, v, *numbers)


def average(p, q, weight):
    """p += weight (q - p)."""
    launch(_average, parts_for(p.size), p, q, p.dtype.type(weight))


@jit
def _sgd(part, parts, p, g, velocity, lr, momentum, fresh, weight_decay, nesterov, first):
    for i in range(uintp(part * p.size // parts), uintp((part + 1) * p.size // parts)):
        d = g[i] + weight_decay * p[i]
        if velocity is not None:
            v = d if first else momentum * velocity[i] + fresh * d
            velocity[i] = v
            d = d + momentum * v if nesterov else v
        p[i] -= lr * d


@jit
def _adam(part, parts, p, g, m, v, rate, correction, fresh1, fresh2, eps, decay, shrink):
    for i in range(uintp(part * p.size // parts), uintp((part + 1) * p.size // parts)):
        d = g[i] + decay * p[i]
        m[i] += fresh1 * (d - m[i])
        v[i] += fresh2 * (d * d - v[i])
        p[i] = shrink * p[i] - rate * m[i] / (math.sqrt(v[i]) * correction + eps)


@jit
def _average(part, parts, p, q, weight):
    for i in range(uintp(part * p.size // parts), uintp((part + 1) * p.size // parts)):
        p[i] += weight * (q[i] - p[i])
