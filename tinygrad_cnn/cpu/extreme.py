"""The greatest and the least element over axes, with its place or without. CUDA twin: cuda/extreme.py.

Without places neighbors are compared side by side, a vector at a time, in pieces that are cut by the shape alone.
"""
from numba import uintp
from numba.extending import register_jitable

from .. import arrays
from .jit import jit
from .launch import launch, parts_for
from .memory import empty
from .reduce import _fold

DEPTH = 128          # rows that are one thread's work
WIDTH = 512          # columns compared together: their best ones stay in the nearest cache


def max(out, index, x):
    """out[a, c] = max over b, d of x[a, b, c, d]; index: b * D + d of the first one; the first NaN wins over all."""
    launch(_place, parts_for(2 * x.size), out, index, x, False)


def min(out, index, x):
    """out[a, c] = min over b, d of x[a, b, c, d]; index: b * D + d of the first one; the first NaN wins over all."""
    launch(_place, parts_for(2 * x.size), out, index, x, True)


def amax(out, x):
    """out[a, c] = max over b, d of x[a, b, c, d]; a NaN wins over all."""
    _extreme(out, x, False)


def amin(out, x):
    """out[a, c] = min over b, d of x[a, b, c, d]; a NaN wins over all."""
    _extreme(out, x, True)


def _extreme(out, x, least):
    A, B, C, D = x.shape
    if C * D == 1:
        _rows(out, arrays.strided(x, (A, 1, 1, B), (*x.strides[:1], 0, 0, x.strides[1])), least)
    elif D == 1:
        _columns(out, x, least)
    elif B == 1:
        _rows(out, x, least)
    else:
        partial = empty((A, B, C, 1), x.dtype)
        _rows(partial, x, least)
        _columns(out, partial, least)


def _rows(out, x, least):
    """out[a, b, c] = the extreme over d of x[a, b, c, d]. A long row is folded into columns."""
    A, B, C, D = x.shape
    if D < 2 * WIDTH or x.strides[3] != x.itemsize or A * B * C > 64:
        launch(_row, parts_for(x.size), out.reshape(-1), x, least)
        return
    whole, rows = D // WIDTH, A * B * C
    partial = empty((rows, 1, 1, WIDTH + D % WIDTH), x.dtype)
    flat = partial.reshape(rows, -1)
    for row in range(rows):
        source = x[row // (B * C), row // C % B, row % C]
        _columns(flat[row:row + 1, :WIDTH], source[:whole * WIDTH].reshape(1, whole, WIDTH, 1), least)
        flat[row, WIDTH:] = source[whole * WIDTH:]
    launch(_row, parts_for(partial.size), out.reshape(-1), partial, least)


def _columns(out, x, least, folding=True):
    """out[a, c] = the extreme over b of x[a, b, c, 0]. Short rows that lie end to end are taken for fewer long ones."""
    A, B, C, _ = x.shape
    fold = _fold(B, C) if folding and x.strides[1] == C * x.itemsize and x.strides[2] == x.itemsize else 1
    long = arrays.strided(x, (A, B // fold, fold * C), (x.strides[0], x.strides[1] * fold, x.strides[2]))
    pieces = -(-long.shape[1] // DEPTH)
    if pieces * fold == 1:
        launch(_column, parts_for(x.size), out.reshape(A, 1, C), long, least)
    else:
        partial = empty((A, pieces, fold * C), x.dtype)
        launch(_column, parts_for(x.size), partial, long, least)
        _columns(out, partial.reshape(A, pieces * fold, C, 1), least, folding=False)


@register_jitable
def _wins(value, best, least):
    """Whether a value takes the place of the best so far: no place is taken from a NaN, except by another."""
    return ((value > best) & (not least)) | ((value < best) & least) | (value != value)


@jit
def _row(part, parts, out, x, least):
    """Four places take turns, so that a comparison need not wait for the one before it."""
    _, B, C, D = x.shape
    for place in range(part * out.size // parts, (part + 1) * out.size // parts):
        a, b, c = place // (B * C), place // C % B, place % C
        p = q = r = s = x[a, b, c, 0]
        for k in range(D // 4):
            d = uintp(4 * k)
            p = x[a, b, c, d] if _wins(x[a, b, c, d], p, least) else p
            q = x[a, b, c, d + uintp(1)] if _wins(x[a, b, c, d + uintp(1)], q, least) else q
            r = x[a, b, c, d + uintp(2)] if _wins(x[a, b, c, d + uintp(2)], r, least) else r
            s = x[a, b, c, d + uintp(3)] if _wins(x[a, b, c, d + uintp(3)], s, least) else s
        for d in range(uintp(D // 4 * 4), uintp(D)):
            p = x[a, b, c, d] if _wins(x[a, b, c, d], p, least) else p
        p, r = q if _wins(q, p, least) else p, s if _wins(s, r, least) else r
        out[place] = r if _wins(r, p, least) else p


@jit
def _column(part, parts, out, x, least):
    """out[a, piece, c] = the extreme of x[a, b, c] over DEPTH rows b."""
    A, B, C = x.shape
    pieces, strips = out.shape[1], (C + WIDTH - 1) // WIDTH
    for place in range(part * A * pieces * strips // parts, (part + 1) * A * pieces * strips // parts):
        a, piece, begin = place // (pieces * strips), place // strips % pieces, place % strips * WIDTH
        end, first = begin + WIDTH if begin + WIDTH < C else C, piece * DEPTH
        for c in range(uintp(begin), uintp(end)):
            out[a, piece, c] = x[a, first, c]
        for b in range(first + 1, first + DEPTH if first + DEPTH < B else B):
            for c in range(uintp(begin), uintp(end)):
                value, best = x[a, b, c], out[a, piece, c]
                out[a, piece, c] = value if _wins(value, best, least) else best


@jit
def _place(part, parts, out, index, x, least):
    A, B, C, D = x.shape
    for place in range(part * A * C // parts, (part + 1) * A * C // parts):
        a, c = place // C, place % C
        best, at = x[a, 0, c, 0], 0
        for b in range(B):
            for d in range(D):
                value = x[a, b, c, d]
                if ((value > best) & (not least)) | ((value < best) & least) | ((value != value) & (best == best)):
                    best, at = value, b * D + d
        out[a, c], index[a, c] = best, at
