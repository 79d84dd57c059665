"""At least one call that reaches each kernel: what `check.py` compiles. It fails on a kernel that nothing here reaches.

The calls are made on arrays without memory, and nothing runs; so sizes are those at which fast kernels are picked.
"""

from .. import formulas
from . import (
    conv,
    copy,
    dropout,
    elementwise,
    extreme,
    gather,
    group_norm,
    loss,
    matmul,
    norm,
    pool,
    random,
    reduce,
    resample,
    scan,
    segments,
    softmax,
    sort,
    update,
)
from .memory import empty
from .tile import WIDTHS

ONE, NONE, TWO = (1, 1, 1), (0, 0, 0), (1, 2, 2)
SEED = 1 << 40


def _images(dtype, channels=64, size=32):
    return empty((128, 1, size, size, channels), dtype)


def convolutions(dtype):
    """Plain with groups; and fast, of every width of the tile and with odd channels."""
    x, w, bias, y = _images(dtype), empty((64, 2, 1, 3, 3), dtype), empty((64,), dtype), _images(dtype)
    conv.forward(y, x, w, bias, ONE, (0, 1, 1), ONE, 32, True)
    conv.forward(y, x, w, None, ONE, (0, 1, 1), ONE, 32, False)
    conv.transpose(x, y, w, None, ONE, (0, 1, 1), ONE, 32)
    conv.transpose(x, y, w, bias, ONE, (0, 1, 1), ONE, 32)
    conv.weight(w, x, y, ONE, (0, 1, 1), ONE, 32)
    for channels in (*(width.columns for width in WIDTHS), 21):
        x, y = _images(dtype, channels), _images(dtype, channels, 16)
        w, bias = empty((channels, channels, 1, 3, 3), dtype), empty((channels,), dtype)
        conv.forward(y, x, w, bias, TWO, (0, 1, 1), ONE, 1, True)
        conv.forward(y, x, w, None, TWO, (0, 1, 1), ONE, 1, False)
        conv.transpose(x, y, w, None, TWO, (0, 1, 1), ONE, 1)
        conv.weight(w, x, y, TWO, (0, 1, 1), ONE, 1)


def matrices(dtype):
    """Small; large, of every width of the tile; and with a sum that is split."""
    for rows, depth, columns in ((4, 8, 16), (1 << 16, 64, 32), (1 << 16, 64, 64), (1 << 16, 64, 128), (64, 4096, 64)):
        out, a, bias = empty((1, rows, columns), dtype), empty((1, rows, depth), dtype), empty((columns,), dtype)
        b = empty((1, columns, depth), dtype).transpose((0, 2, 1))
        matmul.matmul(out, a, b, bias, True)
        matmul.matmul(out, a, b, None, False)


def windows(dtype):
    x, y = _images(dtype), _images(dtype, size=16)
    for kind, window in (("uint8", TWO), ("int32", (1, 16, 16))):
        index = empty(y.shape, kind)
        pool.max_forward(y, index, x, window, TWO, NONE, ONE)
        pool.max_backward(x, y, index, window, TWO, NONE, ONE)
        pool.max_gather(y, x, index, window, TWO, NONE, ONE)
    pool.average_forward(y, x, TWO, TWO, NONE, True, 0)
    pool.average_backward(x, y, TWO, TWO, NONE, True, 0)


def scalars(dtype):
    """Every formula on arrays of one layout; a few on others."""
    for name in formulas.FORMULAS:
        kind = "int64" if name in formulas.BITWISE else dtype
        out = empty((64, 64), "bool" if name in formulas.PREDICATES else kind)
        operands = [empty((64, 64), "bool" if p == "c" else kind) for p in formulas.parameters(name)]
        elementwise.apply(name, out, *operands)
    x, y = empty((8, 16, 4), dtype), empty((16, 8, 4), dtype).transpose((1, 0, 2))
    elementwise.apply("add", x, x, y)
    elementwise.apply("mul", x, x, 2.0)
    whole = empty((64, 64), "int64")
    for name in ("remainder", "floor_divide"):
        elementwise.apply(name, whole, whole, whole)


def sums(dtype):
    for shape in ((1, 1 << 16, 64, 1), (64, 1 << 10, 1, 1), (1, 32, 64, 1024), (4, 4, 4, 4), (8, 1, 64, 1)):
        x, kept = empty(shape, dtype), (shape[0], shape[2])
        reduce.sum(empty(kept, dtype), x)
        extreme.max(empty(kept, dtype), empty(kept, "int64"), x)
        extreme.amin(empty(kept, dtype), x)
        reduce.rectified(empty((3, 4), dtype), empty((4,), dtype), empty((3, 4), dtype), empty((3, 4), dtype))


