"""At least one call that reaches each kernel: what `check.py` compiles. It fails on a kernel that nothing here reaches.

The calls are made on arrays without memory, and nothing runs; so sizes are those at which fast kernels are picked.
"""


from .. import formulas
from . import conv, copy, dropout, elementwise, loss, matmul, norm, pool, random, reduce, softmax, update
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
        out = empty((64, 64), "bool" if name in formulas.PREDICATES else dtype)
        operands = [empty((64, 64), "bool" if p == "c" else dtype) for p in formulas.parameters(name)]
        elementwise.apply(name, out, *operands)
    x, y = empty((8, 16, 4), dtype), empty((16, 8, 4), dtype).transpose((1, 0, 2))
    elementwise.apply("add", x, x, y)
    elementwise.apply("mul", x, x, 2.0)


def sums(dtype):
    for shape in ((1, 1 << 16, 64, 1), (64, 1 << 10, 1, 1), (1, 32, 64, 1024), (4, 4, 4, 4), (8, 1, 64, 1)):
        x, kept = empty(shape, dtype), (shape[0], shape[2])
        reduce.sum(empty(kept, dtype), x)
        reduce.max(empty(kept, dtype), empty(kept, "int64"), x)
        reduce.rectified(empty((3, 4), dtype), empty((4,), dtype), empty((3, 4), dtype), empty((3, 4), dtype))


def copies(dtype):
    x = empty((32, 32, 32, 64), dtype)
    copy.copy(empty((32, 64, 32, 32), dtype), x.transpose((0, 3, 1, 2)))
    copy.copy(empty((32, 32, 32, 64), dtype), x)
    copy.copy(empty((16, 32, 32, 64), dtype), x[::2])
    copy.fill(x, 1.0)


def norms(dtype):
    x, channel = empty((1 << 12, 64), dtype), empty((64,), dtype)
    norm.statistics(channel, channel, x)
    for gamma, relu in ((channel, True), (None, False)):
        norm.normalize(x, x, channel, channel, gamma, gamma, relu)
        norm.backward(x, channel, channel, x, x if relu else None, x, channel, channel, gamma)


def classes(dtype):
    for columns in (10, 1000):
        x, rows, target = empty((128, columns), dtype), empty((128,), dtype), empty((128,), "int64")
        softmax.softmax(x, x)
        softmax.log_softmax(x, x)
        softmax.softmax_backward(x, x, x)
        softmax.log_softmax_backward(x, x, x)
        loss.cross_entropy(rows, x, x, target, -100)
        loss.cross_entropy_backward(x, rows, x, target, -100)


def draws(dtype):
    x = empty((1 << 12,), dtype)
    dropout.dropout(x, x, 0.5, SEED, 0)
    random.uniform(x, 0.0, 1.0, SEED, 0)
    random.normal(x, 0.0, 1.0, SEED, 0)


def updates(dtype):
    x = empty((1 << 12,), dtype)
    update.sgd(x, x, x, 0.1, 0.9, 0.0, 1e-4, True, False)
    update.sgd(x, x, None, 0.1, 0.0, 0.0, 0.0, False, True)
    update.adam(x, x, x, x, 1e-3, 0.9, 0.999, 1e-8, 1e-2, True, 1)
    update.average(x, x, 0.1)


ALL = (convolutions, matrices, windows, scalars, sums, copies, norms, classes, draws, updates)
