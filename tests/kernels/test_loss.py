"""Loss kernels: against float64, twins; few classes and many, samples and pixels, more of them than fit a block."""

import numpy as np
import pytest

from .twins import both, close

SHAPES = [(1, 1, 1), (3, 2, 1), (150, 3, 1), (2, 63, 1), (2, 64, 1), (2, 301, 1), (2, 3, 5), (1, 2, 140), (2, 70, 3)]


def log_softmax(x):
    x = x.astype(np.float64)
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def drawn(shape, dtype, rng):
    n, classes, s = shape
    x, target = rng.standard_normal(shape).astype(dtype) * 3, rng.integers(0, classes, (n, s))
    target[0, 0] = -100
    return x, target, rng.uniform(0.5, 2, classes).astype(dtype), rng.standard_normal((n, s)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted, smoothing", [(False, 0), (True, 0), (False, 0.2), (True, 0.2)])
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy(shape, weighted, smoothing, dtype, rng):
    (n, classes, s), ignored = shape, -100
    x, target, weight, g = drawn(shape, dtype, rng)
    weight = weight if weighted else None
    w = np.ones(classes) if weight is None else weight.astype(np.float64)
    here = (target[:, None] == np.arange(classes)[None, :, None])
    shares = (here * (1 - smoothing) + smoothing / classes) * w[None, :, None] * (target != ignored)[:, None]
    outs = [((n, s), dtype), ((n, s), dtype), ((2, n, s), dtype)]
    losses, counted, shift = both("loss", "cross_entropy", outs, x, target, weight, ignored, smoothing, length=classes)
    close(losses, -(shares * log_softmax(x)).sum(1), classes)
    close(counted, np.where(target == ignored, 0, w[target % classes]))
    dx, = both("loss", "cross_entropy_backward", [(shape, dtype)], g, shift, x, target, weight, ignored, smoothing,
               length=classes)
    close(dx, g[:, None] * (shares.sum(1, keepdims=True) * np.exp(log_softmax(x)) - shares), classes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_nll(weighted, dtype, rng):
    x, target, weight, g = drawn((3, 4, 5), dtype, rng)
    given = weight if weighted else None
    w = (weight if weighted else np.ones(4))[target % 4] * (target != -100)
    losses, counted = both("loss", "nll", [((3, 5), dtype)] * 2, x, target, given, -100)
    close(losses, -w * np.take_along_axis(x, (target % 4)[:, None], 1)[:, 0])
    close(counted, w)
    dx, = both("loss", "nll_backward", [((3, 4, 5), dtype)], g, target, given, -100)
    close(dx, -(w * g)[:, None] * (target[:, None] == np.arange(4)[None, :, None]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_scores_lose_nothing(dtype):
    x = np.array([[[1e4], [1e4 - 1]], [[-1e4], [0]]], dtype)
    outs = [((2, 1), dtype), ((2, 1), dtype), ((2, 2, 1), dtype)]
    losses, *_ = both("loss", "cross_entropy", outs, x, np.array([[0], [1]]), None, -100, 0.0)
    np.testing.assert_allclose(losses, [[np.log1p(np.exp(-1))], [0]], rtol=1e-6)


def test_no_class_gives_nan():
    x = np.zeros((3, 2, 1), np.float32)
    outs = [((3, 1), "float32"), ((3, 1), "float32")]
    for target, ignored, wrong in (([2, -1, 1], -100, [True, True, False]), ([1, 0, 1], 1, [False] * 3)):
        target = np.array(target)[:, None]
        losses, *_ = both("loss", "cross_entropy", [*outs, ((2, 3, 1), "float32")], x, target, None, ignored, 0.0)
        np.testing.assert_array_equal(np.isnan(losses)[:, 0], wrong)
        losses, _ = both("loss", "nll", outs, x, target, None, ignored)
        np.testing.assert_array_equal(np.isnan(losses)[:, 0], wrong)


@pytest.mark.parametrize("shape", [(0, 3, 1), (2, 3, 0)])
def test_nothing(shape):
    x, target = np.zeros(shape, np.float32), np.zeros((shape[0], shape[2]), np.int64)
    outs = [(target.shape, "float32"), (target.shape, "float32"), ((2, *target.shape), "float32")]
    both("loss", "cross_entropy", outs, x, target, None, -100, 0.0)
    both("loss", "cross_entropy_backward", [(shape, "float32")], x[:, 0], np.zeros((2, *target.shape), np.float32), x,
         target, None, -100, 0.0)
