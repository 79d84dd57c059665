"""Convolution and its two adjoints on CUDA: one thread per element of the result.

Arrays are channels-last with three spatial axes: x (n, a, b, d, C), out (n, p, q, r, O), w (O, C/groups, I, J, K).
Neighbors in a warp are neighbors along the channels. `conv_tile.py` has the fast kernels, picked by `conv_tile.fits`.
"""

from __future__ import annotations

import math

from . import conv_tile
from .driver import cuda, device, kernel, launch
from .intrinsics import split
from .memory import empty
from .reduce import sum as sum_axis

PARTIAL = 1 << 18                          # the weight gradient is split until it keeps so many threads busy


def forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    """out[n,p,q,r,o] = bias[o] + sum_{i,j,k,c} x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] * w[o,c,i,j,k]

    c runs over the channels of o's group; x is 0 outside; then max(., 0) if relu.
    """
    if conv_tile.fits(out, groups):
        conv_tile.forward(out, x, w, bias, stride, padding, dilation, relu)
    else:
        launch(_forward, out.size, out, x, w, bias, stride, padding, dilation, groups, relu)


def transpose(out, g, w, bias, stride, padding, dilation, groups):
    """out[n,a,b,d,c] = bias[c] + sum over i,j,k,o and p,q,r with p*s0+i*d0-p0 = a, ... of g[n,p,q,r,o] * w[o,c,i,j,k]"""
    if conv_tile.fits(out, groups):
        conv_tile.transpose(out, g, w, bias, stride, padding, dilation)
    else:
        launch(_transpose, out.size, out, g, w, bias, stride, padding, dilation, groups)


def weight(out, x, g, stride, padding, dilation, groups):
    """out[o,c,i,j,k] = sum_{n,p,q,r} x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] * g[n,p,q,r,o]"""
    if conv_tile.fits(out, groups):
        conv_tile.weight(out, x, g, stride, padding, dilation)
    else:
        pass


@device
def _place(index, shape):
    """The five indices of a flat one."""
    index, e = split(index, shape[4])
    index, d = split(index, shape[3])
    index, c = split(index, shape[2])
    a, b = split(index, shape[1])
    return a, b, c, d, e


@kernel
def _forward(out, x, w, bias, stride, padding, dilation, groups, relu):
    me = cuda.grid(1)
    if me < out.size:
        n, p, q, r, o = _place(me, out.shape)
        first = o // (out.shape[4] // groups) * w.shape[1]
        total = out.dtype.type(0)
        if bias is not None:
            total = bias[o]
        for i in range(w.shape[2]):
            a = p * stride[0] + i * dilation[0] - padding[0]
            if 0 <= a < x.shape[1]:
                for j in range(w.shape[3]):
                    b = q * stride[1] + j * dilation[1] - padding[1]
                    if 0 <= b < x.shape[2]:
                        for k in range(w.shape[4]):
                            d = r * stride[2] + k * dilation[2] - padding[2]
                            if 0 <= d < x.shape[3]:
                                for c in range(w.shape[1]):
                                    total += x[n, a, b, d, first + c] * w[o, c, i, j, k]
        if relu and total < 0:
            total = out.dtype.type(0)
        out[n, p, q, r, o] = total
