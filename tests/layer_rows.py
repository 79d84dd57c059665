"""Rows of the layers: convolution, pooling, linear algebra, norms, activations along an axis, losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_cnn.ops import matmul

from . import references
from .cases import A, Case, Draw, case
from .rows import refuse, row

# ---- convolution -----------------------------------------------------------------------------------------------------


def windowed(d: Draw, rank: int) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """(input size, kernel, stride and dilation): one to three windows fit along each axis."""
    kernel, stride, dilation = d.several(rank, 1, 3), d.several(rank, 1, 2), d.several(rank, 1, 2)
    size = tuple(di * (k - 1) + d.integer(1, 4 - rank // 2) for k, di in zip(kernel, dilation))
    return size, kernel, {"stride": stride, "dilation": dilation}


def convolution(rank: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        size, kernel, options = windowed(d, rank)
        groups, c, o = d.choice(1, 1, 2, 3), d.choice(1, 2, 5), d.choice(1, 2, 3, 17)
        options["padding"] = d.choice(d.several(rank, 0, 2), d.several(rank, 0, 1), "same", "valid")
        if options["padding"] == "same":
            options["stride"] = 1
        bias = d.choice(A(groups * o), None)
        return case(A(d.batch(), groups * c, *size), A(groups * o, c, *kernel), bias, groups=groups, **options)

    return cases


def transposed(rank: int) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        _, kernel, options = windowed(d, rank)
        groups, c, o = d.choice(1, 1, 2), d.choice(1, 2, 3), d.choice(1, 2, 5)
        options["padding"] = tuple(d.integer(0, di * (k - 1) // 2) for k, di in zip(kernel, options["dilation"]))
        room = [max(s, di) - 1 for s, di in zip(options["stride"], options["dilation"])]
        options["output_padding"] = tuple(d.integer(0, most) for most in room)
        bias = d.choice(A(groups * o), None)
        x, w = A(d.batch(), groups * c, *d.several(rank, 1, 3)), A(groups * c, o, *kernel)
        return case(x, w, bias, groups=groups, **options)

    return cases


for _rank, _big in ((1, (case(A(8, 64, 512), A(64, 64, 9), None, padding=4),
                         case(A(8, 16, 4096), A(64, 16, 5), A(64)))),
                    (2, (case(A(8, 64, 28, 28), A(64, 64, 3, 3), None, padding=1),
                         case(A(4, 3, 64, 64), A(32, 3, 7, 7), A(32), stride=2, padding=3))),
                    (3, (case(A(2, 16, 12, 14, 14), A(32, 16, 3, 3, 3), None, padding=1),
                         case(A(2, 3, 16, 28, 28), A(16, 3, 3, 3, 3), A(16), stride=2)))):
    _x, _w, _k = A(1, 4, *[5] * _rank), A(6, 4, *[3] * _rank), f"conv{_rank}d"
    row(_k, f"nn.functional.{_k}", references.conv, convolution(_rank), big=_big, linear=(0, 1, 2), exact=True,
        refuses=(
        refuse(ValueError, f"conv weight groups 4 {_w.shape}", _x, _w, groups=2),
        refuse(ValueError, "conv groups 4 6 divisor", A(1, 16, *[5] * _rank), _w, groups=4),
        refuse(ValueError, f"conv bias (5,) (6,) {_w.shape}", _x, _w, A(5)),
        refuse(ValueError, f"{_k} stride 0 at least 1", _x, _w, stride=0),
        refuse(ValueError, f"{_k} padding 'some'", _x, _w, padding="some"),
        refuse(ValueError, f"{_k} padding 'same' stride 2", _x, _w, padding="same", stride=2),
        refuse(ValueError, "conv window kernel dilation 7 5", _x, _w, dilation=3),
        refuse(ValueError, f"{_k} input {_x.shape[1:]} {_rank + 2} axes", A(*_x.shape[1:]), _w),
        refuse(TypeError, f"{_k} input float32 weight int64", _x, A(*_w.shape, kind="classes", below=2)),
        refuse(ValueError, f"{_k} dilation (1, 2, 3, 4) {_rank}", _x, _w, dilation=(1, 2, 3, 4))))

row("conv2d_relu", lambda t, x, w, b, **o: t.nn.functional.conv(2, x, w, b, relu=True, **o),
    lambda *a, **o: references.relu(references.conv(*a, **o)), convolution(2), exact=True,
    torch=lambda t, *a, **o: t.relu(t.nn.functional.conv2d(*a, **o)),
    big=tuple(case(*a, **o, dilation=1, groups=1) for a, o in (
        ((A(8, 64, 28, 28), A(64, 64, 3, 3), A(64)), {"stride": 1, "padding": 1}),
        ((A(4, 3, 64, 64), A(32, 3, 7, 7), A(32)), {"stride": 2, "padding": 3}))))

for _rank, _big in ((1, (case(A(8, 64, 256), A(64, 32, 4), None, stride=2), case(A(8, 32, 1024), A(32, 16, 3), A(16)))),
                    (2, (case(A(8, 64, 28, 28), A(64, 32, 2, 2), A(32), stride=2),
                         case(A(8, 32, 28, 28), A(32, 16, 3, 3), None, stride=2, padding=1, output_padding=1))),
                    (3, (case(A(2, 32, 6, 14, 14), A(32, 16, 2, 2, 2), A(16), stride=2),
                         case(A(2, 16, 6, 14, 14), A(16, 8, 3, 3, 3), None, stride=2, padding=1, output_padding=1)))):
    _x, _w, _k = A(1, 4, *[5] * _rank), A(4, 3, *[3] * _rank), f"conv_transpose{_rank}d"
    row(_k, f"nn.functional.{_k}", references.conv_transpose, transposed(_rank), big=_big, linear=(0, 1, 2),
        exact=True, refuses=(
        refuse(ValueError, f"conv_transpose 5 channels 4 {_w.shape}", A(1, 5, *[5] * _rank), _w),
        refuse(ValueError, "conv_transpose groups 3 4", _x, _w, groups=3),
        refuse(ValueError, f"conv_transpose bias (2,) (3,) {_w.shape}", _x, _w, A(2)),
        refuse(ValueError, "conv_transpose output_padding 2 stride", _x, _w, stride=2, output_padding=2),
        refuse(ValueError, "conv_transpose input padding less", A(1, 4, *[1] * _rank), _w, padding=2),
        refuse(ValueError, f"{_k} padding -1 at least 0", _x, _w, padding=-1)))


# ---- pooling ---------------------------------------------------------------------------------------------------------


def pooling(rank: int, average: bool) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        kernel, stride = d.several(rank, 1, 3), d.several(rank, 1, 3)
        options: dict[str, Any] = {"padding": tuple(d.integer(0, k // 2) for k in kernel),
            "ceil_mode": d.choice(False, True)}
        dilation = (1,) * rank if average else d.several(rank, 1, 2)
        if not average:
            options["dilation"] = dilation
        else:
            options["count_include_pad"] = d.choice(True, False)
            if rank > 1:
                options["divisor_override"] = d.choice(None, 5)
        size = (di * (k - 1) + d.integer(1, 5 - rank) for k, di in zip(kernel, dilation))
        return case(A(d.batch(), d.choice(1, 2, 5, 17), *size), kernel, d.choice(stride, kernel), **options)

    return cases


for _rank, _sizes in ((1, ((8, 32, 8192), (8, 64, 4096))), (2, ((8, 64, 56, 56), (4, 64, 112, 112))),
                      (3, ((2, 32, 16, 56, 56), (2, 16, 16, 64, 64)))):
    for _kind, _name in ((references.max_pool, "max_pool"), (references.avg_pool, "avg_pool")):
        _mean, _x, _k = _name == "avg_pool", A(1, 2, *[6] * _rank), f"{_name}{_rank}d"
        row(_k, f"nn.functional.{_k}", _kind, pooling(_rank, _mean), linear=(0,) if _mean else (), exact=not _mean,
            sums=_mean,
            big=(case(A(*_sizes[0]), 2), case(A(*_sizes[1]), 3, 2, 1)), refuses=(
            refuse(ValueError, "pool padding 2 kernel 3 half", _x, 3, 1, 2),
            refuse(ValueError, "pool window 7 6 kernel", _x, 7),
            refuse(ValueError, f"{_k} kernel_size 0 at least 1", _x, 0),
            refuse(ValueError, f"{_k} input axes {_rank + 2}", A(*[6] * (_rank + 1)), 2)))


# ---- linear algebra, norms, activations, losses ----------------------------------------------------------------------


def dense(d: Draw) -> Case:
    lead, k, n = d.several(d.integer(0, 2), 1, 3), d.choice(1, 3, 18), d.choice(1, 5, 19)
    return case(A(d.batch(), *lead, k), A(n, k), d.choice(A(n), None))


def products(d: Draw) -> Case:
    m, k, n, b = *d.several(3, 1, 5), d.batch()
    a, c = d.choice(((b, m, k), (b, k, n)), ((b, m, k), (k, n)), ((2, b, m, k), (1, k, n)), ((b, m, k), (k,)), ((k,),
        (b, k, n)))
    return case(A(*a), A(*c))


def normalized(training: bool) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        rank, c = d.integer(0, 3), d.choice(1, 2, 5, 17)
        x = A(d.batch() + training, c, *d.several(rank, 1, 3))
        return case(x, A(c), A(c), mean=A(c), var=A(c, kind="positive"), training=training, eps=d.choice(1e-5, 0.1))

    return cases


def batch_norm(t: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, **o: Any) -> Any:
    out = t.nn.functional.batch_norm(x, mean, var, w, b, training, **o)
    return [out, mean, var] if training else out


def batch_norm_relu(t: Any, *args: Any, **o: Any) -> Any:
    """Fused here, two functions in PyTorch."""
    if "torch" not in t.__name__:
        return batch_norm(t, *args, **o, relu=True)
    out = batch_norm(t, *args, **o)
    return [t.relu(out[0]), *out[1:]] if isinstance(out, list) else t.relu(out)


def relu_first(*args: Any, **o: Any) -> Any:
    out = references.batch_norm(*args, **o)
    return [references.relu(out[0]), *out[1:]] if isinstance(out, list) else references.relu(out)


def norm_big(training: bool) -> tuple[Case, Case]:
    sizes = (8, 64, 56, 56), (8, 256, 28, 28)
    first, second = (case(A(*s), A(s[1]), A(s[1]), mean=A(s[1]), var=A(s[1], kind="positive"),
        training=training) for s in sizes)
    return first, second


def scores(d: Draw) -> Case:
    classes, ignored = d.integer(1, 5), d.choice(-100, 0)
    more = d.several(d.integer(0, 2), 1, 3)
    n = d.batch()
    reduction = d.choice("mean", "sum", "none") if ignored < 0 else d.choice("sum", "none")
    return case(A(n, classes, *more), A(n, *more, kind="classes", below=classes), ignore_index=ignored,
        reduction=reduction)


row("linear", "nn.functional.linear", references.linear, dense, linear=(0, 1, 2), exact=True, refuses=(
    refuse(ValueError, "linear input (2, 3) weight (5, 4)", A(2, 3), A(5, 4)),
    refuse(ValueError, "linear bias (4,) weight (5, 3) (5,)", A(2, 3), A(5, 3), A(4))),
    big=(case(A(64, 4608), A(128, 4608), A(128)), case(A(128, 512), A(1000, 512), None)))
row("linear_relu", lambda t, *a: matmul.linear(*a, relu=True), lambda *a: references.relu(references.linear(*a)), dense,
    torch=lambda t, *a: t.relu(t.nn.functional.linear(*a)), exact=True,
    big=(case(A(64, 4608), A(128, 4608), A(128)), case(A(128, 512), A(1000, 512), None)))
row("matmul", "matmul", np.matmul, products, linear=(0, 1), exact=True, refuses=(
    refuse(ValueError, "matmul (2, 3) (4, 5) 3 4 equal", A(2, 3), A(4, 5)),
    refuse(ValueError, "matmul (2,) (3,) broadcast", A(2, 3, 4), A(3, 4, 5))),
    big=(case(A(256, 256), A(256, 256)), case(A(16, 64, 128), A(16, 128, 64))))

for _name, _function, _reference, _torch in (("batch_norm", batch_norm, references.batch_norm, ""),
                                             ("batch_norm_relu", batch_norm_relu, relu_first, "")):
    _c = {"mean": A(4), "var": A(4, kind="positive")}
    row(_name, _function, _reference, normalized(True), big=norm_big(True), empty=False, refuses=(
        refuse(ValueError, "batch_norm (1, 4) 1 element", A(1, 4), A(4), A(4), **_c, training=True),
        refuse(ValueError, "batch_norm (3,) (2, 4, 3) (4,)", A(2, 4, 3), A(3), A(4), **_c, training=True)))
    row(f"{_name}_eval", _function, _reference, normalized(False), big=norm_big(False), sums=False,
        linear=(0, 1, 2) if _name == "batch_norm" else ())

row("dropout", "nn.functional.dropout", references.dropout, lambda d: case(A(*d.image()), d.choice(0.25, 0.5)),
    sums=False,
    torch=None, linear=(0,), big=(case(A(8, 64, 56, 56), 0.5), case(A(256, 9216), 0.25)),
    refuses=(refuse(ValueError, "dropout p 1.5 probability 0 to 1", A(2, 3), 1.5),))
for _name in ("softmax", "log_softmax"):
    row(_name, _name, getattr(references, _name), lambda d: case(A(*d.image((1, 2))), d.choice(-1, 1)),
        big=(case(A(4096, 1000), 1), case(A(8, 21, 128, 128), 1)),
        refuses=(refuse(IndexError, f"{_name} 3 2 axes", A(2, 3), 3),))
row("cross_entropy", "nn.functional.cross_entropy", references.cross_entropy, scores, refuses=(
    refuse(ValueError, "cross_entropy input (2, 3) target (4,)", A(2, 3), A(4, kind="classes", below=3)),
    refuse(ValueError, "cross_entropy reduction 'most' 'mean'", A(2, 3), A(2, kind="classes", below=3),
    reduction="most"),
    refuse(IndexError, "cross_entropy target 3 classes ignore_index", A(9, 3), A(9, kind="classes", below=4))),
    big=(case(A(4096, 1000), A(4096, kind="classes", below=1000)), case(A(8, 21, 128, 128), A(8, 128, 128,
    kind="classes", below=21))))
