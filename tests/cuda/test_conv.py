"""Convolution on CUDA: plain and tile kernels against a definition in numpy float64, and which one is picked."""

import itertools

import numpy as np
import pytest

from tinygrad_cnn.cuda import conv, conv_tile, tile
from tinygrad_cnn.cuda.memory import download, empty, upload

ONE, NONE = (1, 1, 1), (0, 0, 0)

PLAIN = {
    # (spatial extent, channels in, channels out, window, stride, padding, dilation, groups)
    "2d": ((1, 4, 5), 2, 3, (1, 3, 3), ONE, (0, 1, 1), ONE, 1),
    "3d": ((3, 3, 4), 2, 2, (2, 2, 3), (1, 2, 1), (1, 0, 1), ONE, 1),
    "stride": ((1, 6, 5), 2, 2, (1, 3, 2), (1, 2, 3), (0, 1, 0), ONE, 1),
    "dilation": ((1, 6, 6), 2, 2, (1, 2, 3), (1, 2, 1), (0, 1, 2), (1, 3, 2), 1),
    "groups": ((1, 3, 4), 4, 6, (1, 2, 2), ONE, (0, 1, 0), ONE, 2),
    "depthwise": ((1, 4, 4), 3, 6, (1, 3, 3), (1, 2, 2), (0, 1, 1), ONE, 3),
    "gaps": ((1, 5, 5), 2, 2, (1, 1, 1), (1, 2, 3), NONE, ONE, 1),
}
TILE = {
    "row": ((1, 1, 4), 4, 4, (1, 1, 3), ONE, (0, 0, 1), ONE, 1),
    "image": ((1, 3, 3), 4, 8, (1, 2, 2), ONE, (0, 1, 0), ONE, 1),
    "odd channels": ((1, 2, 3), 3, 5, (1, 1, 2), ONE, NONE, ONE, 1),
    "stride": ((1, 4, 3), 4, 4, (1, 2, 1), (1, 2, 1), (0, 1, 0), ONE, 1),
    "stride, dilation": ((1, 1, 7), 4, 4, (1, 1, 3), (1, 1, 2), (0, 0, 1), (1, 1, 2), 1),
    "stride beyond the image": ((1, 1, 2), 4, 4, (1, 1, 1), (1, 1, 3), NONE, ONE, 1),
    "3d": ((2, 2, 2), 4, 4, (2, 1, 1), ONE, (1, 0, 0), ONE, 1),
}


def extent(spatial, window, stride, padding, dilation):
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1
                 for n, k, s, p, d in zip(spatial, window, stride, padding, dilation))


def taps(x, w, out, stride, padding, dilation):
    """For each tap (i, j, k): it, the window places where it lies inside x, and the pixels of x there, as indices."""
    for tap in itertools.product(*map(range, w[2:])):
        places = [[(p, p * s + i * d - o) for p in range(size) if 0 <= p * s + i * d - o < n]
                  for size, s, i, d, o, n in zip(out[1:4], stride, tap, dilation, padding, x[1:4])]
        if all(places):
            yield tap, *(np.ix_(*[[place[k] for place in axis] for axis in places]) for k in (0, 1))


def reference(x, w, g, stride, padding, dilation, groups):
    """The convolution of x and w, and the adjoints of g in x and in w, in float64."""
    x, w, g = (a.astype(np.float64) for a in (x, w, g))
    out, dx, dw = np.zeros(g.shape), np.zeros(x.shape), np.zeros(w.shape)
    inputs, outputs = w.shape[1], w.shape[0] // groups
    for tap, at, source in taps(x.shape, w.shape, g.shape, stride, padding, dilation):
        for group in range(groups):
            c, o = slice(group * inputs, (group + 1) * inputs), slice(group * outputs, (group + 1) * outputs)
            seen, weight = x[:, *source, c], w[(o, slice(None), *tap)]
            out[:, *at, o] += seen @ weight.T
            dx[:, *source, c] += g[:, *at, o] @ weight
            dw[(o, slice(None), *tap)] = np.einsum("npqro,npqrc->oc", g[:, *at, o], seen)
    return out, dx, dw


def setting(rng, case, dtype, images=2, whole=True):
    spatial, inputs, outputs, window, stride, padding, dilation, groups = case
    shapes = ((images, *spatial, inputs), (outputs, inputs // groups, *window), (outputs,), (inputs,),
              (images, *extent(spatial, window, stride, padding, dilation), outputs))
    draw = (lambda s: rng.integers(-4, 5, s)) if whole else rng.standard_normal
    return [draw(s).astype(dtype) for s in shapes], (stride, padding, dilation, groups)


def check(found, wanted, length, whole):
    if whole:
        np.testing.assert_array_equal(found, wanted)
    else:
        room = {4: 1e-5, 8: 1e-13}[found.dtype.itemsize]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=room * length ** 0.5 * np.abs(wanted).max(initial=1))


@pytest.mark.parametrize("dtype, whole", [("float32", True), ("float32", False), ("float64", False)])
@pytest.mark.parametrize("case", PLAIN.values(), ids=PLAIN)
def test_plain(rng, case, dtype, whole):
    (x, w, bias, back, g), geometry = setting(rng, case, dtype, whole=whole)
    out, dx, dw = reference(x, w, g, *geometry)
    found = [empty(a.shape, dtype) for a in (out, dx, dw)]
    conv.forward(found[0], *map(upload, (x, w, bias)), *geometry, True)
    conv.transpose(found[1], *map(upload, (g, w, back)), *geometry)
    conv.weight(found[2], upload(x), upload(g), *geometry)
    for a, b in zip(found, (np.maximum(out + bias, 0), dx + back, dw)):
        check(download(a), b, w[0].size + g.size, whole)


