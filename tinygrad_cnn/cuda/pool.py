"""Maximum and average over windows of channels-last images (n, a, b, c, channels). CPU twin: cpu/pool.py."""

import math

from .driver import cuda, device, kernel, launch
from .indices import unravel3, unravel5
from .intrinsics import split


def max_forward(out, index, x, kernel, stride, padding, dilation):
    """out[n,p,q,r,c] = max over i,j,k of x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c]; index = (i*J+j)*K+k there.

    Cells in the padding are left out, the first of equal ones is taken, a NaN is the maximum.
    """
    launch(_max_forward, out.size, out, index, x, kernel, stride, padding, dilation)


def max_backward(out, g, index, kernel, stride, padding, dilation):
    """out[n,a,b,e,c] = sum of g[n,p,q,r,c] over the windows whose index is the cell (a,b,e): adjoint to max_gather."""
    launch(_max_backward, out.size, out, g, index, kernel, stride, padding, dilation)


def max_gather(out, x, index, kernel, stride, padding, dilation):
    """out[n,p,q,r,c] = x at the cell that index[n,p,q,r,c] names, 0 if it lies in the padding."""
    launch(_max_gather, out.size, out, x, index, kernel, stride, padding, dilation)


def average_forward(out, x, kernel, stride, padding, count_include_pad, divisor):
    """out[n,p,q,r,c] = sum over i,j,k of x[n, p*s0+i-p0, q*s1+j-p1, r*s2+k-p2, c] / divisor, or, if that is 0, / cells.

    The cells that count lie in the image, with `count_include_pad` in the padded image.
    """
    launch(_average_forward, out.size, out, x, kernel, stride, padding, count_include_pad, divisor)


def average_backward(out, g, kernel, stride, padding, count_include_pad, divisor):
    """out[n,a,b,e,c] = sum of g[n,p,q,r,c] / (divisor or cells) over the windows that hold (a,b,e): the adjoint."""
    launch(_average_backward, out.size, out, g, kernel, stride, padding, count_include_pad, divisor)


@kernel
def _max_forward(out, index, x, window, stride, padding, dilation):
    me = cuda.grid(1)
    if me < out.size:
        n, p, q, r, c = unravel5(me, out.shape)
        best, at, first = out.dtype.type(-math.inf), 0, True
        for i in range(window[0]):
            a = p * stride[0] + i * dilation[0] - padding[0]
            for j in range(window[1]):
                b = q * stride[1] + j * dilation[1] - padding[1]
                for k in range(window[2]):
                    e = r * stride[2] + k * dilation[2] - padding[2]
                    if 0 <= a < x.shape[1] and 0 <= b < x.shape[2] and 0 <= e < x.shape[3]:
                        v = x[n, a, b, e, c]
                        if first or v > best or v != v:
                            best, at = v, (i * window[1] + j) * window[2] + k
                        first = False
        out[n, p, q, r, c] = best
        index[n, p, q, r, c] = at


@device
def _windows(place, count, window, stride, dilation):
    """range(first, end) of the windows, along one axis, that reach over a place of the padded image."""
    before = place - (window - 1) * dilation
    first, _ = split(max(before, 0) + stride - 1, stride)
    last, _ = split(place, stride)
    return first, min(last + 1, count)


@kernel
def _max_backward(out, g, index, window, stride, padding, dilation):
    me = cuda.grid(1)
    if me < out.size:
        n, a, b, e, c = unravel5(me, out.shape)
        a, b, e = a + padding[0], b + padding[1], e + padding[2]
        p_first, p_end = _windows(a, g.shape[1], window[0], stride[0], dilation[0])
        q_first, q_end = _windows(b, g.shape[2], window[1], stride[1], dilation[1])
        r_first, r_end = _windows(e, g.shape[3], window[2], stride[2], dilation[2])
        total = out.dtype.type(0)
        for p in range(p_first, p_end):
            i, i_rest = split(a - p * stride[0], dilation[0])
            for q in range(q_first, q_end):
                j, j_rest = split(b - q * stride[1], dilation[1])
                for r in range(r_first, r_end):
                    k, k_rest = split(e - r * stride[2], dilation[2])
                    here = i_rest + j_rest + k_rest == 0
                    if here and index[n, p, q, r, c] == (i * window[1] + j) * window[2] + k:
                        total += g[n, p, q, r, c]
        out[n, a - padding[0], b - padding[1], e - padding[2], c] = total


@kernel
def _max_gather(out, x, index, window, stride, padding, dilation):
    me = cuda.grid(1)
    if me < out.size:
        n, p, q, r, c = unravel5(me, out.shape)
        i, j, k = unravel3(index[n, p, q, r, c], window)
        a = p * stride[0] + i * dilation[0] - padding[0]
        b = q * stride[1] + j * dilation[1] - padding[1]
        e = r * stride[2] + k * dilation[2] - padding[2]
        inside = 0 <= a < x.shape[1] and 0 <= b < x.shape[2] and 0 <= e < x.shape[3]
        out[n, p, q, r, c] = x[n, a, b, e, c] if inside else out.dtype.type(0)


@device
def _counted(start, size, window, padding, include):
    """How many cells of a window that starts at `start` count, along one axis."""
    if include:
        return min(start + window, size + padding) - start
    return min(start + window, size) - max(start, 0)


@kernel
def _average_forward(out, x, window, stride, padding, include, divisor):
    me = cuda.grid(1)
    if me < out.size:
        n, p, q, r, c = unravel5(me, out.shape)
        a, b, e = p * stride[0] - padding[0], q * stride[1] - padding[1], r * stride[2] - padding[2]
        total = out.dtype.type(0)
        for i in range(max(a, 0), min(a + window[0], x.shape[1])):
            for j in range(max(b, 0), min(b + window[1], x.shape[2])):
                for k in range(max(e, 0), min(e + window[2], x.shape[3])):
                    total += x[n, i, j, k, c]
        height = _counted(a, x.shape[1], window[0], padding[0], include)
        width = _counted(b, x.shape[2], window[1], padding[1], include)
        depth = _counted(e, x.shape[3], window[2], padding[2], include)
        out[n, p, q, r, c] = total / out.dtype.type(divisor or height * width * depth)


@kernel
def _average_backward(out, g, window, stride, padding, include, divisor):
    me = cuda.grid(1)
    if me < out.size:
        n, a, b, e, c = unravel5(me, out.shape)
        p_first, p_end = _windows(a + padding[0], g.shape[1], window[0], stride[0], 1)
        q_first, q_end = _windows(b + padding[1], g.shape[2], window[1], stride[1], 1)
        r_first, r_end = _windows(e + padding[2], g.shape[3], window[2], stride[2], 1)
        total = out.dtype.type(0)
        for p in range(p_first, p_end):
            height = _counted(p * stride[0] - padding[0], out.shape[1], window[0], padding[0], include)
            for q in range(q_first, q_end):
                width = _counted(q * stride[1] - padding[1], out.shape[2], window[1], padding[1], include)
                for r in range(r_first, r_end):
                    depth = _counted(r * stride[2] - padding[2], out.shape[3], window[2], padding[2], include)
                    total += g[n, p, q, r, c] / out.dtype.type(divisor or height * width * depth)
        out[n, a, b, e, c] = total