def scans(dtype):
    scan.cumsum(empty((4, 100, 8), dtype), empty((4, 100, 8), dtype), False)


def copies(dtype):
    x = empty((32, 32, 32, 64), dtype)
    copy.copy(empty((32, 64, 32, 32), dtype), x.transpose((0, 3, 1, 2)))
    copy.copy(empty((32, 32, 32, 64), dtype), x)
    copy.copy(empty((16, 32, 32, 64), dtype), x[::2])
    copy.copy(empty((64, 64), "uint8"), empty((64, 64), dtype))
    copy.fill(x, 1.0)


def norms(dtype):
    x, channel = empty((1 << 12, 64), dtype), empty((64,), dtype)
    norm.statistics(channel, channel, x)
    for gamma, relu in ((channel, True), (None, False)):
        norm.normalize(x, x, channel, channel, gamma, gamma, relu)
        norm.backward(x, channel, channel, x, x if relu else None, x, channel, channel, gamma, not relu)


def groups(dtype):
    x, channel, found = empty((8, 64, 32), dtype), empty((32,), dtype), empty((8, 4), dtype)
    for gamma in (channel, None):
        group_norm.forward(x, found, found, x, gamma, gamma, 1e-5)
        group_norm.backward(x, channel, channel, x, x, found, found, gamma)


def tables(dtype):
    x, places = empty((8, 16, 64), dtype), empty((32,), "int32")
    resample.along(x, x, empty((17,), "int32"), places, empty((32,), dtype))


def classes(dtype):
    for columns in (10, 1000):
        y = empty((128, columns, 1), dtype)
        softmax.softmax(y, y)
        softmax.log_softmax(y, y)
        softmax.softmax_backward(y, y, y)
        softmax.log_softmax_backward(y, y, y)
        x, rows, target = empty((128, columns, 1), dtype), empty((128, 1), dtype), empty((128, 1), "int64")
        shift = empty((2, 128, 1), dtype)
        for weight in (None, empty((columns,), dtype)):
            loss.cross_entropy(rows, rows, shift, x, target, weight, -100, 0.1)
            loss.cross_entropy_backward(x, rows, shift, x, target, weight, -100, 0.1)
            loss.nll(rows, rows, x, target, weight, -100)
            loss.nll_backward(x, rows, target, weight, -100)


def draws(dtype):
    x = empty((1 << 12,), dtype)
    dropout.dropout(x, x, 0.5, SEED, 0)
    random.uniform(x, 0.0, 1.0, SEED, 0)
    random.normal(x, 0.0, 1.0, SEED, 0)


def places(dtype):
    """Picking, putting back and sorting; rows that are and are not as long as a power of two."""
    x, part, index = empty((8, 100, 16), dtype), empty((8, 64, 16), dtype), empty((64,), "int64")
    starts = empty((101,), "int64")
    gather.rows(part, x, index)
    gather.places(empty(part.shape, "int64"), empty(part.shape, "int64"), 100)
    segments.sort(index, starts, index)
    segments.add(x, part, index, starts)
    segments.add(empty((8, 1, 16), dtype), part, index, empty((2,), "int64"))
    segments.write(x, part, index, starts)
    segments.combine(x, part, index, starts, "prod")
    for length in (64, 100):
        rows, order = empty((16, length), dtype), empty((16, length), "int64")
        sort.sort(rows, order, rows, True)
        sort.top(rows, order, empty((16, 1000), dtype), False)


def updates(dtype):
    x = empty((1 << 12,), dtype)
    update.sgd(x, x, x, 0.1, 0.9, 0.0, 1e-4, True, False)
    update.sgd(x, x, None, 0.1, 0.0, 0.0, 0.0, False, True)
    for other in (None, x):
        update.adam(x, x, x, x, other, 1e-3, 0.0, 1.0, 0.9, 0.999, 1e-8, 1e-2, 1.0)
        update.rmsprop(x, x, x, other, other, 1e-2, 0.99, 1e-8, 0.0, 0.9)
    update.adamax(x, x, x, x, 1e-3, 0.9, 0.999, 1e-8, 0.0)
    update.adagrad(x, x, x, 1e-2, 1e-10, 0.0)
    update.adadelta(x, x, x, x, 1.0, 0.9, 1e-6, 0.0)
    update.average(x, x, 0.1)


ALL = (convolutions, matrices, windows, scalars, sums, scans, copies, norms, groups, tables, classes, draws, places, updates)
