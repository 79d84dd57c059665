"""Each fast convolution is picked for its shapes and equals the plain kernels; it reads and writes nothing outside."""

import numpy as np
import pytest

from tinygrad_cnn.cpu import conv, conv_tile, depthwise, launch, move, thin, winograd

from ..kernels.twins import on_cpu

SHAPES = {
    # module: (batch, spatial extent, channels in, channels out, window, stride, padding, dilation, groups)
    conv_tile: [
        (2, (1, 9, 7), 8, 9, (1, 3, 3), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
        (3, (1, 6, 5), 9, 8, (1, 3, 2), (1, 2, 1), (0, 1, 1), (1, 1, 2), 1),
        (1, (1, 9, 9), 17, 33, (1, 5, 4), (1, 2, 3), (0, 3, 2), (1, 2, 1), 1),
        (2, (1, 7, 8), 33, 40, (1, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1), 1),
        (2, (4, 5, 6), 8, 12, (3, 2, 3), (2, 1, 2), (1, 0, 2), (1, 2, 1), 1),
        (3, (1, 9, 8), 15, 20, (1, 1, 1), (1, 3, 3), (0, 0, 0), (1, 1, 1), 1),
        (2, (1, 11, 9), 8, 8, (1, 3, 3), (1, 1, 2), (0, 2, 1), (1, 2, 1), 1),
        (2, (1, 9, 13), 12, 3, (1, 3, 2), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
        (2, (1, 9, 8), 32, 32, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 8),
        (2, (1, 9, 8), 24, 12, (1, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1), 4),
        (40, (3, 3, 3), 8, 12, (3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1), 1),
        (2, (4, 7, 8), 8, 12, (2, 1, 2), (2, 3, 2), (1, 0, 1), (1, 1, 2), 1),
        (40, (1, 3, 3), 40, 40, (1, 1, 1), (1, 2, 2), (0, 0, 0), (1, 1, 1), 1),
        (2, (1, 6, 6), 24, 36, (1, 3, 3), (1, 1, 1), (0, 2, 1), (1, 1, 1), 3),
        (2, (1, 6, 6), 5, 10, (1, 3, 3), (1, 2, 1), (0, 1, 1), (1, 1, 1), 5),
        (1, (1, 3, 300), 8, 8, (1, 2, 2), (1, 1, 1), (0, 0, 1), (1, 1, 1), 1),
        (70, (1, 14, 14), 16, 40, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
        (2, (1, 9, 9), 18, 8, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 2),
    ],
    thin: [
        (3, (1, 9, 8), 7, 8, (1, 3, 3), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),        # runs of 21 taps, four at a time
        (2, (1, 8, 9), 5, 7, (1, 3, 3), (1, 1, 2), (0, 1, 1), (1, 1, 2), 1),
        (17, (7, 8, 9), 7, 12, (3, 2, 3), (3, 2, 1), (2, 0, 2), (2, 1, 2), 1),
        (2, (1, 7, 9), 7, 8, (1, 1, 3), (1, 3, 3), (0, 0, 0), (1, 1, 1), 1),
        (3, (1, 9, 8), 5, 20, (1, 1, 1), (1, 3, 3), (0, 0, 0), (1, 1, 1), 1),
        (2, (1, 12, 30), 4, 33, (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
        (2, (1, 20, 19), 4, 8, (1, 5, 5), (1, 1, 1), (0, 6, 6), (1, 3, 3), 1),
        (3, (1, 1, 50), 7, 24, (1, 1, 3), (1, 1, 2), (0, 0, 3), (1, 1, 3), 1),
        (1, (1, 9, 70), 1, 8, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
        (2, (1, 12, 11), 3, 20, (1, 7, 7), (1, 2, 2), (0, 3, 3), (1, 1, 1), 1),
        (5, (1, 8, 8), 1, 32, (1, 3, 3), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
        (1, (1, 65, 63), 2, 33, (1, 4, 5), (1, 1, 1), (0, 1, 2), (1, 1, 1), 1),
        (3, (1, 37, 29), 1, 16, (1, 3, 3), (1, 3, 2), (0, 2, 2), (1, 2, 3), 1),
        (2, (5, 40, 9), 4, 16, (3, 2, 3), (2, 1, 2), (2, 0, 3), (1, 2, 1), 1),
        (2, (1, 40, 9), 7, 28, (1, 2, 2), (1, 3, 3), (0, 0, 0), (1, 1, 1), 1),
        (9, (1, 1, 300), 5, 24, (1, 1, 3), (1, 1, 2), (0, 0, 3), (1, 1, 3), 1),
        (1, (3, 3, 3), 6, 24, (3, 3, 3), (1, 1, 1), (4, 5, 4), (1, 2, 1), 1),
        (2, (1, 30, 31), 3, 100, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
        (2, (1, 40, 9), 1, 70, (1, 4, 5), (1, 3, 2), (0, 1, 2), (1, 1, 1), 1),
        (2, (4, 7, 9), 2, 130, (3, 3, 3), (3, 2, 1), (1, 1, 1), (1, 1, 2), 1),
        (3, (1, 9, 40), 4, 8, (1, 3, 3), (1, 3, 3), (0, 3, 3), (1, 3, 3), 1),
        (1, (1, 4, 4), 2, 8, (1, 2, 2), (1, 3, 3), (0, 0, 0), (1, 1, 1), 1),
        (1, (1, 200, 150), 3, 33, (1, 5, 5), (1, 1, 1), (0, 2, 2), (1, 1, 1), 1),
        (2, (1, 12, 30), 1, 40, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
        (5, (6, 9, 8), 1, 16, (2, 2, 2), (3, 3, 3), (0, 0, 0), (1, 1, 1), 1),
        (2, (1, 60, 130), 5, 60, (1, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1), 1),
        (20, (1, 13, 12), 3, 12, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),    # images copied whole, taps in threes
        (17, (6, 7, 9), 1, 12, (3, 3, 3), (1, 1, 1), (3, 3, 3), (3, 3, 3), 1),
        (33, (1, 14, 13), 1, 24, (1, 5, 5), (1, 3, 3), (0, 4, 4), (1, 2, 2), 1),    # in fives
        (18, (1, 28, 27), 3, 16, (1, 3, 2), (1, 1, 1), (0, 2, 1), (1, 2, 1), 1),
        (16, (5, 9, 9), 3, 24, (2, 3, 2), (1, 1, 1), (1, 1, 0), (1, 1, 1), 1),
        (2, (1, 1, 700), 7, 24, (1, 1, 3), (1, 1, 1), (0, 0, 2), (1, 1, 2), 1),
        (90, (2, 4, 4), 2, 12, (2, 3, 3), (1, 2, 2), (0, 1, 1), (1, 1, 1), 1),
        (3, (1, 6, 7), 3, 12, (1, 3, 3), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
        (2, (1, 20, 19), 3, 8, (1, 5, 5), (1, 1, 1), (0, 6, 6), (1, 3, 3), 1),      # four lanes for runs of three taps
        (3, (1, 12, 13), 2, 16, (1, 3, 3), (1, 1, 1), (0, 2, 2), (1, 2, 2), 1),     # in twos
        (50, (1, 5, 7), 1, 9, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
        (51, (2, 7, 11), 2, 6, (2, 2, 3), (2, 3, 2), (0, 1, 1), (1, 2, 3), 1),
        (35, (1, 1, 1100), 3, 5, (1, 1, 4), (1, 1, 2), (0, 0, 4), (1, 1, 3), 1),
        (1, (1, 1, 530), 1, 4, (1, 1, 3), (1, 1, 1), (0, 0, 0), (1, 1, 2), 1),
        (33, (1, 6, 50), 7, 7, (1, 1, 5), (1, 2, 3), (0, 0, 1), (1, 1, 1), 1),
        (2, (1, 40, 6), 3, 12, (1, 3, 2), (1, 1, 4), (0, 1, 0), (1, 1, 1), 1),
        (7, (1, 23, 11), 3, 20, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),     # lines of several images, in pieces
    ],
    winograd: [
        (2, (1, 9, 8), 32, 40, (1, 3, 3), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
        (3, (1, 5, 6), 33, 32, (1, 3, 3), (1, 1, 1), (0, 1, 2), (1, 1, 1), 1),
        (40, (1, 8, 8), 40, 70, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 1),
    ],
    depthwise: [
        (1, (1, 2, 2), 40, 40, (1, 3, 3), (1, 3, 3), (0, 1, 1), (1, 1, 1), 40),
        (2, (1, 7, 9), 8, 8, (1, 3, 3), (1, 1, 1), (0, 1, 1), (1, 1, 1), 8),
        (3, (2, 7, 6), 33, 33, (2, 3, 5), (1, 2, 2), (1, 1, 2), (1, 1, 1), 33),
        (20, (1, 9, 9), 40, 40, (1, 3, 3), (1, 1, 1), (0, 2, 2), (1, 2, 2), 40),
        (2, (1, 1, 20), 20, 20, (1, 1, 2), (1, 1, 3), (0, 0, 1), (1, 1, 3), 20),
        (1, (6, 20, 40), 200, 200, (3, 3, 3), (1, 1, 1), (3, 3, 3), (3, 3, 3), 200),
        (1, (1, 90, 31), 70, 70, (1, 5, 4), (1, 2, 3), (0, 6, 5), (1, 3, 2), 70),
        (3, (1, 7, 5), 5, 5, (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 5),
        (2, (2, 7, 90), 129, 129, (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 129),
        (30, (1, 30, 30), 40, 40, (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 40),
        (2, (1, 9, 9), 40, 40, (1, 1, 1), (1, 2, 2), (0, 1, 0), (1, 1, 1), 40),
        (2, (1, 3, 40), 16, 16, (1, 1, 7), (1, 1, 1), (0, 0, 9), (1, 1, 3), 16),
        (2, (1, 6, 50), 64, 64, (1, 3, 9), (1, 1, 2), (0, 1, 4), (1, 1, 2), 64),
        (2, (1, 8, 11), 30, 30, (1, 2, 5), (1, 3, 2), (0, 0, 0), (1, 2, 1), 30),
    ],
}
CASES = [(module, shape) for module, shapes in SHAPES.items() for shape in shapes]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].__name__.rsplit('.')[-1]}-{case[1]}")
def case(request, rng):
    """(module, x, w, bias, g, stride, padding, dilation, groups) of one shape."""
    module, (batch, spatial, inputs, outputs, window, stride, padding, dilation, groups) = request.param
    extent = [(n + 2 * p - d * (k - 1) - 1) // s + 1
              for n, k, s, p, d in zip(spatial, window, stride, padding, dilation)]
    shapes = (batch, *spatial, inputs), (outputs, inputs // groups, *window), outputs, (batch, *extent, outputs)
    x, w, bias, g = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
    return module, x, w, bias, g, stride, padding, dilation, groups


def check(module, name, out, length, *args):
    """The fast kernel, on arrays inside NaN, against the plain one in float64; its bits on one thread and on two."""
    exact = np.empty(out, np.float64)
    getattr(conv, name)(exact, *[a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in args])
    count = launch.threads()
    results = []
    try:
        for threads in {1, count}:
            launch.set_num_threads(threads)
            results += on_cpu("conv", name, [(out, np.float32)], *args)
    finally:
        launch.set_num_threads(count)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0], "one thread and several differ")
    if module is winograd:
        atol = (1.5e-6 if name == "forward" else 3e-6) * np.abs(exact).max()
    else:
        atol = 1e-5 * np.sqrt(length) * 9                                                # no term is larger than 3 * 3
    np.testing.assert_allclose(results[0], exact, rtol=0, atol=atol)


@pytest.mark.parametrize("relu", [False, True])
def test_forward(case, relu):
    module, x, w, bias, g, stride, padding, dilation, groups = case
    assert conv._fast(g, x, w, stride, dilation, groups) is module
    check(module, "forward", g.shape, w[0].size, x, w, bias if relu else None, stride, padding, dilation, groups, relu)


def test_transpose(case):
    module, x, w, bias, g, stride, padding, dilation, groups = case
    assert conv._fast(x, g, w, stride, dilation, groups) is module
    check(module, "transpose", x.shape, w[:, 0].size, g, w, bias[:x.shape[4]] if len(bias) >= x.shape[4] else None,
          stride, padding, dilation, groups)


def test_large_outputs_are_streamed(case, monkeypatch):
    module, x, w, bias, g, stride, padding, dilation, groups = case
    monkeypatch.setattr(move, "LARGE", 0)
    arguments = stride, padding, dilation, groups
    check(module, "forward", g.shape, w[0].size, x, w, bias, *arguments, False)
    check(module, "transpose", x.shape, w[:, 0].size, g, w, None, *arguments)


def test_weight(case):
    module, x, w, _, g, stride, padding, dilation, groups = case
    assert conv._fast(g, x, w, stride, dilation, groups) is module
    check(module, "weight", w.shape, g[..., 0].size, x, g, stride, padding, dilation, groups)


@pytest.mark.parametrize("name, most", [("forward", 2.8), ("transpose", 4.2)])
@pytest.mark.parametrize("channels", [32, 128])
def test_winograd_rounds_not_much_more_than_the_tiles(name, most, channels, rng):
    x, w = (rng.standard_normal(shape) for shape in ((1, 1, 12, 12, channels), (channels, channels, 1, 3, 3)))
    x = np.maximum(x, 0) if name == "forward" else x                        # as behind a ReLU
    exact = np.empty_like(x)
    arguments = None, (1, 1, 1), (0, 1, 1), (1, 1, 1), 1, *[False] * (name == "forward")
    getattr(conv, name)(exact, x.astype(np.float32).astype(float), w.astype(np.float32).astype(float), *arguments)
    errors = []
    for module in (winograd, conv_tile):
        out = np.empty(x.shape, np.float32)
        getattr(module, name)(out, x.astype(np.float32), w.astype(np.float32), *arguments)
        errors.append(np.sqrt(np.mean((out - exact) ** 2)))
    assert errors[0] < most * errors[1]


def test_winograd_can_be_switched_off(monkeypatch):
    x, w = np.zeros((1, 1, 8, 8, 32), np.float32), np.zeros((32, 32, 1, 3, 3), np.float32)
    assert conv._fast(x, x, w, (1, 1, 1), (1, 1, 1), 1) is winograd
    monkeypatch.setattr(winograd, "on", False)
    assert conv._fast(x, x, w, (1, 1, 1), (1, 1, 1), 1) is conv_tile


@pytest.mark.parametrize("batch, module", [(1, conv_tile), (8, winograd)])
def test_winograd_serves_many_channels_where_pixels_pay(batch, module):
    x, w = np.empty((batch, 1, 14, 14, 512), np.float32), np.empty((512, 512, 1, 3, 3), np.float32)
    assert conv._fast(x, x, w, (1, 1, 1), (1, 1, 1), 1) is module


@pytest.mark.parametrize("batch, extent, tiles", [(1, 12, True), (5, 12, False), (20, 8, True)])
def test_the_gradient_of_heavy_weights_takes_winograd_where_pixels_pay(batch, extent, tiles, rng, monkeypatch):
    monkeypatch.setattr(winograd, "WINDOWS", 32 * 32 - 1)
    x, g = (rng.standard_normal((batch, 1, extent, extent, 32), dtype=np.float32) for _ in range(2))
    out, other = (np.empty((32, 32, 1, 3, 3), np.float32) for _ in range(2))
    for module, found in (winograd, out), (conv_tile, other):
        module.weight(found, x, g, (1, 1, 1), (0, 1, 1), (1, 1, 1), 1)
    assert np.array_equal(out, other) is tiles
    np.testing.assert_allclose(out, other, rtol=0, atol=1e-4 * np.abs(other).max())


def test_float64_and_empty_arrays_are_served_by_the_plain_kernels():
    one = (1, 1, 1)
    x, w, bias = np.ones((1, 1, 2, 2, 3)), np.ones((4, 3, *one)), np.arange(4.0)
    assert conv._fast(x, x, w, one, one, 1) is None
    for dtype in (np.float32, np.float64):
        out = np.full((2, 1, 3, 3, 4), np.nan, dtype)
        conv.forward(out, np.ones((2, 1, 3, 3, 0), dtype), np.ones((4, 0, *one), dtype), bias.astype(dtype), one,
                     (0, 0, 0), one, 1, False)
        np.testing.assert_array_equal(out, np.broadcast_to(bias, out.shape))
        dw = np.full(w.shape, np.nan, dtype)
        conv.weight(dw, np.ones((0, 1, 2, 2, 3), dtype), np.ones((0, 1, 2, 2, 4), dtype), one, (0, 0, 0), one, 1)
        assert not dw.any()


def test_nan_reaches_the_outputs_that_see_it_and_passes_relu(rng):
    x, w = (rng.standard_normal(shape, dtype=np.float32) for shape in ((1, 1, 9, 9, 8), (8, 8, 1, 3, 3)))
    x[0, 0, 4, 4, 2] = np.nan
    out = np.empty((1, 1, 7, 7, 8), np.float32)
    conv.forward(out, x, w, None, (1, 1, 1), (0, 0, 0), (1, 1, 1), 1, True)
    seen = np.zeros((7, 7), bool)
    seen[2:5, 2:5] = True
    np.testing.assert_array_equal(np.isnan(out[0, 0]).all(2), seen)
    np.testing.assert_array_equal(np.isnan(out[0, 0]).any(2), seen)


def test_an_array_that_cannot_be_written_is_read(rng):
    x, w = (rng.standard_normal(shape, dtype=np.float32) for shape in ((1, 1, 5, 5, 8), (8, 8, 1, 3, 3)))
    out, again = np.empty((2, 1, 1, 3, 3, 8), np.float32)
    conv.forward(out, x, w, None, (1, 1, 1), (0, 0, 0), (1, 1, 1), 1, False)
    x.flags.writeable = w.flags.writeable = False
    conv.forward(again, x, w, None, (1, 1, 1), (0, 0, 0), (1, 1, 1), 1, False)
    np.testing.assert_array_equal(out, again)
