"""Depthwise convolution on register tiles: each channel has its own window, so that lanes are channels of x too.

    out[pixel, c] = bias[c] + sum over taps of image[pixels[pixel] + taps[tap] + c] * w[tap, c]        forward
    dw[tap, c]    = sum over pixels of         image[pixels[pixel] + taps[tap] + c] * g[pixel, c]      weight

Bands, images and the two tables of offsets are those of `conv_tile`.
"""
import math

import numpy as np

from .conv_tile import SHARES, _image, _pack, _unpack, element_strides, flat, plan, reached, shares
from .jit import jit
from .launch import launch
from .memory import empty
from .tile import LANES, WIDE, clear, fetch, multiply_add_lanes, pick, rectify, spread, start, store

ROWS, VECTORS = WIDE
BLOCK = VECTORS * LANES


def suits(out_shape: tuple, w_shape: tuple, stride: tuple, dilation: tuple, groups: int) -> bool:
    """One input and one output channel in each group."""
    return groups > 1 and w_shape[:2] == (groups, 1)


@jit
def _forward(part, parts, out, x, w, bias, relu, taps, pixels, places, scratch, room, bands, steps, geometry):
    channels, T = geometry[4], len(taps)
    for band in range(part * bands // parts, (part + 1) * bands // parts):
        image, at, n, p, q, count = _image(band, x, scratch, part * room, geometry)
        place = n * steps[0] + p * steps[1] + q * steps[2]
        for c in range(0, channels, BLOCK):
            for m in range(0, count, ROWS):
                offsets = pick(pixels, m, count - 1, ROWS)
                tile = start(bias, c, ROWS, VECTORS)
                for t in range(T):
                    line = c * T + t * BLOCK
                    tile = multiply_add_lanes(tile, image, at + c + taps[t], offsets, w, line, channels - c)
                if relu:
                    tile = rectify(tile)
                store(out, place + c, pick(places, m, count - 1, ROWS), tile, count - m, channels - c)


@jit
def _weight(part, parts, sums, x, g, taps, pixels, scratch, room, bands, geometry):
    channels, P, Q, R, T = geometry[4], geometry[5], geometry[6], geometry[7], len(taps)
    first, blocks = part * -(-channels // BLOCK) * T * BLOCK, -(-channels // BLOCK)
    clear(sums, first, blocks * T * BLOCK)
    for band in range(part * bands // parts, (part + 1) * bands // parts):
        image, at, n, p, q, count = _image(band, x, scratch, part * room, geometry)
        place = ((n * P + p) * Q + q) * R * channels
        for c in range(0, channels, BLOCK):
            for t in range(0, T, ROWS):
                offsets = pick(taps, t, T - 1, ROWS)
                tile = fetch(sums, first + c * T + t * BLOCK, spread(BLOCK, ROWS, ROWS), VECTORS, BLOCK)
                for m in range(count):
                    line = place + m * channels + c
                    tile = multiply_add_lanes(tile, image, at + c + pixels[m], offsets, g, line, channels - c)
                store(sums, first + c * T + t * BLOCK, spread(BLOCK, ROWS, ROWS), tile, T - t, BLOCK)


def convolve(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, stride: tuple, corner: tuple,
             dilation: tuple, relu: bool) -> None:
    """out = depthwise convolution of x with w (channels, 1, I, J, K), where out and w may be strided."""
    channels, _, *window = w.shape
    p = plan(x.shape, out.shape[:4], element_strides(out), tuple(window), 1, stride, corner, dilation)
    lanes = -(-channels // BLOCK) * BLOCK
    packed, biases = empty(lanes * len(p.taps), np.float32), np.zeros(lanes, np.float32)
    launch(_pack, 1, packed, flat(w), BLOCK, (1, *w.shape), (0, *element_strides(w)))
    if bias is not None:
        biases[:channels] = bias
    parts = shares(p.bands, out.size * len(p.taps))
    launch(_forward, parts, flat(out), flat(x), packed, biases, relu, p.taps, p.pixels, p.places,
           p.scratch(parts), p.room, p.bands, p.steps, p.geometry)


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    convolve(out, x, w, bias, stride, tuple(-p for p in padding), dilation, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    for positions, taps, corner, spacing in reached(out, w, bias, stride, padding, dilation):
        convolve(out[positions], g, w[taps], bias, (1, 1, 1), corner, spacing, False)


def weight(out, x, g, stride, padding, dilation, groups):
    channels, _, *window = out.shape
    p = plan(x.shape, g.shape[:4], (0, 0, 0, 0), tuple(window), 1, stride, tuple(-p for p in padding), dilation)
    splits = min(SHARES, p.bands)
    sums = empty((splits * -(-channels // BLOCK) * len(p.taps) + ROWS) * BLOCK, np.float32)
    launch(_weight, splits, sums, flat(x), flat(g), p.taps, p.pixels, p.scratch(splits), p.room, p.bands, p.geometry)
    launch(_unpack, 1, flat(out), sums, splits, BLOCK, (1, channels, 1, math.prod(window)))
