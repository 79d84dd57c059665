"""The optimizers' arithmetic: ten steps against the formulas as PyTorch's documentation states them, twins."""

import numpy as np
import pytest

from .views import same

SIZE = 70


def sgd(p, g, v, lr, momentum, dampening, weight_decay, nesterov, first):
    d = g + weight_decay * p
    if v is not None:
        v[...] = d if first else momentum * v + (1 - dampening) * d
        d = d + momentum * v if nesterov else v
    p -= lr * d


def adam(p, g, m, v, top, rate, ahead, correction, beta1, beta2, eps, decay, shrink):
    d = g + decay * p
    m[...] = beta1 * m + (1 - beta1) * d
    v[...] = beta2 * v + (1 - beta2) * d * d
    if top is not None:
        top[...] = np.maximum(top, v)
    p[...] = shrink * p - (rate * m + ahead * d) / (np.sqrt(v if top is None else top) * correction + eps)


def adamax(p, g, m, u, rate, beta1, beta2, eps, decay):
    d = g + decay * p
    m[...] = beta1 * m + (1 - beta1) * d
    u[...] = np.maximum(beta2 * u, np.abs(d) + eps)
    p -= rate * m / u


def rmsprop(p, g, v, mean, velocity, lr, alpha, eps, decay, momentum):
    d = g + decay * p
    v[...] = alpha * v + (1 - alpha) * d * d
    mean[...] = alpha * mean + (1 - alpha) * d
    velocity[...] = momentum * velocity + d / (np.sqrt(v - mean**2) + eps)
    p -= lr * velocity


def rmsprop_plain(p, g, v, mean, velocity, lr, alpha, eps, decay, momentum):
    d = g + decay * p
    v[...] = alpha * v + (1 - alpha) * d * d
    p -= lr * d / (np.sqrt(v) + eps)


def adagrad(p, g, total, rate, eps, decay):
    d = g + decay * p
    total += d * d
    p -= rate * d / (np.sqrt(total) + eps)


def adadelta(p, g, v, u, lr, rho, eps, decay):
    d = g + decay * p
    v[...] = rho * v + (1 - rho) * d * d
    step = np.sqrt(u + eps) / np.sqrt(v + eps) * d
    u[...] = rho * u + (1 - rho) * step * step
    p -= lr * step


def ten_steps(name, reference, state, extra, dtype, rng):
    """`extra(step)`: the arguments behind the arrays; `state`: how many arrays beside p and g, -1 for a None."""
    p = rng.standard_normal(SIZE)
    arrays = [p.astype(dtype), *np.zeros((max(state, 0), SIZE), dtype)]
    wanted = [a.astype(np.float64) for a in arrays]
    nothing = [None] if state < 0 else []
    for step in range(10):
        g = rng.standard_normal(SIZE).astype(dtype)
        def call(k, *arrays, step=step):
            getattr(k.update, name)(*arrays, *nothing, *extra(step))

        p, _, *rest = same(call, arrays[0], g, *arrays[1:], exact=False)
        arrays = [p.copy(), *(r.copy() for r in rest)]
        reference(wanted[0], g.astype(np.float64), *wanted[1:], *nothing, *extra(step))
    for a, b in zip(arrays, wanted):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-6 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("momentum, dampening, decay, nesterov", [
    (0, 0, 0, False), (0, 0, 0.1, False), (0.9, 0, 0, False), (0.9, 0.3, 0.1, False), (0.9, 0, 5e-4, True)])
def test_sgd(momentum, dampening, decay, nesterov, dtype, rng):
    def extra(step):
        return 0.1, momentum, dampening, decay, nesterov, step == 0

    ten_steps("sgd", sgd, 1 if momentum else -1, extra, dtype, rng)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ahead, decay, shrink", [(0, 0, 1), (0, 0.1, 1), (0.004, 0, 0.99)])
def test_adam(ahead, decay, shrink, dtype, rng):
    def extra(step):
        correction = 1 / np.sqrt(1 - 0.999 ** (step + 1))
        return 0.01 / (1 - 0.9 ** (step + 1)), ahead, correction, 0.9, 0.999, 1e-8, decay, shrink

    ten_steps("adam", adam, 3, extra, dtype, rng)
    ten_steps("adam", adam, 2, lambda step: (None, *extra(step)), dtype, rng)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, reference, state, options", [
    ("adamax", adamax, 2, (0.01, 0.9, 0.99, 1e-6, 0.1)), ("adagrad", adagrad, 1, (0.1, 1e-6, 0.1)),
    ("adadelta", adadelta, 2, (0.5, 0.9, 1e-4, 0.1)), ("rmsprop", rmsprop, 3, (0.01, 0.9, 1e-2, 0.1, 0.8)),
    ("rmsprop", rmsprop_plain, 1, (None, None, 0.01, 0.9, 1e-4, 0.1, 0.0))])
def test_adaptive(name, reference, state, options, dtype, rng):
    ten_steps(name, reference, state, lambda step: options, dtype, rng)


def test_the_first_velocity_is_not_read(rng):
    p, g = rng.standard_normal((2, SIZE)).astype(np.float32)
    after, _, velocity = same(lambda k, p, g, v: k.update.sgd(p, g, v, 0.1, 0.9, 0, 0, False, True), p, g,
                              np.full_like(p, np.nan), exact=False)
    np.testing.assert_array_equal(velocity, g)
    assert np.isfinite(after).all()


@pytest.mark.parametrize("size", [0, 1, SIZE])
def test_average(size, rng):
    p, q = rng.standard_normal((2, size)).astype(np.float32)
    after, _ = same(lambda k, p, q: k.update.average(p, q, 0.25), p, q, exact=False)
    np.testing.assert_allclose(after, 0.75 * p + 0.25 * q, rtol=0, atol=1e-6)
