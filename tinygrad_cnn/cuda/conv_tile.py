"""Fast convolution on CUDA: a product of matrices whose left one is gathered from the image while it is needed.

Forward: rows are output pixels, columns output channels, and the sum runs over taps and input channels. The adjoint in
x is the same on the weights with their channels exchanged; with a stride, the pixels of each remainder see only every
stride-th tap, which is one smaller convolution per remainder. In the weight gradient rows are taps and input channels,
and the sum runs over pixels; it is split into parts so that there are enough blocks, which are added in the end.
"""

from __future__ import annotations

import itertools
import math

from .driver import cuda, device, float32, kernel, launch
from .indices import unravel3, unravel4
from .intrinsics import load4, split, store4
from .memory import empty
from .tile import BLOCKS, DEPTH, LEFT, ROWS, THREADS, WIDTHS, ceil, four_results, steps_of, width_for

PIXELS, CHANNELS = 512, 8                  # fewer output pixels or channels than this leave most of a tile unused
REMAINDERS = 16                            # of a stride; each is a launch, and patches of 16 x 16 would need 256
SHORTEST = 128                             # pixels of a part of the weight gradient's sum


def fits(y, groups, launches=1):
    """Whether the tile kernels serve a convolution of this output (in `weight`: its gradient) in so many launches."""
    filled = math.prod(y.shape[:4]) >= PIXELS * launches and y.shape[4] >= CHANNELS
    return groups == 1 and y.dtype.char == "f" and filled and launches <= REMAINDERS


def forward(out, x, w, bias, stride, padding, dilation, relu):
    """As conv.forward, for float32 and one group."""
    wide, none, ones = _wider(out), (0, 0, 0), (1, 1, 1)
    offset = tuple(-p for p in padding)
    _gathered(wide, _fours(x), w, bias, none, ones, none, ones, w.shape[2:], stride, offset, dilation, relu)
    _narrow(out, wide)


def transpose(out, g, w, bias, stride, padding, dilation):
    """As conv.transpose, for float32 and one group."""
    wide, g, w = _wider(out), _fours(g), w.transpose((1, 0, 2, 3, 4))
    for remainder in itertools.product(*(range(s) for s in stride)):
        axes = [_remainder(*axis) for axis in zip(remainder, w.shape[2:], stride, padding, dilation, strict=True)]
        first, step, taps, offset, reach = zip(*axes, strict=True)
        _gathered(wide, g, w, bias, remainder, stride, first, step, taps if all(taps) else (0, 1, 1), (1, 1, 1), offset,
                  reach, False)
    _narrow(out, wide)


def _remainder(remainder, taps, stride, padding, dilation):
    """Of the pixels a = stride * p + remainder along one axis: the first tap that reaches them, the step to the next,
    how many there are; and `offset` and `reach`: tap number t reads at p + offset + reach * t."""
    step = stride // math.gcd(stride, dilation)
    first = next((i for i in range(min(step, taps)) if (remainder + padding - i * dilation) % stride == 0), taps)
    offset, reach = (remainder + padding - first * dilation) // stride, -step * dilation // stride
    return first, step, ceil(taps - first, step), offset, reach


def _gathered(out, x, w, bias, origin, every, first, step, taps, stride, offset, dilation, relu):
    """Compute the pixels origin, origin + every, ... of out, from the taps first, first + step, ... of w."""
    extent = (out.shape[0], *(ceil(size - s, e) for size, s, e in zip(out.shape[1:4], origin, every, strict=True)))
    pixels = math.prod(extent)
    if pixels == 0:
        return
    width = width_for(pixels, out.shape[4])
    tiles = ceil(out.shape[4], width.columns)
    packed = empty((ceil(math.prod(taps) * x.shape[4], DEPTH) * DEPTH, tiles * width.columns), "float32")
    launch(_pack, packed.size, packed, w, first, step, taps, x.shape[4])
    launch(GATHER[width], (ceil(pixels, ROWS), tiles), out, x, packed, bias, extent, origin, every, taps, stride, offset,
           dilation, relu)


