"""The arithmetic of the optimizers, in place on flat arrays. CPU twin: cpu/update.py."""

import math

from .driver import cuda, kernel, launch


def sgd(p, g, velocity, lr, momentum, dampening, weight_decay, nesterov, first):
    """d = g + weight_decay p;  v = momentum v + (1 - dampening) d, or d at the first step;  p -= lr v.

    With `nesterov` p -= lr (d + momentum v); where `velocity` is None p -= lr d.
    """
    numbers = map(p.dtype.type, (lr, momentum, 1 - dampening, weight_decay))
    launch(_sgd, p.size, p, g, velocity, *numbers, bool(nesterov), bool(first))


def adam(p, g, m, v, top, rate, ahead, correction, beta1, beta2, eps, decay, shrink):
    """d = g + decay p;  m += (1 - beta1)(d - m);  v += (1 - beta2)(d^2 - v);  top = max(top, v), if there is a top.

    p = shrink p - (rate m + ahead d) / (sqrt(v) correction + eps), with top in place of v if there is one.
    """
    numbers = map(p.dtype.type, (rate, ahead, correction, 1 - beta1, 1 - beta2, eps, decay, shrink))
    launch(_adam, p.size, p, g, m, v, top, *numbers)


def adamax(p, g, m, u, rate, beta1, beta2, eps, decay):
    """d = g + decay p;  m += (1 - beta1)(d - m);  u = max(beta2 u, |d| + eps);  p -= rate m / u."""
    launch(_adamax, p.size, p, g, m, u, *map(p.dtype.type, (rate, 1 - beta1, beta2, eps, decay)))


def rmsprop(p, g, v, mean, velocity, lr, alpha, eps, decay, momentum):
    """d = g + decay p;  v = alpha v + (1 - alpha) d^2;  step = d / (sqrt(v) + eps);  p -= lr step.

    Where there is a `mean` it is the running mean of d, and its square is taken from v under the root. Where there is a
    `velocity`, velocity = momentum velocity + step, and p -= lr velocity.
    """
    numbers = map(p.dtype.type, (lr, alpha, 1 - alpha, eps, decay, momentum))
    launch(_rmsprop, p.size, p, g, v, mean, velocity, *numbers)


def adagrad(p, g, total, rate, eps, decay):
    """d = g + decay p;  total += d^2;  p -= rate d / (sqrt(total) + eps)."""
    launch(_adagrad, p.size, p, g, total, *map(p.dtype.type, (rate, eps, decay)))


def adadelta(p, g, v, u, lr, rho, eps, decay):
    """d = g + decay p;  v = rho v + (1 - rho) d^2;  step = sqrt(u + eps) / sqrt(v + eps) d;  u likewise of step^2;

    p -= lr step.
    """
    launch(_adadelta, p.size, p, g, v, u, *map(p.dtype.type, (lr, rho, 1 - rho, eps, decay)))


def average(p, q, weight):
    """p += weight (q - p)."""
    launch(_average, p.size, p, q, p.dtype.type(weight))


@kernel
def _sgd(p, g, velocity, lr, momentum, fresh, weight_decay, nesterov, first):
    i = cuda.grid(1)
    if i < p.size:
        d = g[i] + weight_decay * p[i]
        if velocity is not None:
            v = d if first else momentum * velocity[i] + fresh * d
            velocity[i] = v
            d = d + momentum * v if nesterov else v
        p[i] -= lr * d


@kernel
def _adam(p, g, m, v, top, rate, ahead, correction, fresh1, fresh2, eps, decay, shrink):
    i = cuda.grid(1)
    if i < p.size:
        d = g[i] + decay * p[i]
        m[i] += fresh1 * (d - m[i])
        v[i] += fresh2 * (d * d - v[i])
        square = v[i]
        if top is not None:
            square = max(top[i], square)
            top[i] = square
        p[i] = shrink * p[i] - (rate * m[i] + ahead * d) / (math.sqrt(square) * correction + eps)


@kernel
def _adamax(p, g, m, u, rate, fresh, beta2, eps, decay):
    i = cuda.grid(1)
    if i < p.size:
        d = g[i] + decay * p[i]
        m[i] += fresh * (d - m[i])
        u[i] = max(beta2 * u[i], abs(d) + eps)
        p[i] -= rate * m[i] / u[i]


@kernel
def _rmsprop(p, g, v, mean, velocity, lr, alpha, fresh, eps, decay, momentum):
    i = cuda.grid(1)
    if i < p.size:
        d = g[i] + decay * p[i]
        v[i] = alpha * v[i] + fresh * d * d
        square = v[i]
        if mean is not None:
            mean[i] += fresh * (d - mean[i])
            square -= mean[i] * mean[i]
        step = d / (math.sqrt(square) + eps)
        if velocity is not None:
            step += momentum * velocity[i]
            velocity[i] = step
        p[i] -= lr * step


@kernel
def _adagrad(p, g, total, rate, eps, decay):
    i = cuda.grid(1)
    if i < p.size:
        d = g[i] + decay * p[i]
        total[i] += d * d
        p[i] -= rate * d / (math.sqrt(total[i]) + eps)


@kernel
def _adadelta(p, g, v, u, lr, rho, fresh, eps, decay):
    i = cuda.grid(1)
    if i < p.size:
        d = g[i] + decay * p[i]
        v[i] = rho * v[i] + fresh * d * d
        step = math.sqrt(u[i] + eps) / math.sqrt(v[i] + eps) * d
        u[i] = rho * u[i] + fresh * step * step
        p[i] -= lr * step


@kernel
def _average(p, q, weight):
    i = cuda.grid(1)
    if i < p.size:
        p[i] += weight * (q[i] - p[i])
