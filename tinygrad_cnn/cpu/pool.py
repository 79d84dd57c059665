"""Maximum and average over windows of channels-last images (n, a, b, c, channels). CUDA twin: cuda/pool.py."""

import numpy as np
from numba import int32, uintp
from numba.extending import register_jitable

from .jit import jit
from .launch import launch, parts_for

CHANNELS = 16    # that are scattered together: a cache line


def max_forward(out, index, x, kernel, stride, padding, dilation):
    """out[n,p,q,r,c] = max over i,j,k of x[n, p*s0+i*d0-p0, q*s1+j*d1-p1, r*s2+k*d2-p2, c]; index = (i*J+j)*K+k there.

    Cells in the padding are left out, the first of equal ones is taken, a NaN is the maximum.
    """
    parts = parts_for(x.size)
    if kernel == stride == (1, 2, 2) and padding == (0, 0, 0) and dilation == (1, 1, 1) and _inside(out, x):
        launch(_max_forward_squares, parts, out, index, x)
    else:
        launch(_max_forward, parts, out, index, x, kernel, stride, padding, dilation)


def max_backward(out, g, index, kernel, stride, padding, dilation):
    """out[n,a,b,e,c] = sum of g[n,p,q,r,c] over the windows whose index is the cell (a,b,e): adjoint to max_gather."""
    parts = parts_for(out.size)
    if kernel == stride and padding == (0, 0, 0) and dilation == (1, 1, 1):
        launch(_max_backward_apart, parts, out, g, index, kernel)
    else:
        width = out.shape[4] if out.shape[0] >= parts else CHANNELS    # each cell adds up its windows in the same order
        launch(_max_backward, parts, out, g, index, _offsets(out, kernel, dilation), stride, padding, width)


def max_gather(out, x, index, kernel, stride, padding, dilation):
    """out[n,p,q,r,c] = x at the cell that index[n,p,q,r,c] names, 0 if it lies in the padding."""
    launch(_max_gather, parts_for(8 * out.size), out, x, index, kernel, stride, padding, dilation)


def average_forward(out, x, kernel, stride, padding, count_include_pad, divisor):
    """out[n,p,q,r,c] = sum over i,j,k of x[n, p*s0+i-p0, q*s1+j-p1, r*s2+k-p2, c] / divisor, or, if that is 0, / cells.

    The cells that count lie in the image, with `count_include_pad` in the padded image.
    """
    launch(_average_forward, parts_for(x.size), out, x, kernel, stride, padding, count_include_pad, divisor)


def average_backward(out, g, kernel, stride, padding, count_include_pad, divisor):
    """out[n,a,b,e,c] = sum of g[n,p,q,r,c] / (divisor or cells) over the windows that hold (a,b,e): the adjoint."""
    launch(_average_backward, parts_for(out.size), out, g, kernel, stride, padding, count_include_pad, divisor)


