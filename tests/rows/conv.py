"""Rows of convolution and its transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


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
                         case(A(2, 3, 16, 56, 56), A(16, 3, 3, 3, 3), A(16), stride=2)))):
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
        refuse(ValueError, f"{_k} input {_x.shape[2:]} {_rank + 2} axes", A(*_x.shape[2:]), _w),
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