def weight(taps, x, g, stride, padding, dilation):
    """The sums of conv.weight for float32 and one group, in parts: an array (parts, (taps, C), O)."""
    x, g = _fours(x), _fours(g)
    rows, columns, pixels = math.prod(taps) * x.shape[4], g.shape[4], math.prod(g.shape[:4])
    width = width_for(rows * BLOCKS, columns)                   # any width: parts make enough blocks
    tiles = ceil(rows, ROWS), ceil(columns, width.columns)
    parts = max(1, min(2 * BLOCKS // math.prod(tiles), ceil(pixels, SHORTEST)))
    partial = empty((parts, rows, columns), "float32")
    launch(WEIGHT[width], (*tiles, parts), partial, x, g, taps, stride, padding, dilation)
    return partial


def _fours(x):
    """x with its channels filled up to a multiple of four: the kernels read and write four at a time."""
    wider = _wider(x)
    if wider is not x:
        launch(_resize, wider.size, wider, x)
    return wider


def _wider(x):
    """An unwritten array for x with its channels filled up; x itself if none are missing and it begins at 16 bytes."""
    if x.shape[4] % 4 == 0 and x.offset % 16 == 0:
        return x
    return empty((*x.shape[:4], ceil(x.shape[4], 4) * 4), "float32")


def _narrow(out, wide):
    """Copy to out the channels it has."""
    if wide is not out:
        launch(_resize, out.size, out, wide)


@kernel
def _resize(out, x):
    """The channels of x, cut off or filled up with zeros."""
    me = cuda.grid(1)
    if me < out.size:
        pixel, c = split(me, out.shape[4])
        n, a, b, d = unravel4(pixel, x.shape)
        out[n, a, b, d, c] = x[n, a, b, d, c] if c < x.shape[4] else float32(0)


@kernel(strided=True)
def _pack(packed, w, first, step, taps, channels):
    """packed[(tap, c), o] = w[o, c, tap]; zero beyond the channels and beyond the taps."""
    me = cuda.grid(1)
    if me < packed.size:
        row, o = split(me, packed.shape[1])
        tap, c = split(row, channels)
        i, j, k = unravel3(tap, taps)
        value = float32(0)
        if o < w.shape[0] and c < w.shape[1] and i < taps[0]:
            value = w[o, c, first[0] + i * step[0], first[1] + j * step[1], first[2] + k * step[2]]
        packed[row, o] = value


@device
def _place(x, n, a, b, d):
    """Where in memory the channels of a pixel begin."""
    return (((n * x.shape[1] + a) * x.shape[2] + b) * x.shape[3] + d) * x.shape[4]


@device
def _read(x, n, a, b, d, c):
    """Four channels of a pixel of x, zeros outside."""
    if n < x.shape[0] and 0 <= a < x.shape[1] and 0 <= b < x.shape[2] and 0 <= d < x.shape[3]:
        return load4(x, _place(x, n, a, b, d) + c)
    zero = float32(0)
    return zero, zero, zero, zero


@device
def _carry(i, j, k, c, taps, channels):
    """The tap and channel after c has run over the end: carried like the digits of a number."""
    while c >= channels:
        c -= channels
        k += 1
        if k == taps[2]:
            k = 0
            j += 1
            if j == taps[1]:
                j = 0
                i += 1
    return i, j, k, c


def _gather(width):
    """The kernel of one width for the result and its adjoint in x."""
    columns, down, across = width
    right_size, readers, fours = width.right, width.readers, columns // 4
    start, multiply, row_of, column_of = steps_of(width)

    def gather(out, x, w, bias, extent, origin, every, taps, stride, offset, dilation, relu):
        left = cuda.shared.array(LEFT, float32, alignment=16)
        right = cuda.shared.array(right_size, float32, alignment=16)
        total = cuda.local.array((down, across), float32)
        me, first_row, first_column = cuda.threadIdx.x, cuda.blockIdx.x * ROWS, cuda.blockIdx.y * columns
        zero = float32(0)
        start(total, bias, first_column)
        # At each step this thread reads four channels of one pixel of x and, if it is a reader, of one row of w.
        row, channel = me // 2, me % 2 * 4
        n, p, q, r = unravel4(first_row + row, extent)
        a, b, d = p * stride[0] + offset[0], q * stride[1] + offset[1], r * stride[2] + offset[2]
        i, j, k, c = _carry(0, 0, 0, channel, taps, x.shape[4])
        w_row, w_column = me // fours, me % fours * 4
        for first in range(0, w.shape[0] + DEPTH, DEPTH):
            x0, x1, x2, x3 = _read(x, n if i < taps[0] else x.shape[0], a + i * dilation[0], b + j * dilation[1],
                                   d + k * dilation[2], c)
            w0, w1, w2, w3 = zero, zero, zero, zero
            if me < readers and first < w.shape[0]:
                w0, w1, w2, w3 = load4(w, (first + w_row) * w.shape[1] + first_column + w_column)
            i, j, k, c = _carry(i, j, k, c + DEPTH, taps, x.shape[4])
            half = first // DEPTH % 2
            if first > 0:
                multiply(total, left, right, 1 - half)
            place = half * (DEPTH * ROWS) + channel * ROWS + row
            left[place], left[place + ROWS], left[place + 2 * ROWS], left[place + 3 * ROWS] = x0, x1, x2, x3
            if me < readers:
                store4(right, half * (DEPTH * columns) + w_row * columns + w_column, w0, w1, w2, w3)
            cuda.syncthreads()
        for i in range(down):
            n, p, q, r = unravel4(first_row + row_of(i), extent)
            if n < extent[0]:
                place = _place(out, n, p * every[0] + origin[0], q * every[1] + origin[1], r * every[2] + origin[2])
                for j in range(0, across, 4):
                    o = first_column + column_of(j)
                    if o < out.shape[4]:
                        y0, y1, y2, y3 = four_results(total, i, j, relu)
                        store4(out, place + o, y0, y1, y2, y3)

    return kernel(gather, name=f"gather{columns}", block=THREADS, blocks=2)


GATHER = {width: _gather(width) for width in WIDTHS}


def _weight(width):
    """The kernel of one width for the adjoint in w."""
    columns, down, across = width
    right_size, readers, fours = width.right, width.readers, columns // 4
    start, multiply, row_of, column_of = steps_of(width)

    def weight(partial, x, g, taps, stride, padding, dilation):
        left = cuda.shared.array(LEFT, float32, alignment=16)
        right = cuda.shared.array(right_size, float32, alignment=16)
        total = cuda.local.array((down, across), float32)
        me, first_row, first_column = cuda.threadIdx.x, cuda.blockIdx.x * ROWS, cuda.blockIdx.y * columns
        zero = float32(0)
        start(total, None, first_column)
        part, parts, channels = cuda.blockIdx.z, partial.shape[0], g.shape[4]
        pixels = g.shape[0] * g.shape[1] * g.shape[2] * g.shape[3]
        begin, end = part * pixels // parts, (part + 1) * pixels // parts
        # At each step this thread reads four channels of a pixel and tap of x and, if it is a reader, of a pixel of g.
        x_pixel, x_row = me // (ROWS // 4), me % (ROWS // 4) * 4
        tap, c = split(first_row + x_row, x.shape[4])
        i, j, k = unravel3(tap, taps)
        a, b, d = i * dilation[0] - padding[0], j * dilation[1] - padding[1], k * dilation[2] - padding[2]
        g_pixel, o = me // fours, first_column + me % fours * 4
        for first in range(begin, end + DEPTH, DEPTH):
            n, p, q, r = unravel4(first + x_pixel, g.shape)
            x0, x1, x2, x3 = _read(x, n if first + x_pixel < end and i < taps[0] else x.shape[0],
                                   p * stride[0] + a, q * stride[1] + b, r * stride[2] + d, c)
            g0, g1, g2, g3 = zero, zero, zero, zero
            if me < readers and o < channels and first + g_pixel < end:
                g0, g1, g2, g3 = load4(g, (first + g_pixel) * channels + o)
            half = (first - begin) // DEPTH % 2
            if first > begin:
                multiply(total, left, right, 1 - half)
            store4(left, half * (DEPTH * ROWS) + x_pixel * ROWS + x_row, x0, x1, x2, x3)
            if me < readers:
                store4(right, half * (DEPTH * columns) + g_pixel * columns + me % fours * 4, g0, g1, g2, g3)
            cuda.syncthreads()
        for i in range(down):
            row = first_row + row_of(i)
            if row < partial.shape[1]:
                for j in range(0, across, 4):
                    o = first_column + column_of(j)
                    if o < channels:
                        store4(partial, (part * partial.shape[1] + row) * channels + o,
                               total[i, j], total[i, j + 1], total[i, j + 2], total[i, j + 3])

    return kernel(weight, name=f"weight{columns}", block=THREADS, blocks=2)


WEIGHT = {width: _weight(width) for width in WIDTHS}