def test_without_bias_and_relu(rng):
    (x, w, _, _, g), geometry = setting(rng, PLAIN["2d"], "float32")
    out, dx, _ = reference(x, w, g, *geometry)
    found = [empty(out.shape, "float32"), empty(dx.shape, "float32")]
    conv.forward(found[0], upload(x), upload(w), None, *geometry, False)
    conv.transpose(found[1], upload(g), upload(w), None, *geometry)
    np.testing.assert_array_equal(download(found[0]), out)
    np.testing.assert_array_equal(download(found[1]), dx)


def test_no_images(rng):
    (x, w, bias, _, g), geometry = setting(rng, PLAIN["2d"], "float32", images=0)
    conv.forward(upload(g), upload(x), upload(w), upload(bias), *geometry, False)
    conv.transpose(upload(x), upload(g), upload(w), None, *geometry)
    dw = empty(w.shape, "float32")
    conv.weight(dw, upload(x), upload(g), *geometry)
    assert not download(dw).any()


def test_nan_is_not_lost(rng):
    (x, w, bias, _, g), geometry = setting(rng, PLAIN["2d"], "float32")
    x[0, 0, 0, 0, 0] = np.nan
    out = empty(g.shape, "float32")
    conv.forward(out, upload(x), upload(w), upload(bias), *geometry, True)
    assert np.isnan(download(out)[0, 0, 0, 0]).all()


@pytest.mark.parametrize("case", TILE.values(), ids=TILE)
def test_tile(rng, case, monkeypatch):
    monkeypatch.setattr(conv_tile, "width_for", lambda rows, columns: tile.WIDTHS[-1])
    (x, w, bias, back, g), geometry = setting(rng, case, "float32", images=1)
    out, dx, dw = reference(x, w, g, *geometry)
    found = [empty(a.shape, "float32") for a in (out, dx, dw)]
    conv_tile.forward(found[0], *map(upload, (x, w, bias)), *geometry[:3], True)
    conv_tile.transpose(found[1], *map(upload, (g, w, back)), *geometry[:3])
    monkeypatch.setattr(conv_tile, "fits", lambda *args: True)
    conv.weight(found[2], upload(x), upload(g), *geometry)
    for a, b in zip(found, (np.maximum(out + bias, 0), dx + back, dw)):
        np.testing.assert_array_equal(download(a), b)


@pytest.mark.parametrize("width", tile.WIDTHS, ids=lambda w: str(w.columns))
def test_tile_of_every_width(rng, width, monkeypatch):
    monkeypatch.setattr(conv_tile, "width_for", lambda rows, columns: width)
    (x, w, bias, _, g), geometry = setting(rng, TILE["row"], "float32", images=1)
    out, _, dw = reference(x, w, g, *geometry)
    found = [empty(a.shape, "float32") for a in (out, dw)]
    conv_tile.forward(found[0], *map(upload, (x, w, bias)), *geometry[:3], False)
    monkeypatch.setattr(conv_tile, "fits", lambda *args: True)
    conv.weight(found[1], upload(x), upload(g), *geometry)
    np.testing.assert_array_equal(download(found[0]), out + bias)
    np.testing.assert_array_equal(download(found[1]), dw)


def test_the_sum_of_the_weight_gradient_is_split(rng, monkeypatch):
    monkeypatch.setattr(conv_tile, "SHORTEST", 16)
    monkeypatch.setattr(conv_tile, "fits", lambda *args: True)
    case = ((1, 1, 20), 4, 4, (1, 1, 1), ONE, NONE, ONE, 1)                   # parts of 10 pixels
    (x, w, _, _, g), geometry = setting(rng, case, "float32", images=1)
    dw = empty(w.shape, "float32")
    conv.weight(dw, upload(x), upload(g), *geometry)
    np.testing.assert_array_equal(download(dw), reference(x, w, g, *geometry)[2])


def test_tiles_are_picked_where_they_are_filled():
    picked = {"float32": True, "float64": False}
    for dtype, wanted in picked.items():
        assert conv_tile.fits(empty((1, 1, 32, 16, 8), dtype), 1) is wanted
    assert not conv_tile.fits(empty((1, 1, 32, 16, 8), "float32"), 2)
    assert not conv_tile.fits(empty((1, 1, 31, 16, 8), "float32"), 1)
    assert not conv_tile.fits(empty((1, 1, 32, 16, 7), "float32"), 1)
    assert conv_tile.fits(empty((16, 1, 32, 16, 8), "float32"), 1, 16)
    assert not conv_tile.fits(empty((15, 1, 32, 16, 8), "float32"), 1, 16)
    assert not conv_tile.fits(empty((32, 1, 32, 32, 8), "float32"), 1, 17)


def test_widths():
    def picked(rows, *columns):
        return [tile.width_for(rows, n).columns for n in columns]
    assert picked(1 << 20, 16, 32, 33, 64, 96, 128, 130, 256) == [32, 32, 64, 64, 32, 128, 32, 128]
    assert picked(1 << 10, 64, 256, 4096) == [32, 32, 128]
