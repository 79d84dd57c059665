"""Convolution, its adjoint in x (the transposed convolution) and its adjoint in w: each other's derivatives.

Arrays are channels-last with three spatial axes: x (n, a, b, c, C), out (n, p, q, r, O), w (O, C/groups, I, J, K).
The kernels of this file are the definition, one thread for each element of the result, neighbors in a warp neighbors
along the channels. They serve float64, groups and small shapes; the others go to conv_tile.py.
"""

import math

from . import conv_tile
from .driver import cuda, device, kernel, launch
from .indices import unravel3, unravel4, unravel5
from .intrinsics import split
from .memory import empty

THREADS = 1 << 17                          # the weight gradient's sum is split until about so many threads have work


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    """out[n,p,q,r,o] = bias[o] + sum_{i,j,k,c} x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] * w[o,c,i,j,k]

    In group g of the output channels, c counts the input channels of group g; then max(., 0) if `relu`.
    """
    if conv_tile.fits(out, groups):
        conv_tile.forward(out, x, w, bias, stride, padding, dilation, relu)
    else:
        launch(_forward, out.size, out, x, w, bias, stride, padding, dilation, groups, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    """out[n,a,b,c,ch] = bias[ch] + sum of g[n,p,q,r,o] * w[o,ch,i,j,k] over a = p*s0+i*d0-p0 and so on:
    the adjoint in x"""
    if conv_tile.fits(out, groups, math.prod(stride)):
        conv_tile.transpose(out, g, w, bias, stride, padding, dilation)
    else:
        launch(_transpose, out.size, out, g, w, bias, stride, padding, dilation, groups)


def weight(out, x, g, stride, padding, dilation, groups):
    """out[o,c,i,j,k] = sum_{n,p,q,r} x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] * g[n,p,q,r,o]:
    the adjoint in w"""
    taps = out.shape[2:]
    if conv_tile.fits(g, groups):
        partial = conv_tile.weight(taps, x, g, stride, padding, dilation)
    else:
        rows, pixels = math.prod(out.shape[1:]), math.prod(g.shape[:4])
        parts = max(1, min(THREADS // max(out.size, 1), pixels // 16))
        partial = empty((parts, rows, out.shape[0]), out.dtype)
        launch(_weight, partial.size, partial, x, g, taps, out.shape[1], stride, padding, dilation, groups)
    launch(_sum_parts, out.size, out, partial)


@kernel
def _forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    me = cuda.grid(1)
    if me < out.size:
        n, p, q, r, o = unravel5(me, out.shape)
        first = o // (out.shape[4] // groups) * w.shape[1]      # of the channels of o's group
        total = out.dtype.type(0)
        if bias is not None:
            total += bias[o]
        for i in range(w.shape[2]):
            a = p * stride[0] + i * dilation[0] - padding[0]
            for j in range(w.shape[3]):
                b = q * stride[1] + j * dilation[1] - padding[1]
                for k in range(w.shape[4]):
                    c = r * stride[2] + k * dilation[2] - padding[2]
                    if 0 <= a < x.shape[1] and 0 <= b < x.shape[2] and 0 <= c < x.shape[3]:
                        for ch in range(w.shape[1]):
                            total += x[n, a, b, c, first + ch] * w[o, ch, i, j, k]
        if relu and total < out.dtype.type(0):
            total = out.dtype.type(0)
        out[n, p, q, r, o] = total


@kernel
def _transpose(out, g, w, bias, stride, padding, dilation, groups):
    me = cuda.grid(1)
    if me < out.size:
        n, a, b, c, channel = unravel5(me, out.shape)
        group, ch = split(channel, w.shape[1])
        outputs = g.shape[4] // groups                          # of each group
        total = out.dtype.type(0)
        if bias is not None:
            total += bias[channel]
        for i in range(w.shape[2]):
            p = _window(a + padding[0] - i * dilation[0], stride[0], g.shape[1])
            for j in range(w.shape[3]):
                q = _window(b + padding[1] - j * dilation[1], stride[1], g.shape[2])
                for k in range(w.shape[4]):
                    r = _window(c + padding[2] - k * dilation[2], stride[2], g.shape[3])
                    if p >= 0 and q >= 0 and r >= 0:
                        for o in range(group * outputs, (group + 1) * outputs):
                            total += g[n, p, q, r, o] * w[o, ch, i, j, k]
        out[n, a, b, c, channel] = total


@device
def _window(number, stride, count):
    """number / stride, the window that begins there, if it is one of `count`, else -1."""
    if number < 0 or number >= count * stride:
        return -1
    place, rest = split(number, stride)
    return place if rest == 0 else -1


@kernel
def _weight(partial, x, g, taps, channels, stride, padding, dilation, groups):
    """partial[part, (tap, ch), o] = the sum over a part of the pixels of g."""
    me = cuda.grid(1)
    if me < partial.size:
        part, row, o = unravel3(me, partial.shape)
        tap, ch = split(row, channels)
        i, j, k = unravel3(tap, taps)
        first = o // (g.shape[4] // groups) * channels          # of the channels of o's group
        pixels, parts = g.size // g.shape[4], partial.shape[0]
        total = partial.dtype.type(0)
        for pixel in range(part * pixels // parts, (part + 1) * pixels // parts):
            n, p, q, r = unravel4(pixel, g.shape)
            a = p * stride[0] + i * dilation[0] - padding[0]
            b = q * stride[1] + j * dilation[1] - padding[1]
            c = r * stride[2] + k * dilation[2] - padding[2]
            if 0 <= a < x.shape[1] and 0 <= b < x.shape[2] and 0 <= c < x.shape[3]:
                total += x[n, a, b, c, first + ch] * g[n, p, q, r, o]
        partial[part, row, o] = total


@kernel
def _sum_parts(out, partial):
    """out[o, ch, tap] = sum over parts of partial[part, (tap, ch), o]; here neighbors in a warp are neighbors in o."""
    me = cuda.grid(1)
    if me < out.size:
        rest, o = split(me, out.shape[0])
        tap, ch = split(rest, out.shape[1])
        i, j, k = unravel3(tap, out.shape[2:])
        row = tap * (partial.shape[1] // (out.shape[2] * out.shape[3] * out.shape[4])) + ch
        total = out.dtype.type(0)
        for part in range(partial.shape[0]):
            total += partial[part, row, o]
        out[o, ch, i, j, k] = total