@jit
def _max_forward(part, parts, out, index, x, window, stride, padding, dilation):
    N, A, B, E, C = x.shape
    _, P, Q, R, _ = out.shape
    for row in range(part * N * P * Q // parts, (part + 1) * N * P * Q // parts):
        n, p, q = row // (P * Q), row // Q % P, row % Q
        for r in range(R):
            first = True
            for i in range(window[0]):
                a = p * stride[0] + i * dilation[0] - padding[0]
                for j in range(window[1]):
                    b = q * stride[1] + j * dilation[1] - padding[1]
                    for k in range(window[2]):
                        e = r * stride[2] + k * dilation[2] - padding[2]
                        if 0 <= a < A and 0 <= b < B and 0 <= e < E:
                            cell = index.dtype.type((i * window[1] + j) * window[2] + k)
                            for c in range(C):    # contiguous in every array, so that the compiler vectorizes it
                                v = x[n, a, b, e, c]
                                better = first or v > out[n, p, q, r, c] or v != v
                                out[n, p, q, r, c] = v if better else out[n, p, q, r, c]
                                index[n, p, q, r, c] = cell if better else index[n, p, q, r, c]
                            first = False
            if first:
                for c in range(C):
                    out[n, p, q, r, c] = -np.inf
                    index[n, p, q, r, c] = 0


def _inside(out, x):
    """Whether all windows of 2 x 2, side by side, lie in the image; a rounded up size has some that do not."""
    return 2 * out.shape[2] <= x.shape[2] and 2 * out.shape[3] <= x.shape[3]


@jit
def _max_forward_squares(part, parts, out, index, x):
    """Windows of 2 x 2 side by side, each looked at as a whole: out and index are written once."""
    N, P, Q, R, C = out.shape
    for row in range(part * N * P * Q // parts, (part + 1) * N * P * Q // parts):
        n, p, q = row // (P * Q), row // Q % P, row % Q
        for r in range(uintp(R)):
            for c in range(uintp(C)):
                best, at = x[n, p, 2 * q, 2 * r, c], int32(0)
                best, at = _better(best, at, x[n, p, 2 * q, 2 * r + uintp(1), c], 1)
                best, at = _better(best, at, x[n, p, 2 * q + 1, 2 * r, c], 2)
                out[n, p, q, r, c], index[n, p, q, r, c] = _better(best, at, x[n, p, 2 * q + 1, 2 * r + uintp(1), c], 3)


@register_jitable
def _better(best, at, value, cell):
    """The greater of two, with its cell; a NaN is greater than all."""
    better = value > best or value != value
    return value if better else best, int32(cell) if better else at


def _offsets(out, window, dilation):
    """How far the cells of a window lie behind its first one, in elements of an image."""
    _, _, B, E, C = out.shape
    i, j, k = (np.arange(n) * d for n, d in zip(window, dilation))
    return (((i[:, None, None] * B + j[:, None]) * E + k) * C).reshape(-1)


@jit
def _max_backward(part, parts, out, g, index, offsets, stride, padding, width):
    """Some channels of an image at a time: every window adds to the cell it chose, in the order of the windows."""
    N, A, B, E, C = out.shape
    _, P, Q, R, _ = g.shape
    blocks = (C + width - 1) // max(width, 1)
    for place in range(part * N * blocks // parts, (part + 1) * N * blocks // parts):
        n, first = place // blocks, place % blocks * width
        stop, image = min(first + width, C), out[n].reshape(A * B * E * C)
        for cell in range(A * B * E):
            image[cell * C + first:cell * C + stop] = 0
        for p in range(P):
            for q in range(Q):
                for r in range(R):
                    a, b, e = p * stride[0] - padding[0], q * stride[1] - padding[1], r * stride[2] - padding[2]
                    start = ((a * B + b) * E + e) * C
                    choice, g_row = index[n, p, q, r], g[n, p, q, r]
                    if 0 <= a < A and 0 <= b < B and 0 <= e < E:
                        for c in range(uintp(first), uintp(stop)):
                            image[uintp(start + offsets[choice[c]]) + c] += g_row[c]
                    else:
                        for c in range(uintp(first), uintp(stop)):
                            if choice[c] > 0:    # cell 0 lies in the padding: it was taken for want of another
                                image[uintp(start + offsets[choice[c]]) + c] += g_row[c]


@jit
def _max_backward_apart(part, parts, out, g, index, window):
    """Windows side by side: a cell lies in one window at most, and no addition is needed."""
    N, A, B, E, C = out.shape
    _, P, Q, R, _ = g.shape
    for row in range(part * N * A * B // parts, (part + 1) * N * A * B // parts):
        n, a, b = row // (A * B), row // B % A, row % B
        p, q = a // window[0], b // window[1]
        for e in range(E):
            r = e // window[2]
            cell = index.dtype.type((a % window[0] * window[1] + b % window[1]) * window[2] + e % window[2])
            if p < P and q < Q and r < R:
                for c in range(C):
                    out[n, a, b, e, c] = g[n, p, q, r, c] if index[n, p, q, r, c] == cell else 0
            else:
                for c in range(C):
                    out[n, a, b, e, c] = 0


@jit
def _max_gather(part, parts, out, x, index, window, stride, padding, dilation):
    N, A, B, E, C = x.shape
    _, P, Q, R, _ = out.shape
    for row in range(part * N * P * Q // parts, (part + 1) * N * P * Q // parts):
        n, p, q = row // (P * Q), row // Q % P, row % Q
        for r in range(R):
            for c in range(C):
                cell = int(index[n, p, q, r, c])
                a = p * stride[0] + cell // (window[1] * window[2]) * dilation[0] - padding[0]
                b = q * stride[1] + cell // window[2] % window[1] * dilation[1] - padding[1]
                e = r * stride[2] + cell % window[2] * dilation[2] - padding[2]
                inside = 0 <= a < A and 0 <= b < B and 0 <= e < E
                out[n, p, q, r, c] = x[n, a, b, e, c] if inside else 0


@jit
def _counted(start, size, window, padding, include):
    """How many cells of a window that starts at `start` count, along one axis."""
    if include:
        return min(start + window, size + padding) - start
    return min(start + window, size) - max(start, 0)


@jit
def _average_forward(part, parts, out, x, window, stride, padding, include, divisor):
    N, A, B, E, C = x.shape
    _, P, Q, R, _ = out.shape
    for row in range(part * N * P * Q // parts, (part + 1) * N * P * Q // parts):
        n, p, q = row // (P * Q), row // Q % P, row % Q
        a, b = p * stride[0] - padding[0], q * stride[1] - padding[1]
        for r in range(R):
            e = r * stride[2] - padding[2]
            for c in range(C):
                out[n, p, q, r, c] = 0
            for i in range(max(a, 0), min(a + window[0], A)):
                for j in range(max(b, 0), min(b + window[1], B)):
                    for k in range(max(e, 0), min(e + window[2], E)):
                        for c in range(C):
                            out[n, p, q, r, c] += x[n, i, j, k, c]
            height = _counted(a, A, window[0], padding[0], include)
            width = _counted(b, B, window[1], padding[1], include)
            depth = _counted(e, E, window[2], padding[2], include)
            cells = out.dtype.type(divisor or height * width * depth)
            for c in range(C):
                out[n, p, q, r, c] /= cells


@jit
def _average_backward(part, parts, out, g, window, stride, padding, include, divisor):
    N, A, B, E, C = out.shape
    _, P, Q, R, _ = g.shape
    for row in range(part * N * A * B // parts, (part + 1) * N * A * B // parts):
        n, a, b = row // (A * B), row // B % A, row % B
        for e in range(E):
            for c in range(C):
                out[n, a, b, e, c] = 0
            for i in range(window[0]):
                p, p_rest = divmod(a + padding[0] - i, stride[0])
                if p_rest or not 0 <= p < P:
                    continue
                height = _counted(a - i, A, window[0], padding[0], include)
                for j in range(window[1]):
                    q, q_rest = divmod(b + padding[1] - j, stride[1])
                    if q_rest or not 0 <= q < Q:
                        continue
                    width = _counted(b - j, B, window[1], padding[1], include)
                    for k in range(window[2]):
                        r, r_rest = divmod(e + padding[2] - k, stride[2])
                        if r_rest or not 0 <= r < R:
                            continue
                        depth = _counted(e - k, E, window[2], padding[2], include)
                        cells = out.dtype.type(divisor or height * width * depth)
                        for c in range(C):
                            out[n, a, b, e, c] += g[n, p, q, r, c] / cells
