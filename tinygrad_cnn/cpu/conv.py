"""Convolution, its adjoint in x (the transposed convolution) and its adjoint in w: each other's derivatives.

Arrays are channels-last with three spatial axes: x (n, a, b, c, C), out (n, p, q, r, O), w (O, C/groups, I, J, K).
The kernels of this file are the definition and serve float64; float32 goes to the first module of FAST that suits.
"""
from types import ModuleType

import numpy as np

from . import conv_tile, depthwise, thin, winograd
from .jit import jit
from .launch import launch, parts_for

Three = tuple[int, int, int]
FAST = (depthwise, thin, winograd, conv_tile)


def forward(out: np.ndarray, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, stride: Three, padding: Three,
            dilation: Three, groups: int, relu: bool) -> None:
    """out[n,p,q,r,o] = bias[o] + sum_{i,j,k,c} x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] * w[o,c,i,j,k]

    In group g of the output channels, c counts the input channels of group g; then max(., 0) if `relu`.
    """
    fast = _fast(out, x, w, stride, dilation, groups)
    if fast:
        fast.forward(out, x, w, bias, stride, padding, dilation, groups, relu)
    else:
        launch(_forward, parts_for(out.size * w[:1].size), out, x, w, bias, stride, padding, dilation, relu)


def transpose(out: np.ndarray, g: np.ndarray, w: np.ndarray, bias: np.ndarray | None, stride: Three, padding: Three,
              dilation: Three, groups: int) -> None:
    """out[n,a,b,c,ch] = bias[ch] + sum of g[n,p,q,r,o] * w[o,ch,i,j,k] over a = p*s0+i*d0-p0 and so on:
    the adjoint in x"""
    fast = _fast(out, g, w, stride, dilation, groups)
    if fast:
        fast.transpose(out, g, w, bias, stride, padding, dilation, groups)
    else:
        launch(_transpose, parts_for(g.size * w[:1].size), out, g, w, bias, stride, padding, dilation)


def weight(out: np.ndarray, x: np.ndarray, g: np.ndarray, stride: Three, padding: Three, dilation: Three,
           groups: int) -> None:
    """out[o,c,i,j,k] = sum_{n,p,q,r} x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c] * g[n,p,q,r,o]:
    the adjoint in w"""
    fast = _fast(g, x, out, stride, dilation, groups)
    if fast:
        fast.weight(out, x, g, stride, padding, dilation, groups)
    else:
        launch(_weight, parts_for(g.size * out[:1].size), out, x, g, stride, padding, dilation, groups)


def _fast(out: np.ndarray, x: np.ndarray, w: np.ndarray, stride: Three, dilation: Three,
          groups: int) -> ModuleType | None:
    """The module whose kernels serve this convolution and its adjoints, or None for the kernels of this file."""
    if out.dtype != np.float32 or not (out.size and x.size and w.size):
        return None
    return next(module for module in FAST if module.suits(out.shape, w.shape, stride, dilation, groups))


@jit
def _forward(part, parts, out, x, w, bias, stride, padding, dilation, relu):
    N, P, Q, R, outputs = out.shape
    _, A, B, C, channels = x.shape
    depth = w.shape[1]
    group = max(1, outputs * depth // max(1, channels))              # output channels of a group
    for place in range(part * N * P * Q * R // parts, (part + 1) * N * P * Q * R // parts):
        n, p, q, r = place // (P * Q * R), place // (Q * R) % P, place // R % Q, place % R
        for o in range(outputs):
            total = out.dtype.type(0)
            if bias is not None:
                total += bias[o]
            for i in range(w.shape[2]):
                a = p * stride[0] + i * dilation[0] - padding[0]
                for j in range(w.shape[3]):
                    b = q * stride[1] + j * dilation[1] - padding[1]
                    for k in range(w.shape[4]):
                        c = r * stride[2] + k * dilation[2] - padding[2]
                        if 0 <= a < A and 0 <= b < B and 0 <= c < C:
                            for d in range(depth):
                                total += x[n, a, b, c, o // group * depth + d] * w[o, d, i, j, k]
            if relu and total < 0:
                total = out.dtype.type(0)
            out[n, p, q, r, o] = total


@jit
def _transpose(part, parts, out, g, w, bias, stride, padding, dilation):
    N, A, B, C, channels = out.shape
    _, P, Q, R, outputs = g.shape
    depth = w.shape[1]
    group = max(1, outputs * depth // max(1, channels))
    for place in range(part * N * A * B * C // parts, (part + 1) * N * A * B * C // parts):
        n, a, b, c = place // (A * B * C), place // (B * C) % A, place // C % B, place % C
        for channel in range(channels):
            first, d = channel // depth * group, channel % depth
            total = out.dtype.type(0)
            if bias is not None:
                total += bias[channel]
            for i in range(w.shape[2]):
                p = a + padding[0] - i * dilation[0]
                for j in range(w.shape[3]):
                    q = b + padding[1] - j * dilation[1]
                    for k in range(w.shape[4]):
                        r = c + padding[2] - k * dilation[2]
                        if p % stride[0] == 0 and q % stride[1] == 0 and r % stride[2] == 0:
                            u, v, z = p // stride[0], q // stride[1], r // stride[2]
                            if 0 <= u < P and 0 <= v < Q and 0 <= z < R:
                                for o in range(first, first + group):
                                    total += g[n, u, v, z, o] * w[o, d, i, j, k]
            out[n, a, b, c, channel] = total


@jit
def _weight(part, parts, out, x, g, stride, padding, dilation, groups):
    outputs, depth, planes, J, K = out.shape
    N, A, B, C, _ = x.shape
    _, P, Q, R, _ = g.shape
    for place in range(part * out.size // parts, (part + 1) * out.size // parts):
        o, d = place // (depth * planes * J * K), place // (planes * J * K) % depth
        i, j, k = place // (J * K) % planes, place // K % J, place % K
        channel = o * groups // outputs * depth + d
        total = out.dtype.type(0)
        for n in range(N):
            for p in range(P):
                a = p * stride[0] + i * dilation[0] - padding[0]
                for q in range(Q):
                    b = q * stride[1] + j * dilation[1] - padding[1]
                    if 0 <= a < A and 0 <= b < B:
                        line = out.dtype.type(0)                     # blocks of a sum: smaller rounding errors
                        for r in range(R):
                            c = r * stride[2] + k * dilation[2] - padding[2]
                            if 0 <= c < C:
                                line += x[n, a, b, c, channel] * g[n, p, q, r, o]
                        total += line
        out[o, d, i, j, k] = total
