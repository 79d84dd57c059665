"""Where the tiles of a convolution find what they multiply: bands of the output, and the image of the input under each.

A *band* is a piece of the output: some rows of one image, or some whole images. The part of the input under it lies in an
*image*: in x itself, or, where padding is needed, in a zero-padded copy that stays in the cache: of the band's part alone,
or, if it is small, of the whole image, which serves all of its bands. An input element is found by two offsets, one of the
output pixel, one of the tap (i, j, k, c) of the window: image[pixels[pixel] + taps[tap]].
"""
import functools
import math
from typing import NamedTuple

import numpy as np

from .jit import jit
from .memory import empty
from .move import frame
from .tile import LANES

CACHE = 1 << 16       # float32 of a band's image at most: half of a small second-level cache
WHOLE = 1 << 17       # float32 of a whole image that serves all of its bands, at most
PIXELS = 256          # output pixels of a band at most
HEAVY = 1 << 19       # float32 of weights that no second-level cache holds beside an image: each band waits for them
WORTH = 128           # output pixels of a band that pay for such weights
SHARES = 16           # into so many bands, or sums, work is cut if it is large: more threads than that do not help


class Plan(NamedTuple):
    """The geometry of a convolution in the form that the kernels take."""
    taps: np.ndarray      # offset in the image of each tap (i, j, k, c)
    pixels: np.ndarray    # offset in the image of each output pixel of a band
    places: np.ndarray    # offset in out of each output pixel of a band
    steps: tuple          # offsets in out from one image, p and row to the next
    geometry: tuple       # integers, named in _image
    bands: int
    room: int             # float32 of a padded image; 0 if the image is x itself
    lead: int             # where in x that begins which comes next to what the first band reads
    asked: bool           # whether x is prefetched: all of it is copied before it is used, and not too much at once

    def scratch(self, parts: int) -> np.ndarray:
        """Room for the padded image of each part."""
        return empty(parts * self.room, np.float32)

    def ahead(self, size: int, tiles: int) -> tuple[int, int, int, int]:
        """What of x, of this size, is prefetched while a band of so many tiles is computed: where this begins for the first
        band, how much further for each next one, how much of it there is for each tile, where the last piece begins."""
        share = size // self.bands
        piece = -(-share // tiles) * self.asked
        return self.lead, share, piece, max(0, size - piece)


@functools.lru_cache(512)
def plan(x_shape: tuple, out_shape: tuple, steps: tuple, window: tuple, inputs: int, stride: tuple, corner: tuple,
         dilation: tuple, weights: int, band: tuple | None = None) -> Plan:
    """The plan of an output of this shape (N, P, Q, R) and these steps from x (N, A, B, C, channels).

    The window of output 0 begins at `corner`, which is minus the padding; `inputs` channels of x are summed; so many
    `weights` are read for each band; it is so many (images, rows), by default what suits the cache.
    """
    (N, A, B, C, channels), (P, Q, R) = x_shape, out_shape[1:4]
    reach = [(length - 1) * d + 1 for length, d in zip(window, dilation)]
    inside = all(first >= 0 and first + (count - 1) * s + length <= extent for first, count, s, length, extent
                 in zip(corner, (P, Q, R), stride, reach, (A, B, C)))
    extents = [(count - 1) * s + length for count, s, length in zip((P, Q, R), stride, reach)]
    whole = band is None and (inside or (N >= SHARES and math.prod(extents) * channels <= WHOLE))
    width = extents[2]
    if whole:
        images, deep, rows = whole_band(out_shape, N if inside else WHOLE // (math.prod(extents) * channels), weights > HEAVY)
    else:
        deep, dense = 0, P == 1 or (not inside and steps[0] == P * steps[1])
        images, rows = band or band_of(out_shape, window[0] * width * channels, reach[1], stride[1], dense, weights > HEAVY)
    chunks = -(-Q // rows)
    planes, height, spacing = (*extents[:2], 1) if whole else (window[0], (rows - 1) * stride[1] + reach[1], dilation[0])
    if inside:
        height, line, room = B, C * channels, 0
        image = A * B * line
    else:
        line = width * channels
        image = planes * height * line
        room = images * image + LANES
    plane = height * line
    every = [math.gcd(s, d * (length > 1)) for s, d, length in zip(stride, dilation, window)]       # planes, rows met
    geometry = (*x_shape, P, Q, R, images, rows, chunks, planes, height, 0 if inside else width, *stride[:2],
                spacing, *corner, every[1], every[0] if whole else 1, deep)
    taps = grid((window[0], plane * (dilation[0] if inside or whole else 1)), (window[1], dilation[1] * line),
                (window[2], dilation[2] * channels), (inputs, 1))
    lines = (rows, stride[1] * line), (R, stride[2] * channels)
    if whole:
        pixels = grid((images, image), (deep, stride[0] * plane), *lines)
        places = grid((images, steps[0]), (deep, steps[1]), (rows, steps[2]), (R, steps[3]))
        bands = -(-N // images) * -(-P // deep) * chunks
    else:
        pixels = grid((images, image), *lines)
        places = grid((images, steps[P > 1]), (rows, steps[2]), (R, steps[3]))
        bands = -(-N * P // images) * chunks
    if whole and room:
        lead = images * A * B
    else:                                                # a share of x, and what windows see beyond it
        beyond = (reach[0] - stride[0] + corner[0]) * (P > 1) * B + (reach[1] - stride[1] + corner[1]) * (chunks > 1)
        lead = N * A * B // bands + max(0, beyond)
    asked = room > 0 and every[0] * every[1] == 1 and math.prod(x_shape) // bands <= CACHE
    return Plan(taps, pixels, places, steps[:3], geometry, bands, room, lead * C * channels, asked)


def whole_band(out_shape: tuple, most: int, heavy: bool) -> tuple[int, int, int]:
    """(images, planes, rows) of a band of images that are found in memory from end to end, `most` of them at a time: as
    many pixels as are allowed, in bands of equal size, and a band per thread."""
    N, P, Q, R = out_shape
    share = max(1, -(-N * P * Q // SHARES), WORTH // R * heavy)      # lines of pixels
    if P * Q * R <= PIXELS:
        return max(1, min(PIXELS // (P * Q * R), most, -(-share // (P * Q)))), P, Q
    rows = max(1, min(Q, PIXELS // R, share))
    deep = max(1, min(P, PIXELS // (Q * R), share // Q)) if rows == Q else 1
    return 1, -(-P // -(-P // deep)), -(-Q // -(-Q // rows))


def band_of(out_shape: tuple, line: int, reach: int, stride: int, dense: bool, heavy: bool) -> tuple[int, int]:
    """(images, rows) of a band, a plane of out being an image of its own: few enough for the cache and for a band per
    thread; small ones are put together if they are dense."""
    N, P, Q, R = out_shape
    cache, share = CACHE << 2 * heavy, max(-(-N * P * Q // SHARES), WORTH // R * heavy)
    rows = max(1, min(Q, PIXELS // R, (cache // line - reach) // stride + 1, share))
    if rows < Q or not dense:
        return 1, rows
    return max(1, min(PIXELS // (Q * R), cache // (line * (rows * stride + reach)), -(-share // Q))), rows


def grid(*axes: tuple[int, int]) -> np.ndarray:
    """The offsets of all points of a grid, given the (length, step) of each axis."""
    offsets = np.zeros(1, np.int64)
    for length, step in axes:
        offsets = (offsets[:, None] + np.arange(length) * step).reshape(-1)
    return offsets


@jit
def _image(band, earliest, x, scratch, room, geometry):
    """The image of a band: its array and first element; the band's first n, p, q; how many pixels it has.

    Where an image is copied from end to end its first band does so. So does the `earliest` band of a part,
    which writes also the zeros around it: they stay there.
    """
    (N, A, B, C, channels, P, Q, R, images, rows, chunks, planes, height, width, s0, s1, spacing, c0, c1, c2, every, apart,
     deep) = geometry
    fresh = band == earliest or not deep
    if deep:
        along = -(-P // deep) * chunks
        n, p, q = band // along * images, band % along // chunks * deep, band % chunks * rows
        images, place, turn, top, copied = min(images, N - n), n * P, P, c1, fresh or band % along == 0
        count = images * min(deep, P - p) * min(rows, Q - q) * R
    else:
        place, q = band // chunks * images, band % chunks * rows      # of the first plane among those of all images
        images, n, p, turn, top, copied = min(images, N * P - place), place // P, place % P, 1, q * s1 + c1, True
        count = images * min(rows, Q - q) * R
    if width == 0:
        return x, (((n * A + p * s0 + c0) * B + q * s1 + c1) * C + c2) * channels, n, p, q, count
    line, first = width * channels, min(max(-c2, 0), width) * channels
    last = min(max(C - c2, 0), width) * channels
    begin = 0 if fresh else first
    for m in range(place, place + images * turn * copied, turn):
        for i in range(0, planes, apart):
            a = m % P * s0 + c0 + i * spacing
            for y in range(0, height, every):                        # rows that taps meet
                some = 0 <= a < A and 0 <= top + y < B               # rows outside x are zero
                if some or fresh:
                    source = (((m // P * A + a) * B + top + y) * C + c2) * channels
                    frame(scratch, room + (((m - place) // turn * planes + i) * height + y) * line + begin, x, source + begin,
                          (first - begin) * some, (last - begin) * some, line if fresh else last - begin)
    if deep:
        room += (p * s0 * height + q * s1) * line
    return scratch, room, n, p, q, count
