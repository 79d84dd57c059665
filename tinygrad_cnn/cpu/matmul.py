"""Matrix multiplication: the plain kernel is the definition and serves float64, the tiled one serves float32."""
import numpy as np

from .conv_tile import element_strides, flat
from .jit import jit
from .launch import launch, parts_for, threads
from .memory import empty
from .move import transpose
from .tile import LANES, WIDE, fetch, multiply_add, plus, rectify, spread, start, store, zeros

ROWS, VECTORS = WIDE
BLOCK = VECTORS * LANES
TILE = ROWS * VECTORS
DEPTH = 512      # terms of a sum whose part of a panel of b stays in the second-level cache
TERMS = 128      # of them that are added at a time: each of its pieces rounds less than the whole would
LONG = 2048      # terms of a sum beyond which it is cut into several sums, if out is small


def matmul(out: np.ndarray, a: np.ndarray, b: np.ndarray, bias: np.ndarray | None, relu: bool) -> None:
    """out[i,m,n] = bias[n] + sum_k a[i,m,k] * b[i,k,n], then max(., 0) if `relu`; a and b may have any strides."""
    if out.dtype != np.float32 or not out.size or not a.size:
        launch(_matmul, parts_for(out.size * a.shape[2]), out, a, b, bias, relu)
        return
    batch, M, K = a.shape
    N = b.shape[2]
    if 1 not in _steps(b)[1:]:
        b = np.ascontiguousarray(b)
    splits = min(32, K // LONG) if M * N <= 1 << 16 and K >= 2 * LONG else 1
    panels = -(-N // BLOCK)
    chunks = max(1, min(M // (8 * ROWS), -(-4 * threads() // (batch * splits * panels))))
    items = batch * splits * panels * chunks
    parts = 1 if out.size * K < 1 << 19 else min(items, 4 * threads())
    biases = np.zeros(panels * BLOCK, np.float32)
    if bias is not None and splits == 1:
        biases[:N] = bias
    sums = out if splits == 1 else empty((splits, *out.shape), np.float32)
    launch(_tiles, parts, flat(sums), flat(a), flat(b), biases, relu and splits == 1,
           empty(parts * DEPTH * BLOCK, np.float32), (batch, splits, panels, chunks, M, N, K),
           element_strides(a), _steps(b))
    if splits > 1:
        launch(_add, parts_for(sums.size), out.reshape(-1, N), sums.reshape(splits, -1, N), bias, relu)


def _steps(b: np.ndarray) -> tuple[int, ...]:
    """The strides of b in elements, those of axes of length 1 as if it were dense: no kernel takes a step along them."""
    return tuple(1 if n == 1 else step for n, step in zip(b.shape, element_strides(b)))


@jit
def _matmul(part, parts, out, a, b, bias, relu):
    batch, M, N = out.shape
    for place in range(part * batch * M // parts, (part + 1) * batch * M // parts):
        i, m = place // M, place % M
        for n in range(N):
            out[i, m, n] = 0
        for k in range(a.shape[2]):
            for n in range(N):
                out[i, m, n] += a[i, m, k] * b[i, k, n]
        for n in range(N):
            if bias is not None:
                out[i, m, n] += bias[n]
            if relu and out[i, m, n] < 0:
                out[i, m, n] = 0


@jit
def _panel(panel, first, b, at, strides, depth, width):
    """panel[k, lane] = b[k, lane] for k < depth and lane < width, zero beyond the width; an axis of b has step 1"""
    if strides[2] == 1:
        for k in range(depth):
            row = fetch(b, at + k * strides[1], spread(0, 0, 1), VECTORS, 1, width)
            store(panel, first + k * BLOCK, spread(0, 0, 1), row, 1, BLOCK)
    else:
        for k in range(0, depth, LANES):
            for n in range(0, BLOCK, LANES):
                transpose(panel, first + k * BLOCK + n, BLOCK, b, at + k * strides[1] + n * strides[2], strides[2],
                          width - n, depth - k)


@jit
def _tiles(part, parts, out, a, b, bias, relu, panel, sizes, a_strides, b_strides):
    """out[i, split, m, n] = bias[n] + sum of a[i, m, k] * b[i, k, n] over the k of this split"""
    batch, splits, panels, chunks, M, N, K = sizes
    room = part * DEPTH * BLOCK
    items = batch * splits * panels * chunks
    for item in range(part * items // parts, (part + 1) * items // parts):
        i, split = item // (splits * panels * chunks), item // (panels * chunks) % splits
        n, chunk = item // chunks % panels * BLOCK, item % chunks
        first, last = split * K // splits, (split + 1) * K // splits
        for k in range(first, last, DEPTH):
            depth = min(DEPTH, last - k)
            corner = i * b_strides[0] + k * b_strides[1] + n * b_strides[2]
            _panel(panel, room, b, corner, b_strides, depth, N - n)
            for m in range(chunk * M // chunks, (chunk + 1) * M // chunks, ROWS):
                left = (chunk + 1) * M // chunks - m
                place, rows = ((split * batch + i) * M + m) * N + n, spread(N, left - 1, ROWS)
                tile = start(bias, n, ROWS, VECTORS) if k == first else zeros(TILE)
                at = i * a_strides[0] + m * a_strides[1] + k * a_strides[2]
                offsets = spread(a_strides[1], left - 1, ROWS)
                for begin in range(0, depth, TERMS):
                    piece = zeros(TILE)
                    for term in range(begin, min(begin + TERMS, depth)):
                        piece = multiply_add(piece, a, at + term * a_strides[2], offsets, panel, room + term * BLOCK)
                    tile = plus(tile, piece)
                if k > first:
                    tile = plus(tile, fetch(out, place, rows, VECTORS, ROWS, N - n))
                if relu and k + depth == last:
                    tile = rectify(tile)
                store(out, place, rows, tile, left, N - n)


@jit
def _add(part, parts, out, sums, bias, relu):
    """out[m, n] = bias[n] + sum over the splits of sums[split, m, n]"""
    M, N = out.shape
    for m in range(part * M // parts, (part + 1) * M // parts):
        for n in range(N):
            total = np.float32(0) if bias is None else bias[n]
            for split in range(len(sums)):
                total += sums[split, m, n]
            out[m, n] = np.float32(0) if relu and total < 0 else total
