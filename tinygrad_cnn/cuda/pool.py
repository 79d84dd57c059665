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


@kernel
def _max_backward(out, g, index, window, stride, padding, dilation):
    me = cuda.grid(1)
    if me < out.size:
        n, a, b, e, c = unravel5(me, out.shape)
        total = out.dtype.type(0)
        for i in range(window[0]):
            p, p_rest = split(a + padding[0] - i * dilation[0], stride[0])
            if p_rest or not 0 <= p < g.shape[1]:
                continue
            for j in range(window[1]):
                q, q_rest = split(b + padding[1] - j * dilation[1], stride[1])
                if q_rest or not 0 <= q < g.shape[2]:
                    continue
                for k in range(window[2]):
                    r, r_rest = split(e + padding[2] - k * dilation[2], stride[2])
                    if r_rest or not 0 <= r < g.shape[3]:
                        continue
                    if index[n, p, q, r, c] == (i * window[1] + j) * window[2] + k:
                        total += g[n, p, q, r, c]
        out[n, a, b, e, c] = total


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
        total = out.dtype.type(0)
        for i in range(window[0]):
            p, p_rest = split(a + padding[0] - i, stride[0])
            if p_rest or not 0 <= p < g.shape[1]:
                continue
            height = _counted(a - i, out.shape[1], window[0], padding[0], include)
            for j in range(window[1]):
                q, q_rest = split(b + padding[1] - j, stride[1])
                if q_rest or not 0 <= q < g.shape[2]:
                    continue
                width = _counted(b - j, out.shape[2], window[1], padding[1], include)
                for k in range(window[2]):
                    r, r_rest = split(e + padding[2] - k, stride[2])
                    if r_rest or not 0 <= r < g.shape[3]:
                        continue
                    depth = _counted(e - k, out.shape[3], window[2], padding[2], include)
                    total += g[n, p, q, r, c] / out.dtype.type(divisor or height * width * depth)
        out[n, a, b, e, c] = total
